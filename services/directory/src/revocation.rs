//! Revokes tokens. The commands of an operator call this with access to the database of the directory, whether it runs or not: a
//! token that may revoke tokens would be the first to be forged when a key has leaked.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::Clock,
    db::{Database, DbErr},
    outbox,
    token::{Kind, revocation_id},
};

pub use crate::domain::revocation::Revocation;
use crate::{events::publish, store};

/// Longest life of a token, and the leeway of clocks, seconds: a token that was issued before has expired after this.
const LONGEST_LIFE: i64 = 366 * 24 * 3600;

/// What an operator revokes.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// What `value` is.
    pub kind: Kind,
    /// Issuer of the tokens; empty for [`Kind::Text`].
    pub issuer: &'a str,
    /// Id of the token or key, or the subject.
    pub value: &'a str,
    /// Tokens that were issued until this time are refused; `None` for tokens of any time.
    pub issued_until: Option<DateTime<Utc>>,
    /// Why.
    pub reason: &'a str,
}

/// Revokes tokens, and withdraws the revocations that have ended. The relay of the directory publishes both.
///
/// # Errors
///
/// The database fails.
pub async fn revoke(db: &Database, clock: &Clock, new: &New<'_>) -> Result<Revocation, DbErr> {
    let now = clock.now();
    let ends_at = match new.kind {
        // Whoever has a leaked key can sign any time.
        Kind::Key => None,
        Kind::Token | Kind::Text | Kind::Subject => {
            let last = new.issued_until.unwrap_or(now).max(now);
            Some(last.timestamp().saturating_add(LONGEST_LIFE))
        }
    };
    let id = revocation_id(new.kind, new.issuer, new.value);
    let txn = db.begin().await?;
    let known = store::revocation_lock_in_txn(&txn, &id).await?;
    let revocation = Revocation {
        version: clock.next_version(known.as_ref().map_or(0, |known| known.version)),
        id,
        kind: new.kind.as_str().to_owned(),
        issuer: new.issuer.to_owned(),
        value: new.value.to_owned(),
        issued_until: new.issued_until.map(|until| until.timestamp()),
        ends_at,
        reason: new.reason.to_owned(),
        created_at: now,
    };
    let revocation = revocation.and(known);
    store::revocation_save_in_txn(&txn, &revocation).await?;
    let mut states = vec![publish::revocation(&revocation)];
    for ended in store::revocation_delete_ended_in_txn(&txn, now.timestamp()).await? {
        states.push(publish::ended_revocation(
            &ended,
            clock.next_version(ended.version),
        ));
    }
    outbox::stage(&txn, &states).await?;
    txn.commit().await?;
    Ok(revocation)
}

/// All revocations, the newest first.
///
/// # Errors
///
/// The database fails.
pub async fn list(db: &Database) -> Result<Vec<Revocation>, DbErr> {
    store::revocation_list(db).await
}
