//! Levels of self-assessments.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, entity::prelude::*,
};

use super::key::{levels_save_in_txn, of};

/// A level that a unit gave itself (F-01).
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
    /// When it was given, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

/// Stores levels of F-01; each replaces the one before.
pub async fn self_levels_save_in_txn(txn: &Txn, rows: impl IntoIterator<Item = Model>) -> Result<(), DbErr> {
    levels_save_in_txn(txn, rows.into_iter().map(Model::into_active_model)).await
}

/// The levels of F-01, ordered by indicator.
pub async fn self_levels(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Model>, DbErr> {
    let levels = Entity::find().filter(of(cycle_id, unit));
    levels.order_by_asc(Column::Indicator).all(conn).await
}
