//! Portfolios: one row to lock for each unit and year, and how many innovations were at work.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{agency_score::AgencyYear, next_version};
use crate::domain::{number::Rational, obligation};

/// Agency, unit and year.
pub type Key = (String, String, i64);

#[derive(Debug, FromQueryResult)]
struct Locked {
    agency: String,
    unit: String,
    year: i64,
    version: i64,
}

/// Locks portfolios in key order, making those that are missing, by taking their next versions.
pub async fn portfolios_lock_in_txn(
    txn: &Txn,
    keys: &BTreeSet<Key>,
    now_millis: i64,
) -> Result<BTreeMap<Key, i64>, DbErr> {
    let rows = keys
        .iter()
        .map(|(agency, unit, year)| [agency.clone().into(), unit.clone().into(), (*year).into()]);
    let (from, mut values) = table(txn, [Column::Text, Column::Text, Column::Int], rows, 0);
    values.push(now_millis.into());
    let n = values.len();
    let text = format!(
        "INSERT INTO portfolio (agency, unit, year, version) SELECT column1, column2, column3, ${n} FROM {from}
         WHERE TRUE ON CONFLICT (agency, unit, year) DO UPDATE SET version = {}
         RETURNING agency, unit, year, version",
        next_version("portfolio", n)
    );
    let rows = Locked::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|r| ((r.agency, r.unit, r.year), r.version))
        .collect())
}

/// The portfolios of an agency in a year.
pub async fn portfolios_of(conn: &impl ConnectionTrait, key: &AgencyYear) -> Result<BTreeSet<Key>, DbErr> {
    #[derive(FromQueryResult)]
    struct Unit {
        unit: String,
    }
    let text = "SELECT unit FROM portfolio WHERE agency = $1 AND year = $2";
    let values = [key.agency.clone().into(), key.year.into()];
    let rows = Unit::find_by_statement(sql(conn, text, values)).all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|r| (key.agency.clone(), r.unit, key.year))
        .collect())
}

/// Saves how many innovations were at work.
pub async fn portfolios_save(txn: &Txn, counts: &[(Key, i64)]) -> Result<(), DbErr> {
    let rows = counts.iter().map(|((agency, unit, year), n)| {
        [
            agency.clone().into(),
            unit.clone().into(),
            (*year).into(),
            (*n).into(),
        ]
    });
    let (from, values) = table(
        txn,
        [Column::Text, Column::Text, Column::Int, Column::Int],
        rows,
        0,
    );
    let text = format!(
        "UPDATE portfolio SET at_work = v.column4 FROM {from}
         WHERE agency = v.column1 AND unit = v.column2 AND year = v.column3"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// How an agency keeps its obligation in a year.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Coverage {
    /// Id of the agency.
    pub agency: String,
    /// Innovations at work.
    pub innovations: i64,
    /// Units with at least one.
    pub units_with: i64,
    /// Active units.
    pub units: i64,
}

impl Coverage {
    /// The score that it makes; `None` without units.
    pub fn score(&self) -> Option<Rational> {
        let with = usize::try_from(self.units_with).ok()?;
        obligation::agency_score(with, usize::try_from(self.units).ok()?)
    }
}

/// Agencies after `after`, with their coverage in `year`: those that the directory announced and those with an
/// innovation. With `one` only that agency. A unit with an innovation counts as active, known or not; a unit that had
/// closed before the year does not.
pub async fn coverage_page(
    conn: &impl ConnectionTrait,
    year: i32,
    one: &str,
    only_unmet: bool,
    after: &str,
    limit: i64,
) -> Result<Vec<Coverage>, DbErr> {
    // Told to each part, so that one agency is found by index and not among all.
    let own = if one.is_empty() { "" } else { "AND agency = $4" };
    let text = format!(
        "SELECT a.agency,
            CAST(COALESCE(SUM(u.at_work), 0) AS BIGINT) AS innovations,
            CAST(COALESCE(SUM(CASE WHEN u.at_work > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS units_with,
            CAST(COUNT(u.unit) AS BIGINT) AS units
         FROM (SELECT agency FROM directory_agency WHERE TRUE {own}
               UNION SELECT agency FROM directory_unit WHERE TRUE {own}
               UNION SELECT agency FROM portfolio WHERE year = $1 {own}) a
         LEFT JOIN (SELECT agency, unit, MAX(at_work) AS at_work FROM (
                SELECT agency, unit, 0 AS at_work FROM directory_unit
                    WHERE (close_date = '' OR close_date >= $2) {own}
                UNION ALL SELECT agency, unit, at_work FROM portfolio WHERE year = $1 AND at_work > 0 {own}) b
             GROUP BY agency, unit) u ON u.agency = a.agency
         WHERE a.agency > $3 AND ($4 = '' OR a.agency = $4)
         GROUP BY a.agency HAVING ($5 = 0 OR COALESCE(SUM(u.at_work), 0) = 0) ORDER BY a.agency LIMIT $6"
    );
    let values = [
        i64::from(year).into(),
        format!("{year}-01-01").into(),
        after.into(),
        one.into(),
        i64::from(only_unmet).into(),
        limit.into(),
    ];
    Coverage::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await
}

/// Active units of an agency without an innovation at work in `year`, ordered, at most a thousand.
pub async fn units_without(
    conn: &impl ConnectionTrait,
    agency: &str,
    year: i32,
) -> Result<Vec<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Unit {
        unit: String,
    }
    let text = "SELECT unit FROM directory_unit d WHERE agency = $1 AND (close_date = '' OR close_date >= $2)
                AND NOT EXISTS (SELECT 1 FROM portfolio p WHERE p.agency = d.agency AND p.unit = d.unit
                                AND p.year = $3 AND p.at_work > 0)
                ORDER BY unit LIMIT 1000";
    let values = [
        agency.into(),
        format!("{year}-01-01").into(),
        i64::from(year).into(),
    ];
    let rows = Unit::find_by_statement(sql(conn, text, values)).all(conn).await?;
    Ok(rows.into_iter().map(|r| r.unit).collect())
}
