//! The score of an agency in a year, recomputed from a mark.

use std::{collections::BTreeSet, fmt, str::FromStr};

use prima_platform::{
    db::{Txn, sql},
    derived,
    failure::Failure,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::next_version;

/// Of marks: scores of agencies.
pub const KIND: &str = "agency-score";

/// An agency in a year; as text `<agency>/<year>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromQueryResult)]
pub struct AgencyYear {
    /// Id of the agency.
    pub agency: String,
    /// Year; 0 stands for every year.
    pub year: i64,
}

impl AgencyYear {
    /// Every year of an agency.
    pub fn all(agency: &str) -> Self {
        Self {
            agency: agency.to_owned(),
            year: 0,
        }
    }

    /// Whether it stands for every year.
    pub fn is_all(&self) -> bool {
        self.year == 0
    }
}

impl fmt::Display for AgencyYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.year)
    }
}

impl FromStr for AgencyYear {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parsed = text
            .split_once('/')
            .and_then(|(agency, year)| Some((agency, year.parse().ok()?)));
        let (agency, year) =
            parsed.ok_or_else(|| Failure::internal(format!("{text} names no agency and year")))?;
        Ok(Self {
            agency: agency.to_owned(),
            year,
        })
    }
}

/// Marks scores as out of date.
pub async fn agencies_mark(txn: &Txn, keys: &BTreeSet<AgencyYear>) -> Result<(), DbErr> {
    derived::mark_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

/// Agencies whose year has ended since they were computed.
pub async fn agencies_settling(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<AgencyYear>, DbErr> {
    let text = "SELECT agency, year FROM agency_score WHERE settles_at > 0 AND settles_at <= $1";
    AgencyYear::find_by_statement(sql(conn, text, [now.into()]))
        .all(conn)
        .await
}

/// Agencies that have units and no score of `year`, or a living innovation whose unit has no portfolio of it.
pub async fn agencies_behind(conn: &impl ConnectionTrait, year: i32) -> Result<Vec<AgencyYear>, DbErr> {
    let text = "SELECT d.agency, $1 + 0 AS year FROM directory_unit d WHERE NOT EXISTS
                    (SELECT 1 FROM agency_score s WHERE s.agency = d.agency AND s.year = $1)
                UNION SELECT i.agency, $1 + 0 FROM innovation i WHERE first_year <= $1 AND stop_year >= $1
                    AND NOT EXISTS (SELECT 1 FROM portfolio p
                                    WHERE p.agency = i.agency AND p.unit = i.unit AND p.year = $1)
                ORDER BY 1";
    AgencyYear::find_by_statement(sql(conn, text, [i64::from(year).into()]))
        .all(conn)
        .await
}

/// The row that is locked.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Locked {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score was published.
    pub published: i64,
    /// When the end of the year changes its status; 0 when it has, or when it was never computed.
    pub settles_at: i64,
}

/// Locks the row, making it when it is missing, by taking its next version.
pub async fn agency_score_lock_in_txn(txn: &Txn, key: &AgencyYear, now_millis: i64) -> Result<Locked, DbErr> {
    let text = format!(
        "INSERT INTO agency_score (agency, year, version) VALUES ($1, $2, $3)
         ON CONFLICT (agency, year) DO UPDATE SET version = {} RETURNING version, published, settles_at",
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
