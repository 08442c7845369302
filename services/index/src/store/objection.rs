//! Objections to levels.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use super::key::of;

/// An objection (sanggah).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "objection")]
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
    /// Number within the assessment, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Key of the indicator.
    pub indicator: String,
    /// Reason.
    pub reason: String,
    /// Subject of the caller's token.
    pub actor: String,
    /// When it was filed, unix microseconds.
    pub created_at: i64,
    /// 1 when granted.
    pub granted: i64,
    /// Level that counts after the decision; `None` unless granted.
    pub level: Option<i64>,
    /// Reason of the decision.
    pub decision: String,
    /// Token subject of the caller who decided.
    pub decider: String,
    /// When it was decided, unix microseconds.
    pub decided_at: Option<i64>,
}

prima_platform::no_relations!();

/// Stores a new objection.
pub async fn objection_insert_in_txn(txn: &Txn, objection: &Model) -> Result<(), DbErr> {
    let insert = Entity::insert(objection.clone().into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// Writes an objection of a locked assessment back.
pub async fn objection_save_in_txn(txn: &Txn, objection: &Model) -> Result<(), DbErr> {
    let update = Entity::update(objection.clone().into_active_model().reset_all());
    update.exec_without_returning(txn).await.map(drop)
}

/// Objections of an assessment, ordered by number.
pub async fn objections(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Vec<Model>, DbErr> {
    let objections = Entity::find().filter(of(cycle_id, unit));
    objections.order_by_asc(Column::Number).all(conn).await
}

/// Units of a cycle with an undecided objection, in key order.
pub async fn objections_open(conn: &impl ConnectionTrait, cycle_id: i64) -> Result<Vec<name::Unit>, DbErr> {
    let units: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Agency, Column::Unit])
        .distinct()
        .filter(Column::CycleId.eq(cycle_id))
        .filter(Column::DecidedAt.is_null())
        .order_by_asc(Column::Agency)
        .order_by_asc(Column::Unit)
        .into_tuple()
        .all(conn)
        .await?;
    let name = |(agency, unit)| name::Unit { agency, unit };
    Ok(units.into_iter().map(name).collect())
}
