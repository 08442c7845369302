//! Finds what the system has to do: reports that are due, and reports whose deadlines follow an outdated calendar.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{Txn, sql},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{
    complaint::{Stored, Times, complaints_where},
    skip_locked,
};

/// Reports whose deadlines a change of the calendar can move. The condition is worded as in the partial index
/// `complaint_calendar`.
const MOVABLE: &str = "(wake_at IS NOT NULL OR due_at IS NOT NULL)";

/// A report that is due.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Due {
    /// Key in the database.
    pub id: i64,
    /// How often the system has failed to process it.
    pub failures: i64,
}

/// Reports that are due at `now`, the longest overdue first.
pub async fn due_page(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Due>, DbErr> {
    let (text, values) = due_query(now, limit);
    Due::find_by_statement(sql(conn, text, values)).all(conn).await
}

fn due_query(now: DateTime<Utc>, limit: i64) -> (&'static str, Vec<Value>) {
    (
        "SELECT id, failures FROM complaint WHERE wake_at <= $1 ORDER BY wake_at, id LIMIT $2",
        vec![micros(now).into(), limit.into()],
    )
}

/// Locks a due report; `None` when another replica is processing it or has done so.
pub async fn due_lock_in_txn(txn: &Txn, id: i64, now: DateTime<Utc>) -> Result<Option<Stored>, DbErr> {
    let condition = format!("WHERE id = $1 AND wake_at <= $2{}", skip_locked(txn));
    let values = vec![id.into(), micros(now).into()];
    Ok(complaints_where(txn, &condition, values).await?.pop())
}

/// Postpones a report that could not be processed until `until`.
pub async fn due_postpone(
    conn: &impl ConnectionTrait,
    id: i64,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "UPDATE complaint SET wake_at = $3, failures = failures + 1 WHERE id = $1 AND wake_at <= $2";
    let values = [id.into(), micros(now).into(), micros(until).into()];
    conn.execute_raw(sql(conn, text, values)).await?;
    Ok(())
}

/// A report whose deadlines follow an outdated calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromQueryResult)]
pub struct Outdated {
    /// Key in the database.
    pub id: i64,
    /// Version of the calendar that its deadlines follow.
    pub calendar: i64,
}

/// Reports whose running deadlines follow a calendar older than `version`, after the report `after`.
pub async fn outdated_page(
    conn: &impl ConnectionTrait,
    version: i64,
    after: Outdated,
    limit: i64,
) -> Result<Vec<Outdated>, DbErr> {
    let (text, values) = outdated_query(version, after, limit);
    Outdated::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await
}

fn outdated_query(version: i64, after: Outdated, limit: i64) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT id, calendar FROM complaint WHERE {MOVABLE} AND calendar < $1 AND (calendar, id) > ($2, $3)
         ORDER BY calendar, id LIMIT $4"
    );
    let values = vec![
        version.into(),
        after.calendar.into(),
        after.id.into(),
        limit.into(),
    ];
    (text, values)
}

/// Number of reports whose running deadlines follow a calendar older than `version`.
pub async fn outdated_count(conn: &impl ConnectionTrait, version: i64) -> Result<i64, DbErr> {
    let text = format!("SELECT COUNT(*) AS count FROM complaint WHERE {MOVABLE} AND calendar < $1");
    let row = conn.query_one_raw(sql(conn, &text, [version.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "count"))
}

/// Locks an outdated report; `None` when another replica is processing it or has done so.
pub async fn outdated_lock_in_txn(txn: &Txn, id: i64, version: i64) -> Result<Option<Stored>, DbErr> {
    let lock = skip_locked(txn);
    let condition = format!("WHERE id = $1 AND {MOVABLE} AND calendar < $2{lock}");
    Ok(complaints_where(txn, &condition, vec![id.into(), version.into()])
        .await?
        .pop())
}

/// Records that a report follows its calendar. The version of the report stays, because nothing that callers read has
/// changed, so their etags remain valid.
pub async fn calendar_save_in_txn(txn: &Txn, stored: &Stored, times: Times) -> Result<(), DbErr> {
    let text = "UPDATE complaint SET calendar = $2, due_at = $3, wake_at = $4 WHERE id = $1";
    let values = [
        stored.id.into(),
        stored.calendar.into(),
        times.due.map(micros).into(),
        times.wake.map(micros).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

#[cfg(test)]
pub mod tests;
