//! What is published of a unit or an agency in a year, and the marks of what is to be computed again.

use std::collections::BTreeSet;

use prima_platform::db::{Column, Txn, sql, table};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::next_version;

/// A unit in a year; an empty unit stands for the agency.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, FromQueryResult)]
pub struct Key {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; may be empty.
    pub unit: String,
    /// Year.
    pub year: i64,
}

impl Key {
    /// Name of the unit.
    pub fn unit_name(&self) -> name::Unit {
        name::Unit {
            agency: self.agency.clone(),
            unit: self.unit.clone(),
        }
    }

    /// The agency in that year.
    pub fn of_agency(&self) -> Self {
        Self {
            unit: String::new(),
            ..self.clone()
        }
    }
}

const RAISED: &str = "ON CONFLICT (agency, unit, year) DO UPDATE SET mark = performance_dirty.mark + 1";

/// Marks figures as out of date, in key order. A mark is raised even when it stands: whoever clears it waits for this
/// transaction, and so sees what it wrote.
pub async fn marks_add(txn: &Txn, keys: &BTreeSet<Key>) -> Result<(), DbErr> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows = keys
        .iter()
        .map(|k| [k.agency.clone().into(), k.unit.clone().into(), k.year.into()]);
    let (from, values) = table(txn, [Column::Text, Column::Text, Column::Int], rows, 0);
    let text = format!(
        "INSERT INTO performance_dirty (agency, unit, year, mark) SELECT column1, column2, column3, 1 FROM {from}
         WHERE TRUE {RAISED}"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// Marks every year of a unit of which anything is published, or will be since it is marked, and `year`. One statement:
/// who computes a year for the first time takes its mark away and adds its row in one commit.
pub async fn marks_add_every_year(txn: &Txn, unit: &name::Unit, year: i64) -> Result<(), DbErr> {
    let text = format!(
        "INSERT INTO performance_dirty (agency, unit, year, mark) SELECT $1, $2, year, 1 FROM (
            SELECT year FROM performance WHERE agency = $1 AND unit = $2
            UNION SELECT year FROM performance_dirty WHERE agency = $1 AND unit = $2
            UNION SELECT CAST($3 AS BIGINT)) AS years
         WHERE TRUE ORDER BY year {RAISED}"
    );
    let values = [unit.agency.clone().into(), unit.unit.clone().into(), year.into()];
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// What is marked, after `after` in key order, at most `limit`.
pub async fn marks_after(conn: &impl ConnectionTrait, after: &Key, limit: i64) -> Result<Vec<Key>, DbErr> {
    let text = "SELECT agency, unit, year FROM performance_dirty WHERE (agency, unit, year) > ($1, $2, $3)
                ORDER BY agency, unit, year LIMIT $4";
    let values = [
        after.agency.clone().into(),
        after.unit.clone().into(),
        after.year.into(),
        limit.into(),
    ];
    Key::find_by_statement(sql(conn, text, values)).all(conn).await
}

/// Clears a mark; false when there is none.
pub async fn mark_clear(txn: &Txn, key: &Key) -> Result<bool, DbErr> {
    let text = "DELETE FROM performance_dirty WHERE agency = $1 AND unit = $2 AND year = $3";
    let values = [
        key.agency.clone().into(),
        key.unit.clone().into(),
        key.year.into(),
    ];
    let done = txn.execute_raw(sql(txn, text, values)).await?;
    Ok(done.rows_affected() > 0)
}

/// Units whose year, before `year`, has ended since they were computed, after `after` by year, agency and unit, at most
/// `limit`.
pub async fn performance_unsettled(
    conn: &impl ConnectionTrait,
    year: i64,
    after: &Key,
    limit: i64,
) -> Result<Vec<Key>, DbErr> {
    let text = "SELECT agency, unit, year FROM performance
                WHERE settled = 0 AND year < $1 AND (year, agency, unit) > ($2, $3, $4)
                ORDER BY year, agency, unit LIMIT $5";
    let values = [
        year.into(),
        after.year.into(),
        after.agency.clone().into(),
        after.unit.clone().into(),
        limit.into(),
    ];
    Key::find_by_statement(sql(conn, text, values)).all(conn).await
}

/// A row that is locked.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Locked {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score is published.
    pub scored: i64,
}

/// Locks the row of a unit, making it when it is missing, by taking its next version.
pub async fn performance_lock_in_txn(txn: &Txn, key: &Key, now_millis: i64) -> Result<Locked, DbErr> {
    let text = format!(
        "INSERT INTO performance (agency, unit, year, version) VALUES ($1, $2, $3, $4)
         ON CONFLICT (agency, unit, year) DO UPDATE SET version = {} RETURNING version, scored",
        next_version("performance", 4)
    );
    let values = [
        key.agency.clone().into(),
        key.unit.clone().into(),
        key.year.into(),
        now_millis.into(),
    ];
    let row = Locked::find_by_statement(sql(txn, &text, values))
        .one(txn)
        .await?;
    row.ok_or_else(|| DbErr::RecordNotFound("performance".into()))
}

/// What is kept of a unit's figures for those of its agency.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Kept {
    /// Exact score, `numerator/denominator`; empty without one.
    pub exact: String,
    /// Reports behind it.
    pub sample: i64,
    /// Reports received.
    pub received: i64,
    /// Of these, archived.
    pub archived: i64,
    /// Of these, open.
    pub open: i64,
}

/// Saves what is kept, and whether the year had ended when it was computed.
pub async fn performance_save(txn: &Txn, key: &Key, kept: &Kept, ended: bool) -> Result<(), DbErr> {
    let text =
        "UPDATE performance SET scored = $4, exact = $5, sample = $6, received = $7, archived = $8, open = $9,
                settled = $10 WHERE agency = $1 AND unit = $2 AND year = $3";
    let values = [
        key.agency.clone().into(),
        key.unit.clone().into(),
        key.year.into(),
        i64::from(!kept.exact.is_empty()).into(),
        kept.exact.clone().into(),
        kept.sample.into(),
        kept.received.into(),
        kept.archived.into(),
        kept.open.into(),
        i64::from(ended).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// What is kept of the units of an agency in a year.
pub async fn performance_of_units(conn: &impl ConnectionTrait, key: &Key) -> Result<Vec<Kept>, DbErr> {
    let text =
        "SELECT exact, sample, received, archived, open FROM performance WHERE agency = $1 AND year = $2";
    let values = [key.agency.clone().into(), key.year.into()];
    Kept::find_by_statement(sql(conn, text, values)).all(conn).await
}

/// Locks the row of an agency as [`performance_lock_in_txn`] does that of a unit.
pub async fn agency_lock_in_txn(txn: &Txn, key: &Key, now_millis: i64) -> Result<Locked, DbErr> {
    let text = format!(
        "INSERT INTO agency_score (agency, year, version) VALUES ($1, $2, $3)
         ON CONFLICT (agency, year) DO UPDATE SET version = {} RETURNING version, published AS scored",
        next_version("agency_score", 3)
    );
    let values = [key.agency.clone().into(), key.year.into(), now_millis.into()];
    let row = Locked::find_by_statement(sql(txn, &text, values))
        .one(txn)
        .await?;
    row.ok_or_else(|| DbErr::RecordNotFound("agency_score".into()))
}

/// Saves whether an agency has a score.
pub async fn agency_save(txn: &Txn, key: &Key, published: bool) -> Result<(), DbErr> {
    let text = "UPDATE agency_score SET published = $3 WHERE agency = $1 AND year = $2";
    let values = [
        key.agency.clone().into(),
        key.year.into(),
        i64::from(published).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}
