//! Service standards and charters, one row for each revision. They change only under the lock of their unit.

use std::collections::BTreeMap;

use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::{Serialize, de::DeserializeOwned};

use super::broken;
use crate::domain::{charter, standard};

#[derive(Debug, FromQueryResult)]
struct Stored {
    revision: i64,
    document: String,
    created_at: i64,
}

#[derive(Debug, FromQueryResult)]
struct Told {
    service: String,
    facts: String,
}

#[derive(Debug, FromQueryResult)]
struct Last {
    revision: i64,
}

fn json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|e| DbErr::Custom(e.to_string()))
}

fn read<T: DeserializeOwned>(row: impl std::fmt::Display, column: &str, text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|_| broken(row, column))
}

fn key(name: &name::PublicService) -> [sea_orm::Value; 3] {
    [
        name.unit.agency.clone().into(),
        name.unit.unit.clone().into(),
        name.service.clone().into(),
    ]
}

/// Number of the newest revision of a standard; 0 while there is none.
pub async fn standard_revision(
    conn: &impl ConnectionTrait,
    name: &name::PublicService,
) -> Result<i64, DbErr> {
    let text = "SELECT COALESCE(MAX(revision), 0) AS revision FROM service_standard
                WHERE agency = $1 AND unit = $2 AND service = $3";
    let last = Last::find_by_statement(sql(conn, text, key(name)))
        .one(conn)
        .await?;
    Ok(last.map(|l| l.revision).unwrap_or_default())
}

/// Inserts a revision of a standard by `actor`.
pub async fn standard_insert_in_txn(
    txn: &Txn,
    revision: &standard::Revision,
    actor: &str,
) -> Result<(), DbErr> {
    let text = "INSERT INTO service_standard
                    (agency, unit, service, revision, document, facts, actor, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = key(&revision.service).into_iter().chain([
        revision.number.into(),
        json(&revision.standard)?.into(),
        json(&revision.standard.facts())?.into(),
        actor.into(),
        micros(revision.created_at).into(),
    ]);
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// A revision of a standard; the newest when `number` is 0.
pub async fn standard_get(
    conn: &impl ConnectionTrait,
    name: &name::PublicService,
    number: i64,
) -> Result<Option<standard::Revision>, DbErr> {
    let text = "SELECT revision, document, created_at FROM service_standard
                WHERE agency = $1 AND unit = $2 AND service = $3 AND ($4 = 0 OR revision = $4)
                ORDER BY revision DESC LIMIT 1";
    let values = key(name).into_iter().chain([number.into()]);
    let found = Stored::find_by_statement(sql(conn, text, values))
        .one(conn)
        .await?;
    let revision = |row: Stored| {
        Ok(standard::Revision {
            standard: read(name, "standard", &row.document)?,
            service: name.clone(),
            number: row.revision,
            created_at: from_micros(row.created_at),
        })
    };
    found.map(revision).transpose()
}

/// What is told of the newest standard of each public service of a unit that has one, by the service's id.
pub async fn standards_facts(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
) -> Result<BTreeMap<String, standard::Facts>, DbErr> {
    let text = "SELECT s.service, s.facts FROM service_standard s
                WHERE s.agency = $1 AND s.unit = $2 AND s.revision =
                    (SELECT MAX(n.revision) FROM service_standard n
                     WHERE n.agency = s.agency AND n.unit = s.unit AND n.service = s.service)";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let rows = Told::find_by_statement(sql(conn, text, values)).all(conn).await?;
    rows.into_iter()
        .map(|row| {
            let facts = read(unit, "facts of a standard", &row.facts)?;
            Ok((row.service, facts))
        })
        .collect()
}

/// Number of the newest revision of a charter; 0 while there is none.
pub async fn charter_revision(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<i64, DbErr> {
    let text = "SELECT COALESCE(MAX(revision), 0) AS revision FROM service_charter
                WHERE agency = $1 AND unit = $2";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let last = Last::find_by_statement(sql(conn, text, values)).one(conn).await?;
    Ok(last.map(|l| l.revision).unwrap_or_default())
}

/// Inserts a revision of a charter by `actor`.
pub async fn charter_insert_in_txn(
    txn: &Txn,
    revision: &charter::Revision,
    actor: &str,
) -> Result<(), DbErr> {
    let text = "INSERT INTO service_charter (agency, unit, revision, document, facts, actor, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        revision.unit.agency.clone().into(),
        revision.unit.unit.clone().into(),
        revision.number.into(),
        json(&revision.charter)?.into(),
        json(&revision.charter.facts())?.into(),
        actor.into(),
        micros(revision.created_at).into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// A revision of a charter; the newest when `number` is 0.
pub async fn charter_get(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    number: i64,
) -> Result<Option<charter::Revision>, DbErr> {
    let text = "SELECT revision, document, created_at FROM service_charter
                WHERE agency = $1 AND unit = $2 AND ($3 = 0 OR revision = $3)
                ORDER BY revision DESC LIMIT 1";
    let values = [
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        number.into(),
    ];
    let found = Stored::find_by_statement(sql(conn, text, values))
        .one(conn)
        .await?;
    let revision = |row: Stored| {
        Ok(charter::Revision {
            charter: read(unit, "charter", &row.document)?,
            unit: unit.clone(),
            number: row.revision,
            created_at: from_micros(row.created_at),
        })
    };
    found.map(revision).transpose()
}

/// What is told of the newest charter of a unit.
pub async fn charter_facts(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
) -> Result<Option<charter::Facts>, DbErr> {
    let text = "SELECT unit AS service, facts FROM service_charter
                WHERE agency = $1 AND unit = $2 ORDER BY revision DESC LIMIT 1";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let found = Told::find_by_statement(sql(conn, text, values)).one(conn).await?;
    found
        .map(|row| read(unit, "facts of a charter", &row.facts))
        .transpose()
}
