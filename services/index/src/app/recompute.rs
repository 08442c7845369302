//! What happens to the assessments of a unit when something new is told of it.

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use super::App;

/// Marks every assessment of `unit` in a cycle that is not final for recomputation, in the transaction that changed
/// what it is computed from. While no index is kept there is nothing to mark: indexes are computed when they are read.
pub async fn mark(_txn: &Txn, _unit: &name::Unit) -> Result<(), DbErr> {
    Ok(())
}

/// After the commit of a mark: wakes whoever recomputes and publishes.
pub fn marked(app: &App) {
    app.context.outbox.committed();
}
