//! The log of readings of identities. It only grows.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{
    broken,
    sealed::{Note, open, seal},
};
use crate::domain::{purpose::Purpose, workflow::Role};

/// Who read what, and why; the occasion aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// `complaints/{complaint}` or `consultations/{consultation}`.
    pub name: String,
    /// Id of the agency that had it.
    pub agency: String,
    /// Subject of the token.
    pub actor: String,
    /// Key of the role by which it was allowed.
    pub role: String,
    /// Why.
    pub purpose: Purpose,
    /// `ReadIdentity` or `FindComplaints`.
    pub method: String,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    name: String,
    agency: String,
    actor: String,
    role: String,
    purpose: String,
    method: String,
    sealed: Vec<u8>,
    sealed_key: String,
    at: i64,
}

/// A line of the log as stored.
#[derive(Debug)]
pub struct Line {
    /// Key in the database; later lines have greater ones.
    pub id: i64,
    /// Who read what, and why.
    pub reading: Reading,
    sealed: Vec<u8>,
    sealed_key: String,
}

impl Line {
    /// The occasion.
    pub fn reason(&self, vault: &Keyring) -> Result<String, Failure> {
        Ok(open::<Note>(vault, &self.sealed_key, &self.sealed)?.0)
    }
}

/// Adds a line; `reason` is sealed.
pub async fn reading_add(txn: &Txn, vault: &Keyring, new: &Reading, reason: &Note) -> Result<(), Failure> {
    let sealed = seal(vault, reason)?;
    let values = [
        new.name.clone().into(),
        new.agency.clone().into(),
        new.actor.clone().into(),
        new.role.clone().into(),
        new.purpose.key().into(),
        new.method.clone().into(),
        sealed.bytes.into(),
        sealed.key.into(),
        micros(new.at).into(),
    ];
    let text =
        "INSERT INTO identity_reading (name, agency, actor, role, purpose, method, sealed, sealed_key, at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Lines before the key `before`, the newest first, at most `limit`; an empty agency or name stands for all.
/// `own_only` leaves out what the national admin read: it would tell an agency who is behind anonymous reports.
pub async fn readings(
    conn: &impl ConnectionTrait,
    agency: &str,
    name: &str,
    own_only: bool,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Line>, DbErr> {
    let mut conditions = vec!["id < $1".to_owned()];
    let mut values = vec![before.unwrap_or(i64::MAX).into()];
    if own_only {
        values.push(Role::NationalAdmin.key().into());
        conditions.push(format!("role <> ${}", values.len()));
    }
    for (column, value) in [("agency", agency), ("name", name)] {
        if !value.is_empty() {
            values.push(value.into());
            conditions.push(format!("{column} = ${}", values.len()));
        }
    }
    let text = format!(
        "SELECT id, name, agency, actor, role, purpose, method, sealed, sealed_key, at FROM identity_reading
         WHERE {} ORDER BY id DESC LIMIT {limit}",
        conditions.join(" AND ")
    );
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let line = |row: Row| {
        let purpose = Purpose::parse(&row.purpose);
        Ok(Line {
            reading: Reading {
                purpose: purpose.ok_or_else(|| broken(format!("identity_reading {}", row.id), "purpose"))?,
                name: row.name,
                agency: row.agency,
                actor: row.actor,
                role: row.role,
                method: row.method,
                at: from_micros(row.at),
            },
            id: row.id,
            sealed: row.sealed,
            sealed_key: row.sealed_key,
        })
    };
    rows.into_iter().map(line).collect()
}
