//! Desks of units: one row each, facts as JSON. What stands in it are words of the agency, none of a reporter.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{Txn, sql},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{json, next_version, read_json};
use crate::domain::desk::Desk;

/// A desk as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Everything about it.
    pub desk: Desk,
    /// Version; 0 when the unit has told nothing.
    pub version: i64,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    body: String,
    version: i64,
}

impl Row {
    fn read(self, unit: &name::Unit) -> Result<Stored, DbErr> {
        Ok(Stored {
            desk: read_json(unit, "desk", &self.body)?,
            version: self.version,
        })
    }
}

/// The desk of a unit; an empty one when it has told nothing.
pub async fn desk_get(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Stored, DbErr> {
    let text = "SELECT body, version FROM desk WHERE agency = $1 AND unit = $2";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let row = Row::find_by_statement(sql(conn, text, values)).one(conn).await?;
    row.map(|row| row.read(unit))
        .transpose()
        .map(Option::unwrap_or_default)
}

/// The desk of a unit, locked; its row is made when it is missing, with version 0.
pub async fn desk_lock_in_txn(txn: &Txn, unit: &name::Unit) -> Result<Stored, DbErr> {
    let text = "INSERT INTO desk (agency, unit, body, version, updated_at) VALUES ($1, $2, $3, 0, 0)
                ON CONFLICT (agency, unit) DO UPDATE SET updated_at = desk.updated_at RETURNING body, version";
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        json(&Desk::default())?.into(),
    ];
    let row = Row::find_by_statement(sql(txn, text, values)).one(txn).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("desk".into()))?
        .read(unit)
}

/// Saves a desk that is locked, and takes its next version.
pub async fn desk_save(
    txn: &Txn,
    unit: &name::Unit,
    stored: &mut Stored,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = format!(
        "UPDATE desk SET body = $3, updated_at = $4, version = {} WHERE agency = $1 AND unit = $2 RETURNING version",
        next_version("desk", 5)
    );
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        json(&stored.desk)?.into(),
        micros(now).into(),
        now.timestamp_millis().into(),
    ];
    let row = txn.query_one_raw(sql(txn, &text, values)).await?;
    stored.version = row.ok_or(DbErr::RecordNotUpdated)?.try_get("", "version")?;
    Ok(())
}
