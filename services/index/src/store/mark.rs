//! Marks of what is out of date; the runner of derived figures works them off.

use prima_platform::{db::Txn, derived};
use prima_proto::name;
use sea_orm::DbErr;

/// Of marks: indexes of units.
pub const UNIT_INDEX: &str = "unit-index";

/// Marks every assessment of `unit` in a cycle that is not final for recomputation, in the transaction that changed
/// what it is computed from.
pub async fn unit_mark_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    derived::mark_in_txn(txn, UNIT_INDEX, [unit.to_string()]).await
}
