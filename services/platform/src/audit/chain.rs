//! The chain of the audit log. Entries are appended by many transactions at once, so each waits in a table of its own until it
//! is linked: it gets the next position and a hash over the hash before, the position and its bytes. Replicas link one after
//! the other, by a lock on the head of the chain.

use std::time::Duration;

use prima_proto::{
    audit::v1::AuditEntry,
    event::v1::AuditHeadState,
    subject::{self, AUDIT_HEAD_TYPE},
};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    db::{Database, Txn, sql},
    outbox::{self, State},
};

/// How often new entries are linked.
const EVERY: Duration = Duration::from_millis(500);
/// Most entries that one transaction links.
const MOST: i64 = 500;

#[derive(Debug, FromQueryResult)]
struct Head {
    position: i64,
    hash: String,
}

#[derive(Debug, FromQueryResult)]
struct Pending {
    id: i64,
    entry: Vec<u8>,
}

#[derive(Debug, FromQueryResult)]
struct Linked {
    position: i64,
    entry: Vec<u8>,
    hash: String,
}

/// What a verification of the log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Number of entries whose hashes fit, which is the position of the last of them.
    pub entries: i64,
    /// Hash of that entry; empty when there is none.
    pub hash: String,
    /// Position of the first entry that does not fit.
    pub broken: Option<i64>,
    /// Whether the entry that the caller knows is in the log.
    pub contains_known: bool,
}

/// Links the new entries of a service until `stop`.
pub(crate) async fn run(db: Database, service: &'static str, stop: CancellationToken) {
    if let Err(error) = stage_first(&db, service).await {
        tracing::warn!(%error, "the head of the audit log is published with the next entry");
    }
    loop {
        if let Err(error) = link(&db, service).await {
            tracing::warn!(%error, "entries of the audit log are not linked yet; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Links all entries of a service that were appended before, and stages the head of its chain: others keep it where an
/// administrator of this database can't change it.
pub async fn link(db: &Database, service: &str) -> Result<(), DbErr> {
    while any_pending(db).await? && link_some(db, service).await? == MOST {}
    Ok(())
}

async fn any_pending(db: &Database) -> Result<bool, DbErr> {
    let reader = db.reader();
    let found = reader
        .query_one_raw(sql(reader, "SELECT 1 FROM audit_pending LIMIT 1", []))
        .await?;
    Ok(found.is_some())
}

async fn link_some(db: &Database, service: &str) -> Result<i64, DbErr> {
    let txn = db.begin().await?;
    let lock = if txn.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE"
    } else {
        ""
    };
    let text = format!("SELECT position, hash FROM audit_head WHERE one = 1{lock}");
    let head = Head::find_by_statement(sql(&txn, &text, [])).one(&txn).await?;
    let mut head = head.ok_or_else(|| DbErr::RecordNotFound("audit_head".into()))?;
    let text = "SELECT id, entry FROM audit_pending ORDER BY id LIMIT $1";
    let pending = Pending::find_by_statement(sql(&txn, text, [MOST.into()]))
        .all(&txn)
        .await?;
    for row in &pending {
        let entry = AuditEntry::decode(row.entry.as_slice()).map_err(|e| DbErr::Custom(e.to_string()))?;
        head.position += 1;
        head.hash = hash(&head.hash, head.position, &row.entry);
        let at = entry
            .time
            .map_or(0, |t| t.seconds * 1_000_000 + i64::from(t.nanos) / 1000);
        let values: [Value; 8] = [
            head.position.into(),
            at.into(),
            entry.agency.into(),
            entry.subject.into(),
            entry.method.into(),
            i64::from(entry.decision).into(),
            row.entry.clone().into(),
            head.hash.clone().into(),
        ];
        let text = "INSERT INTO audit (position, at, agency, subject, method, decision, entry, hash)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        txn.execute_raw(sql(&txn, text, values)).await?;
        txn.execute_raw(sql(
            &txn,
            "DELETE FROM audit_pending WHERE id = $1",
            [row.id.into()],
        ))
        .await?;
    }
    let text = "UPDATE audit_head SET position = $1, hash = $2 WHERE one = 1";
    txn.execute_raw(sql(&txn, text, [head.position.into(), head.hash.clone().into()]))
        .await?;
    if !pending.is_empty() {
        stage(&txn, service, head).await?;
    }
    txn.commit().await?;
    Ok(pending.len().try_into().unwrap_or(i64::MAX))
}

/// Stages the head of the chain of a service.
async fn stage(txn: &Txn, service: &str, head: Head) -> Result<(), DbErr> {
    let Head { position, hash } = head;
    let payload = AuditHeadState { position, hash }.encode_to_vec();
    let subject = subject::audit_head(service);
    let state = State::new(subject, AUDIT_HEAD_TYPE, 1, position, Some(payload));
    outbox::stage(txn, &[state]).await
}

/// Stages the head of a chain that a release which published none has linked.
pub async fn stage_first(db: &Database, service: &str) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    let text = "SELECT position, hash FROM audit_head WHERE one = 1 AND position > 0
                AND NOT EXISTS (SELECT 1 FROM outbox WHERE subject = $1)";
    let subject = subject::audit_head(service);
    let head = Head::find_by_statement(sql(&txn, text, [subject.into()]))
        .one(&txn)
        .await?;
    if let Some(head) = head {
        stage(&txn, service, head).await?;
    }
    txn.commit().await
}

/// Hash of an entry, hexadecimal.
fn hash(before: &str, position: i64, entry: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(before.as_bytes());
    digest.update(position.to_be_bytes());
    digest.update(entry);
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Computes all hashes again. `known` is an entry that was noted before, by position and hash.
pub async fn verify(db: &Database, service: &str, known: Option<(i64, &str)>) -> Result<Verified, DbErr> {
    link(db, service).await?;
    let reader = db.reader();
    let text = "SELECT position, hash FROM audit_head WHERE one = 1";
    let head = Head::find_by_statement(sql(reader, text, [])).one(reader).await?;
    let mut found = Verified {
        entries: 0,
        hash: String::new(),
        broken: None,
        contains_known: known.is_none(),
    };
    loop {
        let text = "SELECT position, entry, hash FROM audit WHERE position > $1 ORDER BY position LIMIT $2";
        let rows = Linked::find_by_statement(sql(reader, text, [found.entries.into(), MOST.into()]))
            .all(reader)
            .await?;
        let is_last = rows.len() < usize::try_from(MOST).unwrap_or(usize::MAX);
        for row in rows {
            let expected = hash(&found.hash, found.entries + 1, &row.entry);
            if row.position != found.entries + 1 || row.hash != expected {
                found.broken = Some(found.entries + 1);
                return Ok(found);
            }
            found.entries = row.position;
            found.hash = row.hash;
            found.contains_known |= known == Some((found.entries, found.hash.as_str()));
        }
        if is_last {
            break;
        }
    }
    // The head is written with each link, so entries that are missing at the end show as well.
    if found.entries < head.map_or(0, |head| head.position) {
        found.broken = Some(found.entries + 1);
    }
    Ok(found)
}

/// Position and hash of the last linked entry; `None` while there is none.
pub async fn head(conn: &impl ConnectionTrait) -> Result<Option<(i64, String)>, DbErr> {
    let text = "SELECT position, hash FROM audit_head WHERE one = 1";
    let head = Head::find_by_statement(sql(conn, text, [])).one(conn).await?;
    Ok(head
        .filter(|head| head.position > 0)
        .map(|head| (head.position, head.hash)))
}
