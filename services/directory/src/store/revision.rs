//! Service standards and service charters, one row for each revision. They change only under the lock of their unit.
//! Both tables have the same columns after their key, so one set of statements, written by hand, serves both.

use std::{collections::BTreeMap, fmt::Display};

use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, placeholders, sql},
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use serde::{Serialize, de::DeserializeOwned};

use super::json;
use crate::domain::{
    charter::{self, Charter},
    revision::Revision,
    standard::{self, Standard},
};

/// A document of which a table keeps every revision.
pub trait Document: Serialize + DeserializeOwned {
    /// Resource name of what it belongs to.
    type Owner: Display + Clone;
    /// What the unit's event publishes of it.
    type Facts: Serialize + DeserializeOwned;
    /// Its table.
    const TABLE: &str;
    /// The key of the owner in that table: columns and values.
    fn key(owner: &Self::Owner) -> Vec<(&'static str, &str)>;
    /// What the unit's event publishes of this revision.
    fn event_facts(&self) -> Self::Facts;
}

impl Document for Standard {
    type Owner = name::PublicService;
    type Facts = standard::Facts;
    const TABLE: &str = "service_standard";

    fn key(owner: &name::PublicService) -> Vec<(&'static str, &str)> {
        let mut key = Charter::key(&owner.unit);
        key.push(("service", &owner.service));
        key
    }

    fn event_facts(&self) -> standard::Facts {
        self.facts()
    }
}

impl Document for Charter {
    type Owner = name::Unit;
    type Facts = charter::Facts;
    const TABLE: &str = "service_charter";

    fn key(owner: &name::Unit) -> Vec<(&'static str, &str)> {
        vec![("agency", &owner.agency), ("unit", &owner.unit)]
    }

    fn event_facts(&self) -> charter::Facts {
        self.facts()
    }
}

/// Above every number of a revision.
const NEWEST: i64 = i64::MAX;

#[derive(Debug, FromQueryResult)]
struct Row {
    revision: i64,
    document: String,
    facts: String,
    created_at: i64,
}

/// The newest row of the document of `owner` with a number of at most `number`.
async fn row<D: Document>(
    conn: &impl ConnectionTrait,
    owner: &D::Owner,
    number: i64,
) -> Result<Option<Row>, DbErr> {
    let key = D::key(owner);
    let mut conditions: Vec<String> = (1..)
        .zip(&key)
        .map(|(n, (column, _))| format!("{column} = ${n}"))
        .collect();
    let mut values: Vec<Value> = key.into_iter().map(|(_, value)| value.into()).collect();
    values.push(number.into());
    conditions.push(format!("revision <= ${}", values.len()));
    let text = format!(
        "SELECT revision, document, facts, created_at FROM {} WHERE {} ORDER BY revision DESC LIMIT 1",
        D::TABLE,
        conditions.join(" AND ")
    );
    Row::find_by_statement(sql(conn, &text, values)).one(conn).await
}

/// A revision of the document of `owner`; the newest when `number` is 0.
pub async fn revision_get<D: Document>(
    conn: &impl ConnectionTrait,
    owner: &D::Owner,
    number: i64,
) -> Result<Option<Revision<D::Owner, D>>, DbErr> {
    let revision = |row: Row| {
        Ok(Revision {
            owner: owner.clone(),
            document: json::read(owner, D::TABLE, &row.document)?,
            number: row.revision,
            created_at: from_micros(row.created_at),
        })
    };
    let at_most = if number == 0 { NEWEST } else { number };
    let row = row::<D>(conn, owner, at_most).await?;
    let row = row.filter(|row| number == 0 || row.revision == number);
    row.map(revision).transpose()
}

/// The newest revision of the document of `owner` of which `is_in_force` holds: a draft does not end what it shall replace.
pub async fn revision_in_force<D: Document>(
    conn: &impl ConnectionTrait,
    owner: &D::Owner,
    is_in_force: impl Fn(&D) -> bool,
) -> Result<Option<D>, DbErr> {
    let mut number = NEWEST;
    while let Some(row) = row::<D>(conn, owner, number).await? {
        let document = json::read(owner, D::TABLE, &row.document)?;
        if is_in_force(&document) {
            return Ok(Some(document));
        }
        number = row.revision - 1;
    }
    Ok(None)
}

/// The number of the next revision of the document of `owner`, counted from 1.
pub async fn revision_next_number<D: Document>(
    conn: &impl ConnectionTrait,
    owner: &D::Owner,
) -> Result<i64, DbErr> {
    Ok(row::<D>(conn, owner, NEWEST)
        .await?
        .map_or(1, |newest| newest.revision + 1))
}

/// What the unit's event publishes of the newest revision of the document of `owner`.
pub async fn revision_facts<D: Document>(
    conn: &impl ConnectionTrait,
    owner: &D::Owner,
) -> Result<Option<D::Facts>, DbErr> {
    let facts = |newest: Row| json::read(owner, "facts", &newest.facts);
    row::<D>(conn, owner, NEWEST).await?.map(facts).transpose()
}

/// Inserts a revision that the caller `actor` has recorded.
pub async fn revision_insert_in_txn<D: Document>(
    txn: &Txn,
    revision: &Revision<D::Owner, D>,
    actor: &str,
) -> Result<(), DbErr> {
    let (mut columns, mut values) = (Vec::new(), Vec::<Value>::new());
    for (column, value) in D::key(&revision.owner) {
        columns.push(column);
        values.push(value.into());
    }
    columns.extend(["revision", "document", "facts", "actor", "created_at"]);
    values.extend([
        revision.number.into(),
        json::write(&revision.document)?.into(),
        json::write(&revision.document.event_facts())?.into(),
        actor.into(),
        micros(revision.created_at).into(),
    ]);
    let (table, rows) = (D::TABLE, placeholders(1, values.len(), 0));
    let text = format!("INSERT INTO {table} ({}) VALUES {rows}", columns.join(", "));
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

#[derive(Debug, FromQueryResult)]
struct StandardFacts {
    service: String,
    facts: String,
}

/// What the unit's event publishes of the newest standard of each public service that has one, by the service's id.
pub async fn standards_facts(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
) -> Result<BTreeMap<String, standard::Facts>, DbErr> {
    let text = "SELECT s.service, s.facts FROM service_standard s
                WHERE s.agency = $1 AND s.unit = $2 AND s.revision =
                    (SELECT MAX(n.revision) FROM service_standard n
                     WHERE n.agency = s.agency AND n.unit = s.unit AND n.service = s.service)";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    let rows = StandardFacts::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await?;
    rows.into_iter()
        .map(|row| Ok((row.service, json::read(unit, "facts of a standard", &row.facts)?)))
        .collect()
}
