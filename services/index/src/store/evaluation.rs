//! Levels that evaluators give.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, entity::prelude::*,
};

use super::key::{levels_save_in_txn, of};

/// A level that an evaluator gave (F-02).
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
    /// Reason.
    pub note: String,
    /// When it was given, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

/// Stores levels of one evaluator; each replaces the one that this evaluator gave before.
pub async fn evaluations_save_in_txn(txn: &Txn, rows: impl IntoIterator<Item = Model>) -> Result<(), DbErr> {
    levels_save_in_txn(txn, rows.into_iter().map(Model::into_active_model)).await
}

/// The evaluators' levels, ordered by indicator and evaluator.
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
