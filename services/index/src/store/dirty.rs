//! Dirty flags of units, which the runner of derived figures processes, and the table that held such flags in the
//! release before.

use prima_platform::{
    db::{Txn, sql},
    derived,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr};

/// The kind of the dirty flags: indexes of units.
pub const UNIT_INDEX: &str = "unit-index";

/// Flags every assessment of `unit` in a cycle that is not final as dirty, in the transaction that changed an input
/// of it.
pub async fn unit_flag_dirty_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    derived::flag_dirty_in_txn(txn, UNIT_INDEX, [unit.to_string()]).await
}

/// Locks a unit until the transaction ends, against a transaction that enrolls it or records a score of it at the
/// same time.
///
/// The release before kept its dirty flags in this table, so its processes wait for this lock too while both releases
/// run. The runner of the indexes takes the rows for such flags, which is harmless.
pub async fn unit_lock_in_txn(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    // Written as SQL because this is the only statement on the table; its rows are never read.
    let text = "INSERT INTO unit_mark (agency, unit) VALUES ($1, $2)
                ON CONFLICT (agency, unit) DO UPDATE SET unit = excluded.unit";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}
