//! What was revoked: single tokens, all tokens of a subject that were issued until a time, and all tokens of a key.
//!
//! The directory owns the list and publishes it as states; each process follows them, so a revocation reaches every replica as soon
//! as the bus does, and lost states are found as those of units are. What a process has received is kept in the databases of its
//! services, so it is refused after a restart as well, also while the bus is down. States contain digests and times, neither
//! tokens nor names.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ring::digest::{SHA256, digest};
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::claims::Claims;
use crate::{
    bus::Delivery,
    consume::{Projection, Received, Source},
    db::{Database, Step, sql},
    jws::{Key, hex},
};

/// When to try again to store what was revoked.
const RETRY: Duration = Duration::from_secs(2);

/// The table of what a process has received; `issued_until` is in unix seconds, -1 for any time.
pub const STEP: Step = Step {
    name: "m0000_platform_revoked",
    statements: &[
        "CREATE TABLE revoked (
            id {key} PRIMARY KEY, version BIGINT NOT NULL, issued_until BIGINT NOT NULL, withdrawn BIGINT NOT NULL)",
    ],
};

/// What a revocation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A token by its id (`jti`).
    Token,
    /// A token without an id, by the SHA-256 of its text in hexadecimal.
    Text,
    /// A subject (`sub`): all its tokens that were issued until a time.
    Subject,
    /// A key of this installation, by the id that follows from it.
    Key,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Token, Self::Text, Self::Subject, Self::Key];

    /// The name under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Text => "text",
            Self::Subject => "subject",
            Self::Key => "key",
        }
    }
}

/// SHA-256 of what is revoked.
type Digest = [u8; 32];

fn digest_of(kind: Kind, issuer: &str, value: &str) -> Digest {
    let text = serde_json::json!([kind.as_str(), issuer, value]).to_string();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

fn unhex(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The id of a revocation, the last part of its subject on the bus: 64 hexadecimal digits.
pub fn id(kind: Kind, issuer: &str, value: &str) -> String {
    hex(&digest_of(kind, issuer, value))
}

/// What could be revoked of one token.
#[derive(Debug)]
pub(super) struct Marks {
    digests: Vec<Digest>,
    issued: i64,
}

impl Marks {
    /// The marks of a token with these claims, which `key` has signed; `text` is the SHA-256 of the token.
    pub(super) fn of(issuer: &str, claims: &Claims, key: &Key, text: &Digest) -> Self {
        let mut digests = vec![
            digest_of(Kind::Text, "", &hex(text)),
            digest_of(Kind::Subject, issuer, &claims.subject),
        ];
        digests.extend(claims.id.as_ref().map(|id| digest_of(Kind::Token, issuer, id)));
        digests.extend(key.id().map(|id| digest_of(Kind::Key, issuer, &id)));
        Self {
            digests,
            issued: claims.issued,
        }
    }
}

/// The state of one revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Version of the state.
    pub version: i64,
    /// Tokens that were issued until this time are refused, unix seconds; `None` for tokens of any time.
    pub issued_until: Option<i64>,
    /// Whether the revocation has ended, because no token that it names can still be valid.
    pub withdrawn: bool,
}

/// Where revocations are published.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// Service that publishes them.
    pub service: &'static str,
    /// Subject filter, which ends in `.>`; the rest of a subject is the id.
    pub filter: &'static str,
    /// Reads `issued_until` from a payload; the outer `None` when it is malformed.
    pub read: fn(&[u8]) -> Option<Option<i64>>,
}

impl Feed {
    /// The states to follow.
    pub fn source(&self) -> Source {
        Source::new(self.service, &[self.filter])
    }

    fn id(&self, subject: &str) -> Option<Digest> {
        unhex(subject.strip_prefix(self.filter.trim_end_matches('>'))?)
    }
}

/// Everything that was revoked, as this process knows it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Revoked(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    feed: Option<Feed>,
    states: RwLock<HashMap<Digest, Revocation>>,
    changed: watch::Sender<()>,
}

impl Default for Revoked {
    /// Nothing is revoked, and nothing is followed.
    fn default() -> Self {
        Self::following(None)
    }
}

impl Revoked {
    /// What is published on `feed`.
    pub fn following(feed: Option<Feed>) -> Self {
        Self(Arc::new(Inner {
            feed,
            states: RwLock::default(),
            changed: watch::Sender::new(()),
        }))
    }

    /// Whether one of these is revoked.
    pub(super) fn refuses(&self, marks: &Marks) -> bool {
        let states = self.0.states.read().unwrap_or_else(PoisonError::into_inner);
        if states.is_empty() {
            return false;
        }
        let mut found = marks.digests.iter().filter_map(|digest| states.get(digest));
        found.any(|state| !state.withdrawn && state.issued_until.is_none_or(|until| marks.issued <= until))
    }

    /// Watch channel: what is revoked has changed.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Takes over a state, unless a newer one is known.
    fn put(&self, id: Digest, state: Revocation) {
        let mut states = self.0.states.write().unwrap_or_else(PoisonError::into_inner);
        if states
            .get(&id)
            .is_some_and(|known| known.version >= state.version)
        {
            return;
        }
        states.insert(id, state);
        drop(states);
        self.0.changed.send_replace(());
    }

    /// Takes over what is stored under `id`.
    #[cfg(test)]
    pub(super) fn put_for_test(&self, id: &str, state: Revocation) {
        self.put(unhex(id).unwrap(), state);
    }

    /// Everything that is known, by id.
    fn all(&self) -> BTreeMap<Digest, Revocation> {
        let states = self.0.states.read().unwrap_or_else(PoisonError::into_inner);
        states.iter().map(|(id, state)| (*id, *state)).collect()
    }
}

impl Projection for Revoked {
    fn apply(&self, delivery: &Delivery) {
        let (event, feed) = (&delivery.event, self.0.feed);
        let read = || {
            let feed = feed?;
            let id = feed.id(&event.subject)?;
            let issued_until = match event.withdrawn {
                true => None,
                false => (feed.read)(&event.payload)?,
            };
            let state = Revocation {
                version: event.version,
                issued_until,
                withdrawn: event.withdrawn,
            };
            Some((id, state))
        };
        match read() {
            Some((id, state)) => self.put(id, state),
            None => tracing::error!(subject = %event.subject, "a revocation can't be read"),
        }
    }

    fn version(&self, subject: &str) -> Option<i64> {
        let id = self.0.feed?.id(subject)?;
        let states = self.0.states.read().unwrap_or_else(PoisonError::into_inner);
        states.get(&id).map(|state| state.version)
    }

    fn retain(&self, _source: &Source, subjects: &Received) {
        let Some(feed) = self.0.feed else { return };
        let prefix = feed.filter.trim_end_matches('>');
        let mut states = self.0.states.write().unwrap_or_else(PoisonError::into_inner);
        let before = states.len();
        states.retain(|id, _| subjects.version(&format!("{prefix}{}", hex(id))).is_some());
        let changed = states.len() != before;
        drop(states);
        if changed {
            tracing::warn!("revocations that the directory no longer has are dropped");
            self.0.changed.send_replace(());
        }
    }
}

/// Reads what a service has stored into `revoked`.
///
/// # Errors
///
/// The database fails.
pub async fn load(db: &Database, revoked: &Revoked) -> Result<(), DbErr> {
    let reader = db.reader();
    let text = "SELECT id, version, issued_until, withdrawn FROM revoked";
    for row in reader.query_all_raw(sql(reader, text, [])).await? {
        let (id, until, withdrawn): (String, i64, i64) = (
            row.try_get("", "id")?,
            row.try_get("", "issued_until")?,
            row.try_get("", "withdrawn")?,
        );
        let state = Revocation {
            version: row.try_get("", "version")?,
            issued_until: (until >= 0).then_some(until),
            withdrawn: withdrawn != 0,
        };
        if let Some(id) = unhex(&id) {
            revoked.put(id, state);
        }
    }
    Ok(())
}

/// Stores what is received until `stop`.
pub async fn persist(db: Database, revoked: Revoked, stop: CancellationToken) {
    let mut changed = revoked.0.changed.subscribe();
    let mut stored = BTreeMap::new();
    loop {
        let pause = match store(&db, &revoked.all(), &mut stored).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "revocations are not stored; trying again");
                Some(RETRY)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    // The sender lives as long as `revoked`.
                    None => drop(changed.changed().await),
                }
            } => {}
        }
    }
}

/// Stores the difference between what is known and what this process has stored. Replicas store the same; the newest wins.
async fn store(
    db: &Database,
    known: &BTreeMap<Digest, Revocation>,
    stored: &mut BTreeMap<Digest, Revocation>,
) -> Result<(), DbErr> {
    let conn = db.writer();
    for (id, state) in known.iter().filter(|(id, state)| stored.get(*id) != Some(*state)) {
        let text = "INSERT INTO revoked (id, version, issued_until, withdrawn) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (id) DO UPDATE SET version = excluded.version, issued_until = excluded.issued_until,
                        withdrawn = excluded.withdrawn
                    WHERE revoked.version < excluded.version";
        let values = [
            hex(id).into(),
            state.version.into(),
            state.issued_until.unwrap_or(-1).into(),
            i64::from(state.withdrawn).into(),
        ];
        conn.execute_raw(sql(conn, text, values)).await?;
    }
    for id in stored.keys().filter(|id| !known.contains_key(*id)) {
        let text = "DELETE FROM revoked WHERE id = $1";
        conn.execute_raw(sql(conn, text, [hex(id).into()])).await?;
    }
    stored.clone_from(known);
    Ok(())
}
