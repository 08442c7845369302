//! The score of an agency in a year, recomputed from a dirty flag.

use std::{collections::BTreeSet, fmt, str::FromStr};

use prima_platform::{
    db::{Txn, sql},
    derived,
    failure::Failure,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Set,
    Unchanged, entity::prelude::*, sea_query::OnConflict,
};

use super::next_version;

/// The kind of the dirty flags: scores of agencies.
pub const KIND: &str = "agency-score";

/// A row of the table `agency_score`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agency_score")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    year: i64,
    /// Version, taken with the lock.
    pub version: i64,
    /// Whether a score was published.
    pub published: i64,
    /// When the end of the year makes it final; 0 when it is, or when it was never computed.
    pub settles_at: i64,
}

prima_platform::no_relations!();

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

/// Flags scores as dirty.
pub async fn agencies_flag_dirty_in_txn(txn: &Txn, keys: &BTreeSet<AgencyYear>) -> Result<(), DbErr> {
    derived::flag_dirty_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

/// Agencies whose year has ended since they were computed.
pub async fn agencies_settling(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<AgencyYear>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Agency, Column::Year])
        .filter(Column::SettlesAt.gt(0_i64))
        .filter(Column::SettlesAt.lte(now))
        .into_model()
        .all(conn)
        .await
}

/// Agencies that have units but no score of `year`, an active unit without one, or an innovation that goes on whose unit
/// has no portfolio of it.
pub async fn agencies_behind(conn: &impl ConnectionTrait, year: i32) -> Result<Vec<AgencyYear>, DbErr> {
    // Written as SQL because rows of four tables are looked for that others lack.
    let text = "SELECT d.agency, $1 + 0 AS year FROM directory_unit d WHERE NOT EXISTS
                    (SELECT 1 FROM agency_score s WHERE s.agency = d.agency AND s.year = $1)
                UNION SELECT d.agency, $1 + 0 FROM directory_unit d
                WHERE (close_date = '' OR close_date >= $2) AND NOT EXISTS
                    (SELECT 1 FROM portfolio p
                     WHERE p.agency = d.agency AND p.unit = d.unit AND p.year = $1 AND p.listed = 1)
                UNION SELECT i.agency, $1 + 0 FROM innovation i WHERE first_year <= $1 AND stop_year >= $1
                    AND NOT EXISTS (SELECT 1 FROM portfolio p
                                    WHERE p.agency = i.agency AND p.unit = i.unit AND p.year = $1)
                ORDER BY 1";
    let values = [i64::from(year).into(), format!("{year}-01-01").into()];
    AgencyYear::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await
}

/// Locks the row, inserting it when it is missing, by taking its next version.
pub async fn agency_score_lock_in_txn(txn: &Txn, key: &AgencyYear, now_millis: i64) -> Result<Model, DbErr> {
    let row = ActiveModel {
        agency: Set(key.agency.clone()),
        year: Set(key.year),
        version: Set(now_millis),
        ..Default::default()
    };
    let known = OnConflict::columns([Column::Agency, Column::Year])
        .value(Column::Version, next_version(Column::Version, now_millis))
        .to_owned();
    let insert = Entity::insert(row).on_conflict(known);
    insert.exec_with_returning(txn).await
}

/// Saves whether a score is published, and when the end of the year makes it final (0 when it is).
pub async fn agency_score_save_in_txn(
    txn: &Txn,
    key: &AgencyYear,
    published: bool,
    settles_at: i64,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Unchanged(key.agency.clone()),
        year: Unchanged(key.year),
        published: Set(published.into()),
        settles_at: Set(settles_at),
        ..Default::default()
    };
    Entity::update(row).exec_without_returning(txn).await.map(drop)
}

/// Years in which an agency has a score or a portfolio.
pub async fn agency_years(txn: &Txn, agency: &str) -> Result<Vec<AgencyYear>, DbErr> {
    // Written as SQL because it is a union of two tables.
    let text = "SELECT agency, year FROM agency_score WHERE agency = $1
                UNION SELECT agency, year FROM portfolio WHERE agency = $1";
    AgencyYear::find_by_statement(sql(txn, text, [agency.into()]))
        .all(txn)
        .await
}
