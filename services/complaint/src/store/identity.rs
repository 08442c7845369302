//! Reads the identities in the rows of reports and consultations.

use std::fmt;

use prima_platform::{
    db::{Column, Txn, sql, table},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::entity::prelude::*;

use super::{
    Lock, complaint, consultation,
    contact::{PURPOSE, contact_renew_in_txn},
    rotation,
    sealed::{Identity, open_optional, seal},
};

/// The report or consultation whose identity is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A report, with its reporter.
    Complaint(name::Complaint),
    /// A consultation, with its asker.
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

/// The identity in a row, still encrypted.
#[derive(Debug)]
pub struct StoredIdentity {
    /// Key in the database of the report or consultation.
    pub id: i64,
    /// Id of the agency that handles the report or consultation.
    pub agency: String,
    /// Whether the identity is hidden from the agency.
    pub anonymous: bool,
    pub erased: bool,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

impl StoredIdentity {
    /// Whether an identity was given and is not erased.
    pub fn is_given(&self) -> bool {
        self.sealed.is_some()
    }

    /// Decrypts the identity; `None` when none was given, or once erased.
    pub fn identity(&self, vault: &Keyring) -> Result<Option<Identity>, Failure> {
        open_optional(vault, &self.sealed_key, self.sealed.as_deref())
    }
}

#[derive(serde::Deserialize)]
struct Facts {
    anonymous: bool,
}

/// The identity of `subject`, whose row is locked as `lock` says.
pub async fn identity_get_in_txn(
    txn: &Txn,
    subject: &Subject,
    lock: Lock,
) -> Result<Option<StoredIdentity>, DbErr> {
    match subject {
        Subject::Complaint(name) => {
            let one = complaint::Entity::find();
            let one = one.filter(complaint::Column::Uid.eq(name.complaint.as_str()));
            let Some(row) = lock.on(one).one(txn).await? else {
                return Ok(None);
            };
            Ok(Some(StoredIdentity {
                id: row.id,
                anonymous: super::read_json::<Facts>(name, "facts", &row.facts)?.anonymous,
                agency: row.agency,
                erased: row.identity_erased_at.is_some(),
                sealed: row.identity,
                sealed_key: row.sealed_key,
            }))
        }
        Subject::Consultation(name) => {
            let one = consultation::Entity::find();
            let one = one.filter(consultation::Column::Uid.eq(name.consultation.as_str()));
            let row = lock.on(one).one(txn).await?;
            Ok(row.map(|row| StoredIdentity {
                id: row.id,
                anonymous: false,
                agency: row.agency,
                erased: row.identity_erased_at.is_some(),
                sealed: row.identity,
                sealed_key: row.sealed_key,
            }))
        }
    }
}

/// Replaces the identity of a locked report or consultation with the database key `id`, which is stored and not erased, and
/// indexes its contacts again.
pub async fn identity_replace_in_txn(
    txn: &Txn,
    vault: &Keyring,
    (subject, id): (&Subject, i64),
    identity: &Identity,
) -> Result<(), Failure> {
    let table = match subject {
        Subject::Complaint(_) => &rotation::COMPLAINT,
        Subject::Consultation(_) => &rotation::CONSULTATION,
    };
    // A row has one key, so everything in it is encrypted under the current one first.
    table.renew_row(txn, vault, id).await?;
    let sealed = seal(vault, identity)?;
    let text = format!(
        "UPDATE {} SET identity = $2 WHERE id = $1 AND sealed_key = $3",
        table.name()
    );
    let values = [id.into(), sealed.bytes.into(), sealed.key.into()];
    let changed = txn.execute_raw(sql(txn, &text, values)).await?;
    if changed.rows_affected() != 1 {
        return Err(Failure::internal("the identity of a locked row was not replaced"));
    }
    if let Subject::Complaint(_) = subject {
        contact_renew_in_txn(txn, vault, id, Some(identity)).await?;
    }
    Ok(())
}

/// How many reports of one contact are read at most.
const READ_MAX: i64 = 1000;

/// Database keys of the reports of a contact, the newest first; an empty agency stands for all.
pub async fn complaints_of_contact(
    conn: &impl ConnectionTrait,
    vault: &Keyring,
    contact: &str,
    agency: &str,
) -> Result<Vec<i64>, DbErr> {
    // Raw SQL, because there are as many hashes as keys.
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
         ORDER BY c.received_at DESC, c.id DESC LIMIT {READ_MAX}"
    );
    let rows = conn.query_all_raw(sql(conn, &text, values)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}
