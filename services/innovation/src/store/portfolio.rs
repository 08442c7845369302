//! Portfolios: one row to lock for each unit and year, with the number of innovations in operation.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::{self, Txn, sql, table};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Set,
    entity::prelude::*, sea_query::OnConflict,
};

use super::{agency_score::AgencyYear, next_version};
use crate::domain::{number::Rational, obligation};

/// A row of the table `portfolio`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portfolio")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    unit: String,
    #[sea_orm(primary_key, auto_increment = false)]
    year: i64,
    version: i64,
    at_work: i64,
    listed: i64,
}

prima_platform::no_relations!();

/// Agency, unit and year.
pub type Key = (String, String, i64);

/// The values of a key.
pub fn values((agency, unit, year): &Key) -> [Value; 3] {
    [agency.clone().into(), unit.clone().into(), (*year).into()]
}

/// Locks portfolios in key order, inserting missing ones, by taking their next versions.
pub async fn portfolios_lock_in_txn(
    txn: &Txn,
    keys: &BTreeSet<Key>,
    now_millis: i64,
) -> Result<BTreeMap<Key, i64>, DbErr> {
    let rows = keys.iter().map(|(agency, unit, year)| ActiveModel {
        agency: Set(agency.clone()),
        unit: Set(unit.clone()),
        year: Set(*year),
        version: Set(now_millis),
        ..Default::default()
    });
    let known = OnConflict::columns([Column::Agency, Column::Unit, Column::Year])
        .value(Column::Version, next_version(Column::Version, now_millis))
        .to_owned();
    let insert = Entity::insert_many(rows).on_conflict(known);
    let rows = insert.exec_with_returning(txn).await?.into_iter();
    let version = |row: Model| ((row.agency, row.unit, row.year), row.version);
    Ok(rows.map(version).collect())
}

/// The portfolios of an agency in a year.
pub async fn portfolios_of(conn: &impl ConnectionTrait, key: &AgencyYear) -> Result<BTreeSet<Key>, DbErr> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Agency, Column::Unit, Column::Year])
        .filter(Column::Agency.eq(key.agency.as_str()))
        .filter(Column::Year.eq(key.year))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// What is saved about a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Innovations in operation.
    pub at_work: i64,
    /// Whether a score of the unit is published.
    pub listed: bool,
}

/// Saves what was computed about portfolios.
pub async fn portfolios_save_in_txn(txn: &Txn, computed: &[(Key, Saved)]) -> Result<(), DbErr> {
    use db::Column::{Int, Text};
    let rows = computed.iter().map(|(key, saved)| {
        let [agency, unit, year] = values(key);
        [
            agency,
            unit,
            year,
            saved.at_work.into(),
            i64::from(saved.listed).into(),
        ]
    });
    let (from, values) = table(txn, [Text, Text, Int, Int, Int], rows, 0);
    // Written as SQL because each row gets another value.
    let text = format!(
        "UPDATE portfolio SET at_work = v.column4, listed = v.column5 FROM {from}
         WHERE agency = v.column1 AND unit = v.column2 AND year = v.column3"
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// Years in which an agency has a score and some innovation is in operation. In each of them, and in the present one,
/// every agency and every active unit has a score, those without an innovation too.
pub async fn years_open(conn: &impl ConnectionTrait) -> Result<Vec<i32>, DbErr> {
    #[derive(FromQueryResult)]
    struct Year {
        year: i64,
    }
    // Written as SQL because years of one table are looked for in another; the condition is that of a partial index.
    let text = "SELECT year FROM (SELECT DISTINCT year FROM agency_score) s
                WHERE EXISTS (SELECT 1 FROM portfolio p WHERE p.year = s.year AND p.at_work > 0) ORDER BY year";
    let rows = Year::find_by_statement(sql(conn, text, [])).all(conn).await?;
    Ok(rows
        .iter()
        .filter_map(|row| i32::try_from(row.year).ok())
        .collect())
}

/// Units of an agency whose portfolio of `year` must be computed because of other rows: active ones without a published
/// score, those without an innovation in operation that are no longer active, and those with an innovation that goes on
/// but without a portfolio.
pub async fn units_behind(
    conn: &impl ConnectionTrait,
    agency: &str,
    year: i32,
) -> Result<Vec<name::Unit>, DbErr> {
    #[derive(FromQueryResult)]
    struct Unit {
        unit: String,
    }
    // Written as SQL because rows are looked for that another table lacks.
    let text = "SELECT unit FROM directory_unit d
                WHERE agency = $1 AND (close_date = '' OR close_date >= $3) AND NOT EXISTS
                    (SELECT 1 FROM portfolio p
                     WHERE p.agency = d.agency AND p.unit = d.unit AND p.year = $2 AND p.listed = 1)
                UNION SELECT unit FROM portfolio p
                WHERE agency = $1 AND year = $2 AND at_work = 0 AND listed = 1 AND NOT EXISTS
                    (SELECT 1 FROM directory_unit d
                     WHERE d.agency = p.agency AND d.unit = p.unit AND (d.close_date = '' OR d.close_date >= $3))
                UNION SELECT unit FROM innovation i
                WHERE agency = $1 AND first_year <= $2 AND stop_year >= $2 AND NOT EXISTS
                    (SELECT 1 FROM portfolio p WHERE p.agency = i.agency AND p.unit = i.unit AND p.year = $2)";
    let values = [
        agency.into(),
        i64::from(year).into(),
        format!("{year}-01-01").into(),
    ];
    let rows = Unit::find_by_statement(sql(conn, text, values)).all(conn).await?;
    let unit = |row: Unit| name::Unit {
        agency: agency.to_owned(),
        unit: row.unit,
    };
    Ok(rows.into_iter().map(unit).collect())
}

/// How an agency fulfils its obligation in a year.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Coverage {
    /// Id of the agency.
    pub agency: String,
    /// Innovations in operation.
    pub innovations: i64,
    /// Units with at least one.
    pub units_with: i64,
    /// Active units.
    pub units: i64,
}

impl Coverage {
    /// Its score; `None` without units.
    pub fn score(&self) -> Option<Rational> {
        let with = usize::try_from(self.units_with).ok()?;
        obligation::agency_score(with, usize::try_from(self.units).ok()?)
    }
}

/// Agencies after `after` with their coverage in `year`: those that the directory announced and those with an
/// innovation; with `one` only that agency. A unit with an innovation counts as active, announced or not; a unit that
/// had closed before the year does not count.
pub async fn coverage_page(
    conn: &impl ConnectionTrait,
    year: i32,
    one: &str,
    only_unmet: bool,
    after: &str,
    limit: i64,
) -> Result<Vec<Coverage>, DbErr> {
    // Written as SQL because agencies and units of three tables are combined and counted. Each part filters by the
    // agency itself, so that it uses an index instead of reading all rows.
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

/// Active units of an agency without an innovation in operation in `year`, ordered, at most a thousand.
pub async fn units_without(
    conn: &impl ConnectionTrait,
    agency: &str,
    year: i32,
) -> Result<Vec<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Unit {
        unit: String,
    }
    // Written as SQL because rows are looked for that another table lacks.
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
