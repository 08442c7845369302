//! Levels that units give themselves.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, entity::prelude::*,
    sea_query::OnConflict,
};

use super::key::of;

/// What a unit gave itself (F-01).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "self_level")]
pub struct Model {
    /// Key of the cycle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cycle_id: i64,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// Key of the indicator.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator: String,
    /// Level.
    pub level: i64,
    /// Explanation.
    pub note: String,
    /// When, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

/// Stores levels of F-01, each in place of the one before.
pub async fn self_levels_save_in_txn(txn: &Txn, rows: impl IntoIterator<Item = Model>) -> Result<(), DbErr> {
    let key = [Column::CycleId, Column::Agency, Column::Unit, Column::Indicator];
    let newer = OnConflict::columns(key)
        .update_columns([Column::Level, Column::Note, Column::UpdatedAt])
        .to_owned();
    let rows = rows.into_iter().map(Model::into_active_model);
    let insert = Entity::insert_many(rows).on_conflict(newer);
    insert.exec_without_returning(txn).await.map(drop)
}

/// What the unit gave itself, ordered by indicator.
pub async fn self_levels(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Model>, DbErr> {
    let levels = Entity::find().filter(of(cycle_id, unit));
    levels.order_by_asc(Column::Indicator).all(conn).await
}
