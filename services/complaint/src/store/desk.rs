//! Desks of units, as JSON in one row each. They are written by agencies and contain no personal data of reporters.

use chrono::{DateTime, Utc};
use prima_platform::{clock::micros, db::Txn};
use prima_proto::name;
use sea_orm::{Set, entity::prelude::*, sea_query::OnConflict};

use super::{json, next_version, read_json};
use crate::domain::desk::Desk;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "desk")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    unit: String,
    body: String,
    version: i64,
    updated_at: i64,
}

prima_platform::no_relations!();

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    pub desk: Desk,
    /// Version; 0 when the desk was never saved.
    pub version: i64,
}

fn stored(unit: &name::Unit, row: &Model) -> Result<Stored, DbErr> {
    Ok(Stored {
        desk: read_json(unit, "desk", &row.body)?,
        version: row.version,
    })
}

fn row(unit: &name::Unit, stored: &Stored, updated_at: i64) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        agency: Set(unit.agency.clone()),
        unit: Set(unit.unit.clone()),
        body: Set(json(&stored.desk)?),
        version: Set(stored.version),
        updated_at: Set(updated_at),
    })
}

/// The desk of a unit; an empty one when it was never saved.
pub async fn desk_get(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Stored, DbErr> {
    let key = (unit.agency.clone(), unit.unit.clone());
    let found = Entity::find_by_id(key).one(conn).await?;
    found.map_or_else(|| Ok(Stored::default()), |row| stored(unit, &row))
}

/// The desk of a unit, locked; a missing row is inserted with version 0.
pub async fn desk_lock_in_txn(txn: &Txn, unit: &name::Unit) -> Result<Stored, DbErr> {
    let lock = OnConflict::columns([Column::Agency, Column::Unit])
        .value(Column::UpdatedAt, Expr::col((Entity, Column::UpdatedAt)))
        .to_owned();
    let insert = Entity::insert(row(unit, &Stored::default(), 0)?).on_conflict(lock);
    stored(unit, &insert.exec_with_returning(txn).await?)
}

/// Saves a locked desk and takes its next version.
pub async fn desk_save_in_txn(
    txn: &Txn,
    unit: &name::Unit,
    stored: &mut Stored,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    stored.version = next_version(stored.version, now);
    row(unit, stored, micros(now))?.update(txn).await.map(drop)
}
