//! Units that the directory has announced.

use prima_platform::db::{Txn, sql};
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
    txn.execute_raw(sql(
        txn,
        text,
        [unit.agency.clone().into(), unit.unit.clone().into()],
    ))
    .await?;
    Ok(())
}

/// Whether the directory has announced the unit.
pub async fn unit_confirmed(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM directory_unit WHERE agency = $1 AND unit = $2";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    Ok(conn.query_one_raw(sql(conn, text, values)).await?.is_some())
}

#[derive(Debug, FromQueryResult)]
struct Announced {
    agency: String,
    unit: String,
}

/// Every announced unit of these agencies.
pub async fn unit_confirmed_in(
    conn: &impl ConnectionTrait,
    agencies: &[&str],
) -> Result<std::collections::HashSet<(String, String)>, DbErr> {
    if agencies.is_empty() {
        return Ok(std::collections::HashSet::new());
    }
    let list = prima_platform::db::placeholders(1, agencies.len(), 0);
    let text = format!("SELECT agency, unit FROM directory_unit WHERE agency IN {list}");
    let rows = Announced::find_by_statement(sql(conn, &text, agencies.iter().map(|a| (*a).into())))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|r| (r.agency, r.unit)).collect())
}
