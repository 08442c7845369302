//! Evidence of assessments.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::key::{keys, next_number_in_txn};

/// A file or a link.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// Number within the assessment, from 1.
    pub number: i64,
    /// Key of the indicator.
    pub indicator: String,
    /// What it shows.
    pub display_name: String,
    /// Link; empty for a file.
    pub link: String,
    /// Media type of the file; empty for a link.
    pub media_type: String,
    /// Size of the file, bytes; 0 for a link.
    pub size: i64,
    /// SHA-256 of the file; empty for a link.
    pub sha256: Vec<u8>,
    /// Subject of the token of whoever attached it.
    pub actor: String,
    /// When it was attached, unix microseconds.
    pub created_at: i64,
}

const COLUMNS: &str = "number, indicator, display_name, link, media_type, size, sha256, actor, created_at";

/// Stores evidence under the next number of its assessment, whose row is locked, and returns the number.
pub async fn evidence_insert_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    row: &Row,
) -> Result<i64, DbErr> {
    let number = next_number_in_txn(txn, "evidence", cycle_id, unit).await?;
    let text = format!(
        "INSERT INTO evidence (cycle_id, agency, unit, {COLUMNS})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    let rest: [Value; 9] = [
        number.into(),
        row.indicator.clone().into(),
        row.display_name.clone().into(),
        row.link.clone().into(),
        row.media_type.clone().into(),
        row.size.into(),
        row.sha256.clone().into(),
        row.actor.clone().into(),
        row.created_at.into(),
    ];
    let values = keys(cycle_id, unit).into_iter().chain(rest);
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(number)
}

/// Evidence of this number.
pub async fn evidence_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
    number: i64,
) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM evidence WHERE cycle_id = $1 AND agency = $2 AND unit = $3 AND number = $4"
    );
    let values = keys(cycle_id, unit).into_iter().chain([number.into()]);
    Row::find_by_statement(sql(conn, &text, values)).one(conn).await
}

/// Evidence of an assessment after an indicator and number, in this order.
pub async fn evidence_page(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
    after: (&str, i64),
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM evidence
         WHERE cycle_id = $1 AND agency = $2 AND unit = $3 AND (indicator, number) > ($4, $5)
         ORDER BY indicator, number LIMIT $6"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rest = [after.0.into(), after.1.into(), limit.into()];
    let values = keys(cycle_id, unit).into_iter().chain(rest);
    Row::find_by_statement(sql(conn, &text, values)).all(conn).await
}
