//! The log of readings of identities. Rows are only ever added.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, broken},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::{NotSet, QueryOrder, QuerySelect, QueryTrait, Set, entity::prelude::*};

use super::sealed::{Note, open, seal};
use crate::domain::{purpose::Purpose, workflow::Role};

/// Who read which identity, and for which purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// `complaints/{complaint}` or `consultations/{consultation}`.
    pub name: String,
    /// Id of the agency that handled it.
    pub agency: String,
    /// Subject of the token.
    pub actor: String,
    /// Key of the role that permitted the reading.
    pub role: String,
    pub purpose: Purpose,
    /// Name of the RPC.
    pub method: String,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "identity_reading")]
struct Model {
    #[sea_orm(primary_key)]
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

prima_platform::no_relations!();

#[derive(Debug)]
pub struct Line {
    /// Key in the database; later lines have greater ones.
    pub id: i64,
    pub reading: Reading,
    sealed: Vec<u8>,
    sealed_key: String,
}

impl Line {
    /// Decrypts the reason that the reader gave.
    pub fn reason(&self, vault: &Keyring) -> Result<String, Failure> {
        Ok(open::<Note>(vault, &self.sealed_key, &self.sealed)?.0)
    }
}

/// Adds a line; `reason` is encrypted.
pub async fn reading_add_in_txn(
    txn: &Txn,
    vault: &Keyring,
    new: &Reading,
    reason: &Note,
) -> Result<(), Failure> {
    let sealed = seal(vault, reason)?;
    let row = ActiveModel {
        id: NotSet,
        name: Set(new.name.clone()),
        agency: Set(new.agency.clone()),
        actor: Set(new.actor.clone()),
        role: Set(new.role.clone()),
        purpose: Set(new.purpose.key().to_owned()),
        method: Set(new.method.clone()),
        sealed: Set(sealed.bytes),
        sealed_key: Set(sealed.key),
        at: Set(micros(new.at)),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// At most `limit` lines before the database key `before`, the newest first; an empty agency or name stands for all.
/// `own_only` leaves out readings by the national admin, which would reveal to an agency who wrote anonymous reports.
pub async fn readings<'a>(
    conn: &impl ConnectionTrait,
    agency: &'a str,
    name: &'a str,
    own_only: bool,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Line>, DbErr> {
    let given = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    let rows = Entity::find()
        .filter(Column::Id.lt(before.unwrap_or(i64::MAX)))
        .apply_if(own_only.then_some(Role::NationalAdmin), |query, role| {
            query.filter(Column::Role.ne(role.key()))
        })
        .apply_if(given(agency), |query, agency| {
            query.filter(Column::Agency.eq(agency))
        })
        .apply_if(given(name), |query, name| query.filter(Column::Name.eq(name)))
        .order_by_desc(Column::Id)
        .limit(limit);
    let line = |row: Model| {
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
    rows.all(conn).await?.into_iter().map(line).collect()
}
