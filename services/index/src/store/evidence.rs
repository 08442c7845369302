//! Evidence of assessments.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
};

use super::key::{next_number_in_txn, of};

/// A file or a link.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
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
    /// What it shows.
    pub display_name: String,
    /// Link; empty for a file.
    pub link: String,
    /// Media type of the file; empty for a link.
    pub media_type: String,
    /// Size of the file, bytes; 0 for a link.
    pub size: i64,
    /// SHA-256 of the file; empty for a link.
    pub sha256: Vec<u8>,
    /// Token subject of the caller who attached it.
    pub actor: String,
    /// When it was attached, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

/// The number that the next evidence of an assessment gets; its row is locked.
pub async fn evidence_next_in_txn(txn: &Txn, cycle_id: i64, unit: &name::Unit) -> Result<i64, DbErr> {
    next_number_in_txn::<Entity>(txn, cycle_id, unit).await
}

/// Stores new evidence.
pub async fn evidence_insert_in_txn(txn: &Txn, evidence: &Model) -> Result<(), DbErr> {
    let insert = Entity::insert(evidence.clone().into_active_model());
    insert.exec_without_returning(txn).await.map(drop)
}

/// Evidence of this number.
pub async fn evidence_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
    number: i64,
) -> Result<Option<Model>, DbErr> {
    let key = (cycle_id, unit.agency.clone(), unit.unit.clone(), number);
    Entity::find_by_id(key).one(conn).await
}

/// Evidence of an assessment after an indicator and number, in this order.
pub async fn evidence_page(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
    after: (&str, i64),
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let key = Expr::tuple([Column::Indicator, Column::Number].map(Expr::col));
    Entity::find()
        .filter(of(cycle_id, unit))
        .filter(key.gt(Expr::tuple([Expr::val(after.0), Expr::val(after.1)])))
        .order_by_asc(Column::Indicator)
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(conn)
        .await
}
