//! What is published of a unit in a year, and the marks of what is to be computed again.

use std::{collections::BTreeSet, fmt, str::FromStr};

use prima_platform::{db::Txn, derived, failure::Failure};
use prima_proto::name;
use sea_orm::{FromQueryResult, QuerySelect, Set, entity::prelude::*, sea_query::OnConflict};

use super::{json, raised_version, read_json};
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
pub async fn marks_add_in_txn(txn: &Txn, keys: &BTreeSet<Key>) -> Result<(), DbErr> {
    derived::mark_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

/// A row of the table `performance`.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "performance")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    unit: String,
    #[sea_orm(primary_key, auto_increment = false)]
    year: i64,
    version: i64,
    scored: i64,
    exact: String,
    sample: i64,
    received: i64,
    archived: i64,
    open: i64,
    settled: i64,
    ratings: String,
}

prima_platform::no_relations!();

/// Names the row of a unit in a year.
fn row(key: &Key) -> ActiveModel {
    ActiveModel {
        agency: Set(key.agency.clone()),
        unit: Set(key.unit.clone()),
        year: Set(key.year),
        ..Default::default()
    }
}

fn keys() -> Select<Entity> {
    let columns = [Column::Agency, Column::Unit, Column::Year];
    Entity::find().select_only().columns(columns)
}

/// Years of a unit of which anything is published.
pub async fn performance_years_in_txn(txn: &Txn, key: &Key) -> Result<Vec<Key>, DbErr> {
    keys()
        .filter(Column::Agency.eq(key.agency.as_str()))
        .filter(Column::Unit.eq(key.unit.as_str()))
        .into_model()
        .all(txn)
        .await
}

/// Units whose year, before `year`, has ended since they were computed.
pub async fn performance_unsettled(conn: &impl ConnectionTrait, year: i64) -> Result<Vec<Key>, DbErr> {
    // As the partial index `performance_unsettled` has it, not as a parameter.
    let unsettled = keys().filter(Expr::cust("settled = 0"));
    let ended = unsettled.filter(Column::Year.lt(year));
    ended.into_model().all(conn).await
}

/// A row that is locked.
#[derive(Debug, Clone, Copy)]
pub struct Locked {
    /// Taken with the lock.
    pub version: i64,
    /// Whether a score is published.
    pub scored: i64,
}

/// The ratings of a unit in a year that are told.
pub async fn ratings_told(conn: &impl ConnectionTrait, key: &Key) -> Result<Histogram, DbErr> {
    match Entity::find_by_id((key.agency.clone(), key.unit.clone(), key.year))
        .one(conn)
        .await?
    {
        Some(row) if !row.ratings.is_empty() => read_json(
            format_args!("performance of {}", key.unit_name()),
            "ratings",
            &row.ratings,
        ),
        _ => Ok(Histogram::default()),
    }
}

/// Keeps the ratings of a unit in a year that are told from now on.
pub async fn ratings_tell_in_txn(txn: &Txn, key: &Key, ratings: &Histogram) -> Result<(), DbErr> {
    let row = ActiveModel {
        ratings: Set(json(ratings)?),
        ..row(key)
    };
    row.update(txn).await.map(drop)
}

/// Locks the row of a unit, making it when it is missing, by taking its next version.
pub async fn performance_lock_in_txn(txn: &Txn, key: &Key, now_millis: i64) -> Result<Locked, DbErr> {
    let row = ActiveModel {
        version: Set(now_millis),
        ..row(key)
    };
    let raise = OnConflict::columns([Column::Agency, Column::Unit, Column::Year])
        .value(Column::Version, raised_version("performance"))
        .to_owned();
    let insert = Entity::insert(row).on_conflict(raise);
    let row = insert.exec_with_returning(txn).await?;
    Ok(Locked {
        version: row.version,
        scored: row.scored,
    })
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
pub async fn performance_save_in_txn(txn: &Txn, key: &Key, kept: &Kept, ended: bool) -> Result<(), DbErr> {
    let row = ActiveModel {
        scored: Set((!kept.exact.is_empty()).into()),
        exact: Set(kept.exact.clone()),
        sample: Set(kept.sample),
        received: Set(kept.received),
        archived: Set(kept.archived),
        open: Set(kept.open),
        settled: Set(ended.into()),
        ..row(key)
    };
    row.update(txn).await.map(drop)
}

/// What is kept of the units of an agency in a year.
pub async fn performance_of_units(conn: &impl ConnectionTrait, key: &Key) -> Result<Vec<Kept>, DbErr> {
    let units = Entity::find()
        .filter(Column::Agency.eq(key.agency.as_str()))
        .filter(Column::Year.eq(key.year));
    units.into_model().all(conn).await
}
