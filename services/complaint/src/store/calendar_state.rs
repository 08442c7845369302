//! The version that calendar and working hours share; it is stored in one row.

use prima_platform::db::Txn;
use sea_orm::{ExprTrait, entity::prelude::*};

use super::Lock;

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

/// The current version. A transaction that changes calendar or working hours must read it with [`Lock::Update`].
pub async fn calendar_version(conn: &impl ConnectionTrait, lock: Lock) -> Result<i64, DbErr> {
    version(lock.on(Entity::find_by_id(1)).one(conn).await?)
}

/// Raises the version and returns the new one; the transaction keeps its row locked.
pub async fn calendar_raise_in_txn(txn: &Txn) -> Result<i64, DbErr> {
    let raised = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.eq(1));
    version(raised.exec_with_returning(txn).await?.pop())
}
