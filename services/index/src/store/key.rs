//! Keys of what belongs to an assessment.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, Value};

/// Cycle, agency and unit.
pub fn keys(cycle_id: i64, unit: &name::Unit) -> [Value; 3] {
    [
        cycle_id.into(),
        unit.agency.clone().into(),
        unit.unit.clone().into(),
    ]
}

/// The next number of a table of an assessment whose row is locked; from 1.
pub async fn next_number_in_txn(
    txn: &Txn,
    table: &str,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<i64, DbErr> {
    let text = format!(
        "SELECT COALESCE(MAX(number), 0) + 1 AS next FROM {table}
         WHERE cycle_id = $1 AND agency = $2 AND unit = $3"
    );
    let row = txn.query_one_raw(sql(txn, &text, keys(cycle_id, unit))).await?;
    row.map_or(Ok(1), |row| row.try_get("", "next"))
}
