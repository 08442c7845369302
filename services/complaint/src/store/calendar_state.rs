//! The version of calendar and hours together, which stands in one row.

use prima_platform::db::Txn;
use sea_orm::{ExprTrait, entity::prelude::*};

use super::Lock;

/// A row of the table `calendar_state`.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_state")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    version: i64,
}

prima_platform::no_relations!();

fn version(row: Option<Model>) -> Result<i64, DbErr> {
    row.map(|row| row.version)
        .ok_or_else(|| DbErr::RecordNotFound("calendar_state".into()))
}

/// The version; [`Lock::Update`] for whoever changes calendar or hours.
pub async fn calendar_version(conn: &impl ConnectionTrait, lock: Lock) -> Result<i64, DbErr> {
    version(lock.on(Entity::find_by_id(1)).one(conn).await?)
}

/// Raises the version, whose row is locked by it, and returns the new one.
pub async fn calendar_raise_in_txn(txn: &Txn) -> Result<i64, DbErr> {
    let raised = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.eq(1));
    version(raised.exec_with_returning(txn).await?.pop())
}
