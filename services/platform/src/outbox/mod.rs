//! The outbox: the state of every aggregate that a service publishes, staged in the transaction that changed it.
//!
//! A row stays after it is published: when the bus loses its data, it is filled again from the outbox.

pub(crate) mod owner;
mod published;
mod reconcile;
mod refused;
mod relay;
mod status;

pub use owner::{adopt, new_identity};
pub use reconcile::restage_all;
pub use refused::Refused;
pub use relay::Relay;
pub use status::Status;

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use tokio::sync::Notify;
use tracing::Span;

use crate::{
    db::{Column, Txn, refusal, sql, table},
    failure::{Failure, Kind},
    trace,
};

/// One aggregate's new state.
#[derive(Debug, Clone)]
pub struct State {
    /// Bus subject, which names the aggregate.
    pub subject: String,
    /// Type of the payload.
    pub event_type: &'static str,
    /// Revision of the rendering; raised when an upgrade renders the same state differently.
    pub revision: i64,
    /// Version taken under the aggregate's lock, see [`crate::clock::Clock::next_version`].
    pub version: i64,
    /// True for the last state of an aggregate that ended.
    pub withdrawn: bool,
    /// Protobuf message.
    pub payload: Vec<u8>,
    /// Trace context of the command.
    pub traceparent: Option<String>,
}

impl State {
    /// A state that the current command stages; withdrawn when there is no payload.
    pub fn new(
        subject: String,
        event_type: &'static str,
        revision: i64,
        version: i64,
        payload: Option<Vec<u8>>,
    ) -> Self {
        Self {
            subject,
            event_type,
            revision,
            version,
            withdrawn: payload.is_none(),
            payload: payload.unwrap_or_default(),
            traceparent: trace::traceparent(&Span::current()),
        }
    }
}

/// Wakes the relay, and has its status; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    wake: Arc<Notify>,
    status: Status,
}

impl Outbox {
    /// Wakes the relay after a transaction that staged states was committed.
    pub fn committed(&self) {
        self.wake.notify_one();
    }

    /// Status of the relay.
    pub fn status(&self) -> &Status {
        &self.status
    }
}

const COLUMNS: [Column; 7] = {
    use Column::{Bytes, Int, Text};
    [Text, Text, Int, Int, Int, Bytes, Text]
};
/// Trace contexts of states that were replaced before they were sent: the newest eight, of 55 characters and a space.
const MERGED: usize = 8 * 56;

/// Longest payload of a state, bytes: the default limit of a NATS server (1 MiB) less room for the headers.
pub const MAX_PAYLOAD: usize = 1_000_000;

/// Stages `states`, each subject at most once. The transaction must have locked their aggregates. If the outbox has a
/// higher version than the aggregate (in a restored database), the staged version becomes one more than it.
///
/// Refuses a state that is longer than [`MAX_PAYLOAD`], so that no state is stored that can never be published.
pub async fn stage(txn: &Txn, states: &[State]) -> Result<(), DbErr> {
    // Rows are locked in key order, here and in the relay, so that transactions don't deadlock.
    let mut states: Vec<&State> = states.iter().collect();
    states.sort_unstable_by(|a, b| a.subject.cmp(&b.subject));
    if let Some(state) = states.iter().find(|s| s.payload.len() > MAX_PAYLOAD) {
        return Err(refusal(too_large(state)));
    }
    for chunk in states.chunks(1000) {
        let rows = chunk.iter().map(|s| {
            [
                s.subject.clone().into(),
                s.event_type.into(),
                s.revision.into(),
                s.version.into(),
                i64::from(s.withdrawn).into(),
                s.payload.clone().into(),
                s.traceparent.clone().unwrap_or_default().into(),
            ]
        });
        let (from, values) = table(txn, COLUMNS, rows, 0);
        let text = format!(
            "INSERT INTO outbox (subject, type, revision, version, withdrawn, payload, traceparent)
             SELECT column1, column2, column3, column4, column5, column6, NULLIF(column7, '') FROM {from} WHERE TRUE
             ON CONFLICT (subject) DO UPDATE SET
                type = excluded.type, revision = excluded.revision, withdrawn = excluded.withdrawn,
                payload = excluded.payload, traceparent = excluded.traceparent,
                merged = CASE WHEN outbox.version > outbox.published_version AND outbox.traceparent IS NOT NULL
                    THEN SUBSTR(outbox.traceparent || ' ' || COALESCE(outbox.merged, ''), 1, {MERGED}) END,
                version = CASE WHEN excluded.version > outbox.version THEN excluded.version
                               ELSE outbox.version + 1 END"
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

fn too_large(state: &State) -> Failure {
    let (subject, bytes) = (&state.subject, state.payload.len());
    Failure::new(
        Kind::Precondition,
        "STATE_TOO_LARGE",
        format!("the state of {subject} has {bytes} bytes, and at most {MAX_PAYLOAD} can be published"),
        format!("Data {subject} terlalu besar ({bytes} bita, paling banyak {MAX_PAYLOAD}); kurangi isinya"),
    )
}

/// Locks rows in key order, as [`stage`] does, before an UPDATE that would lock them in any order. SQLite has one
/// writer and needs no row locks.
async fn lock<'a>(txn: &Txn, subjects: impl Iterator<Item = &'a str>) -> Result<(), DbErr> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (from, values) = table(txn, [Column::Text], subjects.map(|s| [s.into()]), 0);
    let text = format!(
        "SELECT 1 FROM {from} JOIN outbox ON subject = v.column1 ORDER BY subject FOR UPDATE OF outbox"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}
