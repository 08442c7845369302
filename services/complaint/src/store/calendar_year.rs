//! The calendar, year by year. Versions are added, never changed.

use prima_platform::{
    clock::micros,
    db::{Txn, sql},
};
use sea_orm::{Set, entity::prelude::*};

use super::{By, json, read_json};
use crate::domain::calendar::Holiday;

/// A row of the table `calendar_year`.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_year")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    year: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    version: i64,
    holidays: String,
    citation: String,
    actor: String,
    created_at: i64,
}

prima_platform::no_relations!();

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

/// Every year that was imported, each in its last version.
pub async fn calendar_years(conn: &impl ConnectionTrait) -> Result<Vec<Year>, DbErr> {
    // By hand, because the subquery names the row around it.
    let text = "SELECT * FROM calendar_year y WHERE version =
                    (SELECT MAX(version) FROM calendar_year l WHERE l.year = y.year) ORDER BY year";
    let rows = Entity::find().from_raw_sql(sql(conn, text, [])).all(conn).await?;
    let year = |row: Model| {
        Ok(Year {
            holidays: read_json(row.year, "holidays", &row.holidays)?,
            year: row.year,
            citation: row.citation,
        })
    };
    rows.into_iter().map(year).collect()
}

/// Adds a version of a year.
pub async fn calendar_year_add_in_txn(txn: &Txn, version: i64, year: &Year, by: &By) -> Result<(), DbErr> {
    let row = ActiveModel {
        year: Set(year.year),
        version: Set(version),
        holidays: Set(json(&year.holidays)?),
        citation: Set(year.citation.clone()),
        actor: Set(by.actor.clone()),
        created_at: Set(micros(by.at)),
    };
    Entity::insert(row).exec_without_returning(txn).await.map(drop)
}
