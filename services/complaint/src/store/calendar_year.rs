//! Imported calendars, one row for each version of a year. Rows are added and never changed.

use prima_platform::{
    clock::micros,
    db::{Txn, sql},
};
use sea_orm::{Set, entity::prelude::*};

use super::{By, json, read_json};
use crate::domain::calendar::Holiday;

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

/// The latest imported calendar of a year.
#[derive(Debug, Clone)]
pub struct Year {
    pub year: i64,
    pub holidays: Vec<Holiday>,
    /// The decree from which it was taken.
    pub citation: String,
}

/// The latest version of every imported year.
pub async fn calendar_years(conn: &impl ConnectionTrait) -> Result<Vec<Year>, DbErr> {
    // Raw SQL, because the subquery refers to the outer row.
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
