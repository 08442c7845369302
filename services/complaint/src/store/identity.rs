//! Identities as they lie in the rows of reports and consultations.

use std::fmt;

use prima_platform::{
    db::{Column, Txn, sql, table},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{
    Lock,
    contact::PURPOSE,
    sealed::{Identity, open},
};

/// Whose identity it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Who reported.
    Complaint(name::Complaint),
    /// Who asked.
    Consultation(name::Consultation),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complaint(name) => name.fmt(f),
            Self::Consultation(name) => name.fmt(f),
        }
    }
}

#[derive(Debug, FromQueryResult)]
struct Row {
    agency: String,
    facts: String,
    identity: Option<Vec<u8>>,
    sealed_key: String,
    identity_erased_at: Option<i64>,
}

/// The identity that a row holds.
#[derive(Debug)]
pub struct Held {
    /// Id of the agency that has the report or consultation.
    pub agency: String,
    /// Whether the reporter is hidden from the agency.
    pub anonymous: bool,
    /// Whether it was erased.
    pub erased: bool,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

impl Held {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        self.sealed.is_some()
    }

    /// Who it is; `None` when none was given, or once erased.
    pub fn identity(&self, vault: &Keyring) -> Result<Option<Identity>, Failure> {
        let sealed = self.sealed.as_deref();
        sealed
            .map(|bytes| open(vault, &self.sealed_key, bytes))
            .transpose()
    }
}

#[derive(serde::Deserialize)]
struct Facts {
    anonymous: bool,
}

/// The identity of `subject`; the row can't change before the transaction ends.
pub async fn identity_get(txn: &Txn, subject: &Subject) -> Result<Option<Held>, DbErr> {
    let (facts, from, uid) = match subject {
        Subject::Complaint(name) => ("facts", "complaint", &name.complaint),
        Subject::Consultation(name) => ("'' AS facts", "consultation", &name.consultation),
    };
    let lock = Lock::Share.sql(txn);
    let text = format!(
        "SELECT agency, identity, sealed_key, identity_erased_at, {facts} FROM {from} WHERE uid = $1{lock}"
    );
    let row = Row::find_by_statement(sql(txn, &text, [uid.clone().into()]))
        .one(txn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let anonymous = match subject {
        Subject::Complaint(name) => super::read_json::<Facts>(name, "facts", &row.facts)?.anonymous,
        Subject::Consultation(_) => false,
    };
    Ok(Some(Held {
        agency: row.agency,
        anonymous,
        erased: row.identity_erased_at.is_some(),
        sealed: row.identity,
        sealed_key: row.sealed_key,
    }))
}

/// Reports of one contact that are looked at, at most.
const LOOKED_AT: i64 = 1000;

/// Keys of the reports of a contact, the newest first: of an agency, or of all when it is empty.
pub async fn complaints_of_contact(
    conn: &impl ConnectionTrait,
    vault: &Keyring,
    contact: &str,
    agency: &str,
) -> Result<Vec<i64>, DbErr> {
    let rows = vault.index(PURPOSE, contact).into_iter();
    let (from, mut values) = table(conn, [Column::Bytes], rows.map(|(_, hash)| [hash.into()]), 0);
    let mut of_agency = String::new();
    if !agency.is_empty() {
        values.push(agency.into());
        of_agency = format!(" AND c.agency = ${}", values.len());
    }
    let text = format!(
        "SELECT c.id FROM complaint c WHERE c.id IN (
             SELECT complaint_id FROM contact WHERE hash IN (SELECT column1 FROM {from})){of_agency}
         ORDER BY c.received_at DESC, c.id DESC LIMIT {LOOKED_AT}"
    );
    let rows = conn.query_all_raw(sql(conn, &text, values)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}
