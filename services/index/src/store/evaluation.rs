//! Levels that evaluators give.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, entity::prelude::*,
    sea_query::OnConflict,
};

use super::key::of;

/// What an evaluator gave (F-02).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evaluation")]
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
    /// Subject of the evaluator's token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub evaluator: String,
    /// Level.
    pub level: i64,
    /// Why.
    pub note: String,
    /// When, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

/// Stores what one evaluator gave, each in place of that evaluator's one before.
pub async fn evaluations_save_in_txn(txn: &Txn, rows: impl IntoIterator<Item = Model>) -> Result<(), DbErr> {
    let key = [
        Column::CycleId,
        Column::Agency,
        Column::Unit,
        Column::Indicator,
        Column::Evaluator,
    ];
    let newer = OnConflict::columns(key)
        .update_columns([Column::Level, Column::Note, Column::UpdatedAt])
        .to_owned();
    let rows = rows.into_iter().map(Model::into_active_model);
    let insert = Entity::insert_many(rows).on_conflict(newer);
    insert.exec_without_returning(txn).await.map(drop)
}

/// What evaluators gave, ordered by indicator and evaluator.
pub async fn evaluations(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(of(cycle_id, unit))
        .order_by_asc(Column::Indicator)
        .order_by_asc(Column::Evaluator)
        .all(conn)
        .await
}
