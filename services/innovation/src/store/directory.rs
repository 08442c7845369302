//! Agencies and units that the directory has announced.

use std::collections::HashSet;

use prima_platform::db::{Txn, placeholders, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// Notes a unit; `close_date` is its last day (`YYYY-MM-DD`), empty while it has none.
pub async fn unit_save(txn: &Txn, unit: &name::Unit, close_date: &str) -> Result<(), DbErr> {
    let text = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ($1, $2, $3)
                ON CONFLICT (agency, unit) DO UPDATE SET close_date = excluded.close_date";
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        close_date.into(),
    ];
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

/// Notes an agency, or forgets one that the directory withdrew.
pub async fn agency_save(txn: &Txn, agency: &str, exists: bool) -> Result<(), DbErr> {
    let text = if exists {
        "INSERT INTO directory_agency (agency) VALUES ($1) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM directory_agency WHERE agency = $1"
    };
    txn.execute_raw(sql(txn, text, [agency.into()])).await?;
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct Announced {
    agency: String,
    unit: String,
}

/// Every announced unit of these agencies, as (agency, unit).
pub async fn units_confirmed(
    conn: &impl ConnectionTrait,
    agencies: &[&str],
) -> Result<HashSet<(String, String)>, DbErr> {
    if agencies.is_empty() {
        return Ok(HashSet::new());
    }
    let list = placeholders(1, agencies.len(), 0);
    let text = format!("SELECT agency, unit FROM directory_unit WHERE agency IN {list}");
    let rows = Announced::find_by_statement(sql(conn, &text, agencies.iter().map(|a| (*a).into())))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|r| (r.agency, r.unit)).collect())
}
