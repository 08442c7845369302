//! Marks of what is out of date, which the runner of derived figures works off, and the table that held them before.

use prima_platform::{
    db::{Txn, sql},
    derived,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr};

/// Of marks: indexes of units.
pub const UNIT_INDEX: &str = "unit-index";

/// Marks every assessment of `unit` in a cycle that is not final for recomputation, in the transaction that changed
/// what it is computed from.
pub async fn unit_mark_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    derived::mark_in_txn(txn, UNIT_INDEX, [unit.to_string()]).await
}

/// Locks a unit against whoever enrolls it or records a score of it at the same time, until the transaction ends.
///
/// The table held marks in the release before, so that its processes wait here too while both run; the runner of the
/// indexes takes the rows for such marks, which does no harm.
pub async fn unit_lock_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    // By hand, because it is all that is done with the table, whose rows are never read.
    let text = "INSERT INTO unit_mark (agency, unit) VALUES ($1, $2)
                ON CONFLICT (agency, unit) DO UPDATE SET unit = excluded.unit";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}
