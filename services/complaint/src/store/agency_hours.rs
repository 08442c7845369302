//! Working hours of agencies. Rows are added as new versions and never changed.

use prima_platform::{clock::micros, db::Txn};
use sea_orm::{QueryOrder, Set, entity::prelude::*};

use super::{By, json, read_json};
use crate::domain::worktime::Hours;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "agency_hours")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    version: i64,
    hours: String,
    actor: String,
    created_at: i64,
}

prima_platform::no_relations!();

/// The latest hours of an agency; `None` when it has set none.
pub async fn hours_of(conn: &impl ConnectionTrait, agency: &str) -> Result<Option<Hours>, DbErr> {
    let newest = Entity::find()
        .filter(Column::Agency.eq(agency))
        .order_by_desc(Column::Version);
    let row = newest.one(conn).await?;
    row.map(|row| read_json(agency, "hours", &row.hours)).transpose()
}

/// Adds a version of an agency's hours.
pub async fn hours_add_in_txn(
    txn: &Txn,
    version: i64,
    agency: &str,
    hours: &Hours,
    by: &By,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        agency: Set(agency.to_owned()),
        version: Set(version),
        hours: Set(json(hours)?),
        actor: Set(by.actor.clone()),
        created_at: Set(micros(by.at)),
    };
    Entity::insert(row).exec_without_returning(txn).await.map(drop)
}
