//! What is published about a unit in a year, and the dirty flags of figures.

use std::{collections::BTreeSet, fmt, str::FromStr};

use prima_platform::{db::Txn, derived, failure::Failure};
use prima_proto::name;
use sea_orm::{FromQueryResult, QuerySelect, Set, entity::prelude::*, sea_query::OnConflict};

use super::{json, raised_version, read_json};
use crate::domain::performance::Histogram;

/// The kind of these dirty flags: figures of units and scores of agencies.
pub const KIND: &str = "performance";

/// A unit in a year. An empty unit stands for the agency, year 0 for every year. The text form is
/// `<agency>/<unit>/<year>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromQueryResult)]
pub struct Key {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; may be empty.
    pub unit: String,
    pub year: i64,
}

impl Key {
    /// Resource name of the unit.
    pub fn unit_name(&self) -> name::Unit {
        name::Unit {
            agency: self.agency.clone(),
            unit: self.unit.clone(),
        }
    }

    /// The key of the agency in the same year.
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
        let (agency, unit, year) = parsed
            .ok_or_else(|| Failure::internal(format!("`{text}` is not the key of a unit and a year")))?;
        Ok(Self {
            agency: agency.to_owned(),
            unit: unit.to_owned(),
            year,
        })
    }
}

/// Flags figures as dirty, so that they are recomputed.
pub async fn performance_flag_dirty_in_txn(txn: &Txn, keys: &BTreeSet<Key>) -> Result<(), DbErr> {
    derived::flag_dirty_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

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

/// The primary key of a row.
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

/// Published years of a unit.
pub async fn performance_years_in_txn(txn: &Txn, key: &Key) -> Result<Vec<Key>, DbErr> {
    keys()
        .filter(Column::Agency.eq(key.agency.as_str()))
        .filter(Column::Unit.eq(key.unit.as_str()))
        .into_model()
        .all(txn)
        .await
}

/// Units and agencies of years before `year` that were last computed before their year had ended.
pub async fn performance_unsettled(conn: &impl ConnectionTrait, year: i64) -> Result<Vec<Key>, DbErr> {
    // A literal, because a parameter would not match the condition of the partial index `performance_unsettled`.
    let unsettled = keys().filter(Expr::cust("settled = 0"));
    let ended = unsettled.filter(Column::Year.lt(year));
    ended.into_model().all(conn).await
}

/// The row of a unit or agency, locked.
#[derive(Debug, Clone, Copy)]
pub struct Locked {
    /// Version taken with the lock.
    pub version: i64,
    /// 1 when a score is published, 0 otherwise.
    pub scored: i64,
}

/// The published ratings of a unit in a year, or those of all units of an agency.
pub async fn ratings_published(
    conn: &impl ConnectionTrait,
    subject: &name::Subject,
    year: i64,
) -> Result<Histogram, DbErr> {
    let rows = Entity::find()
        .filter(Column::Agency.eq(subject.agency_id()))
        .filter(Column::Year.eq(year))
        .filter(Column::Ratings.ne(""));
    let rows = match subject.unit_id() {
        Some(unit) => rows.filter(Column::Unit.eq(unit)),
        None => rows,
    };
    let mut all = Histogram::default();
    for row in rows.all(conn).await? {
        let of = format!("performance of {}/{}", row.agency, row.unit);
        all.merge(&read_json(of, "ratings", &row.ratings)?);
    }
    Ok(all)
}

/// Replaces the published ratings of a unit in a year.
pub async fn ratings_publish_in_txn(txn: &Txn, key: &Key, ratings: &Histogram) -> Result<(), DbErr> {
    let row = ActiveModel {
        ratings: Set(json(ratings)?),
        ..row(key)
    };
    row.update(txn).await.map(drop)
}

/// Locks the row of a unit and takes its next version; inserts the row when it is missing.
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

/// What is saved about a unit, so that others need not read its tallies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFigures {
    /// Exact score as `numerator/denominator`; empty without a score.
    pub exact: String,
    /// Number of reports behind the score.
    pub sample: i64,
    pub received: i64,
    /// Of the received reports, the archived ones.
    pub archived: i64,
    /// Of the received reports, the open ones.
    pub open: i64,
}

/// Saves the figures, and whether the year had ended when they were computed.
pub async fn performance_save_in_txn(
    txn: &Txn,
    key: &Key,
    figures: &UnitFigures,
    ended: bool,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        scored: Set((!figures.exact.is_empty()).into()),
        exact: Set(figures.exact.clone()),
        sample: Set(figures.sample),
        received: Set(figures.received),
        archived: Set(figures.archived),
        open: Set(figures.open),
        settled: Set(ended.into()),
        ..row(key)
    };
    row.update(txn).await.map(drop)
}

/// Number of open reports of all units of an agency in a year. The row without a unit only says whether the year of the
/// agency had ended.
pub async fn performance_open(conn: &impl ConnectionTrait, key: &Key) -> Result<i64, DbErr> {
    let open: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::Open)
        .filter(Column::Agency.eq(key.agency.as_str()))
        .filter(Column::Year.eq(key.year))
        .filter(Column::Unit.ne(""))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(open.iter().sum())
}
