//! Units that the directory has announced.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr};

/// Notes a unit.
pub async fn unit_save(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    let text = "INSERT INTO directory_unit (agency, unit) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Forgets a unit that the directory withdrew.
pub async fn unit_remove(txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
    let text = "DELETE FROM directory_unit WHERE agency = $1 AND unit = $2";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Whether a unit is announced.
pub async fn unit_confirmed(conn: &impl ConnectionTrait, agency: &str, unit: &str) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM directory_unit WHERE agency = $1 AND unit = $2";
    let found = conn.query_one_raw(sql(conn, text, [agency.into(), unit.into()]));
    Ok(found.await?.is_some())
}
