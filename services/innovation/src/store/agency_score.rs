//! The score of an agency in a year, recomputed from a mark.

use std::collections::BTreeSet;

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::next_version;

/// An agency in a year; year 0 stands for every year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromQueryResult)]
pub struct AgencyYear {
    /// Id of the agency.
    pub agency: String,
    /// Year.
    pub year: i64,
}

/// Marks scores as out of date, in key order. A mark is updated even when it stands: whoever clears it waits for this
/// transaction, and so sees what it wrote.
pub async fn agencies_mark(txn: &Txn, keys: &BTreeSet<AgencyYear>) -> Result<(), DbErr> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows = keys.iter().map(|k| [k.agency.clone().into(), k.year.into()]);
    let (from, values) = table(txn, [Column::Text, Column::Int], rows, 0);
    let text = format!(
        "INSERT INTO agency_dirty (agency, year, mark) SELECT column1, column2, 1 FROM {from} WHERE TRUE
         ON CONFLICT (agency, year) DO UPDATE SET mark = agency_dirty.mark + 1"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// What is marked, at most `limit`.
pub async fn agency_marked(conn: &impl ConnectionTrait, limit: i64) -> Result<Vec<AgencyYear>, DbErr> {
    let text = "SELECT agency, year FROM agency_dirty ORDER BY agency, year LIMIT $1";
    AgencyYear::find_by_statement(sql(conn, text, [limit.into()]))
        .all(conn)
        .await
}

/// Agencies whose year has ended since they were computed.
pub async fn agency_settling(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<AgencyYear>, DbErr> {
    let text = "SELECT agency, year FROM agency_score WHERE settles_at > 0 AND settles_at <= $1";
    AgencyYear::find_by_statement(sql(conn, text, [now.into()]))
        .all(conn)
        .await
}

/// Agencies with units and without a score of `year`, at most `limit`.
pub async fn agencies_unscored(
    conn: &impl ConnectionTrait,
    year: i32,
    limit: i64,
) -> Result<Vec<AgencyYear>, DbErr> {
    let text = "SELECT DISTINCT d.agency, $1 + 0 AS year FROM directory_unit d WHERE NOT EXISTS
                    (SELECT 1 FROM agency_score s WHERE s.agency = d.agency AND s.year = $1)
                ORDER BY d.agency LIMIT $2";
    let rows = AgencyYear::find_by_statement(sql(conn, text, [i64::from(year).into(), limit.into()]));
    rows.all(conn).await
}

/// Clears the mark; false when there is none.
pub async fn agency_clear_in_txn(txn: &Txn, key: &AgencyYear) -> Result<bool, DbErr> {
    let text = "DELETE FROM agency_dirty WHERE agency = $1 AND year = $2";
    let done = txn.execute_raw(sql(txn, text, [key.agency.clone().into(), key.year.into()]));
    Ok(done.await?.rows_affected() > 0)
}

/// The row that is locked.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Locked {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score was published.
    pub published: i64,
}

/// Locks the row, making it when it is missing, by taking its next version.
pub async fn agency_score_lock_in_txn(txn: &Txn, key: &AgencyYear, now_millis: i64) -> Result<Locked, DbErr> {
    let text = format!(
        "INSERT INTO agency_score (agency, year, version) VALUES ($1, $2, $3)
         ON CONFLICT (agency, year) DO UPDATE SET version = {} RETURNING version, published",
        next_version("agency_score", 3)
    );
    let values = [key.agency.clone().into(), key.year.into(), now_millis.into()];
    let row = Locked::find_by_statement(sql(txn, &text, values))
        .one(txn)
        .await?;
    row.ok_or_else(|| DbErr::RecordNotFound("agency_score".into()))
}

/// Saves whether a score is published, and when the end of the year changes its status (0 when it has).
pub async fn agency_score_save(
    txn: &Txn,
    key: &AgencyYear,
    published: bool,
    settles_at: i64,
) -> Result<(), DbErr> {
    let text = "UPDATE agency_score SET published = $3, settles_at = $4 WHERE agency = $1 AND year = $2";
    let values = [
        key.agency.clone().into(),
        key.year.into(),
        i64::from(published).into(),
        settles_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Years in which an agency has a score or a portfolio.
pub async fn agency_years(txn: &Txn, agency: &str) -> Result<Vec<AgencyYear>, DbErr> {
    let text = "SELECT agency, year FROM agency_score WHERE agency = $1
                UNION SELECT agency, year FROM portfolio WHERE agency = $1";
    AgencyYear::find_by_statement(sql(txn, text, [agency.into()]))
        .all(txn)
        .await
}
