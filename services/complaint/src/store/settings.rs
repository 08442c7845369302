//! Calendar, hours, deadlines and workflows. Versions are added, never changed.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{Txn, sql},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{Lock, json, read_json};
use crate::domain::{calendar::Holiday, worktime::Hours};

/// The version of calendar and hours together; [`Lock::Update`] for whoever changes either.
pub async fn calendar_version(conn: &impl ConnectionTrait, lock: Lock) -> Result<i64, DbErr> {
    let text = format!(
        "SELECT version FROM calendar_state WHERE id = 1{}",
        lock.sql(conn)
    );
    let row = conn.query_one_raw(sql(conn, &text, [])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("calendar_state".into()))?;
    row.try_get("", "version")
}

/// Raises the version, whose row is locked by it, and returns the new one.
pub async fn calendar_raise(txn: &Txn) -> Result<i64, DbErr> {
    let text = "UPDATE calendar_state SET version = version + 1 WHERE id = 1 RETURNING version";
    let row = txn.query_one_raw(sql(txn, text, [])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("calendar_state".into()))?;
    row.try_get("", "version")
}

/// The calendar of one year, as imported last.
#[derive(Debug, Clone)]
pub struct Year {
    /// Year.
    pub year: i64,
    /// Days off.
    pub holidays: Vec<Holiday>,
    /// Source.
    pub citation: String,
}

#[derive(Debug, FromQueryResult)]
struct YearRow {
    year: i64,
    holidays: String,
    citation: String,
}

/// Every year that was imported, each in its last version.
pub async fn calendar_years(conn: &impl ConnectionTrait) -> Result<Vec<Year>, DbErr> {
    let text = "SELECT year, holidays, citation FROM calendar_year y WHERE version =
                    (SELECT MAX(version) FROM calendar_year l WHERE l.year = y.year) ORDER BY year";
    let rows = YearRow::find_by_statement(sql(conn, text, [])).all(conn).await?;
    let year = |row: YearRow| {
        Ok(Year {
            holidays: read_json(row.year, "holidays", &row.holidays)?,
            year: row.year,
            citation: row.citation,
        })
    };
    rows.into_iter().map(year).collect()
}

/// The hours that an agency set last; `None` when it has set none.
pub async fn hours_of(conn: &impl ConnectionTrait, agency: &str) -> Result<Option<Hours>, DbErr> {
    let text = "SELECT hours FROM agency_hours WHERE agency = $1 ORDER BY version DESC LIMIT 1";
    let row = conn.query_one_raw(sql(conn, text, [agency.into()])).await?;
    let text: Option<String> = row.map(|r| r.try_get("", "hours")).transpose()?;
    text.map(|text| read_json(agency, "hours", &text)).transpose()
}

/// Working days that a unit set last for a class; `None` when the national default holds.
pub async fn deadline_of(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    class: &str,
) -> Result<Option<u32>, DbErr> {
    let text =
        "SELECT days FROM deadline WHERE agency = $1 AND unit = $2 AND class = $3 ORDER BY id DESC LIMIT 1";
    let values = [agency.into(), unit.into(), class.into()];
    let row = conn.query_one_raw(sql(conn, text, values)).await?;
    let days: Option<i64> = row.map(|r| r.try_get("", "days")).transpose()?;
    Ok(days
        .and_then(|days| u32::try_from(days).ok())
        .filter(|days| *days > 0))
}

/// A workflow that was added.
#[derive(Debug, Clone, FromQueryResult)]
pub struct WorkflowRow {
    /// Id.
    pub id: String,
    /// JSON.
    pub body: String,
    /// When it was added, unix microseconds.
    pub created_at: i64,
}

/// Every workflow that was added, the newest first.
pub async fn workflows(conn: &impl ConnectionTrait) -> Result<Vec<WorkflowRow>, DbErr> {
    let text = "SELECT id, body, created_at FROM workflow ORDER BY number DESC";
    WorkflowRow::find_by_statement(sql(conn, text, []))
        .all(conn)
        .await
}

/// One workflow that was added.
pub async fn workflow_get(conn: &impl ConnectionTrait, id: &str) -> Result<Option<WorkflowRow>, DbErr> {
    let text = "SELECT id, body, created_at FROM workflow WHERE id = $1";
    WorkflowRow::find_by_statement(sql(conn, text, [id.into()]))
        .one(conn)
        .await
}

/// Id of the workflow added last; `None` when there is only the built-in one.
pub async fn workflow_newest(conn: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    let text = "SELECT id FROM workflow ORDER BY number DESC LIMIT 1";
    let row = conn.query_one_raw(sql(conn, text, [])).await?;
    row.map(|r| r.try_get("", "id")).transpose()
}

/// Who sets something, and when.
#[derive(Debug, Clone)]
pub struct By {
    /// Subject of the token.
    pub actor: String,
    /// The time.
    pub at: DateTime<Utc>,
}

/// Adds a version of a year.
pub async fn calendar_year_add(txn: &Txn, version: i64, year: &Year, by: &By) -> Result<(), DbErr> {
    let text = "INSERT INTO calendar_year (year, version, holidays, citation, actor, created_at)
                VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        year.year.into(),
        version.into(),
        json(&year.holidays)?.into(),
        year.citation.clone().into(),
        by.actor.clone().into(),
        micros(by.at).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Adds a version of an agency's hours.
pub async fn hours_add(txn: &Txn, version: i64, agency: &str, hours: &Hours, by: &By) -> Result<(), DbErr> {
    let text =
        "INSERT INTO agency_hours (agency, version, hours, actor, created_at) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        agency.into(),
        version.into(),
        json(hours)?.into(),
        by.actor.clone().into(),
        micros(by.at).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// What a unit promises for a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The unit.
    pub unit: name::Unit,
    /// Key of the class.
    pub class: String,
    /// Working days; 0 goes back to the national default.
    pub days: u32,
    /// Source.
    pub citation: String,
}

/// Adds it; what it was before stays.
pub async fn deadline_add(txn: &Txn, promise: &Promise, by: &By) -> Result<(), DbErr> {
    let text = "INSERT INTO deadline (agency, unit, class, days, citation, actor, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        promise.unit.agency.clone().into(),
        promise.unit.unit.clone().into(),
        promise.class.clone().into(),
        i64::from(promise.days).into(),
        promise.citation.clone().into(),
        by.actor.clone().into(),
        micros(by.at).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Adds a workflow; false when its id is taken.
pub async fn workflow_add(txn: &Txn, id: &str, body: &str, by: &By) -> Result<bool, DbErr> {
    let text =
        "INSERT INTO workflow (id, body, actor, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let values = [
        id.into(),
        body.into(),
        by.actor.clone().into(),
        micros(by.at).into(),
    ];
    let done = txn.execute_raw(sql(txn, text, values)).await?;
    Ok(done.rows_affected() == 1)
}
