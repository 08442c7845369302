//! What is published of a unit or an agency in a year, and the marks of what is to be computed again.

use std::{collections::BTreeSet, fmt, str::FromStr};

use prima_platform::{
    db::{Txn, sql},
    derived,
    failure::Failure,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{json, next_version, read_json};
use crate::domain::performance::Histogram;

/// Of marks: figures of units and scores of agencies.
pub const KIND: &str = "performance";

/// A unit in a year; an empty unit stands for the agency, the year 0 for every year. As text `<agency>/<unit>/<year>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromQueryResult)]
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

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.agency, self.unit, self.year)
    }
}

impl FromStr for Key {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parsed = text.split_once('/').and_then(|(agency, rest)| {
            let (unit, year) = rest.split_once('/')?;
            Some((agency, unit, year.parse().ok()?))
        });
        let (agency, unit, year) =
            parsed.ok_or_else(|| Failure::internal(format!("{text} names no unit and year")))?;
        Ok(Self {
            agency: agency.to_owned(),
            unit: unit.to_owned(),
            year,
        })
    }
}

/// Marks figures as out of date.
pub async fn marks_add(txn: &Txn, keys: &BTreeSet<Key>) -> Result<(), DbErr> {
    derived::mark_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

/// Years of a unit of which anything is published.
pub async fn performance_years(txn: &Txn, key: &Key) -> Result<Vec<Key>, DbErr> {
    let text = "SELECT agency, unit, year FROM performance WHERE agency = $1 AND unit = $2";
    let values = [key.agency.clone().into(), key.unit.clone().into()];
    Key::find_by_statement(sql(txn, text, values)).all(txn).await
}

/// Units whose year, before `year`, has ended since they were computed.
pub async fn performance_unsettled(conn: &impl ConnectionTrait, year: i64) -> Result<Vec<Key>, DbErr> {
    let text = "SELECT agency, unit, year FROM performance WHERE settled = 0 AND year < $1";
    Key::find_by_statement(sql(conn, text, [year.into()]))
        .all(conn)
        .await
}

/// A row that is locked.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Locked {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score is published.
    pub scored: i64,
}

#[derive(Debug, FromQueryResult)]
struct Told {
    ratings: String,
}

/// The ratings of a unit in a year that are told.
pub async fn ratings_told(conn: &impl ConnectionTrait, key: &Key) -> Result<Histogram, DbErr> {
    let text = "SELECT ratings FROM performance WHERE agency = $1 AND unit = $2 AND year = $3";
    let values = [
        key.agency.clone().into(),
        key.unit.clone().into(),
        key.year.into(),
    ];
    match Told::find_by_statement(sql(conn, text, values)).one(conn).await? {
        Some(told) if !told.ratings.is_empty() => read_json(
            format_args!("performance of {}", key.unit_name()),
            "ratings",
            &told.ratings,
        ),
        _ => Ok(Histogram::default()),
    }
}

/// Keeps the ratings of a unit in a year that are told from now on.
pub async fn ratings_tell(txn: &Txn, key: &Key, ratings: &Histogram) -> Result<(), DbErr> {
    let text = "UPDATE performance SET ratings = $4 WHERE agency = $1 AND unit = $2 AND year = $3";
    let values = [
        key.agency.clone().into(),
        key.unit.clone().into(),
        key.year.into(),
        json(ratings)?.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
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
