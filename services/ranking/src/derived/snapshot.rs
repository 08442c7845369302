//! The snapshot: written in the background, loaded at start. It is written from memory as a whole and not key by key, thus by a
//! loop of its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use prima_platform::{
    bus::{self, Bus, matches},
    clock::from_micros,
    consume::{Freshness, Position, Saved, Source},
    db::Database,
};
use sea_orm::DbErr;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{history::Unwritten, tables::Tables};
use crate::store::{
    StoredPosition, snapshot_page, snapshot_position_save, snapshot_positions, snapshot_save,
    snapshot_source_save, snapshot_sources,
};

const EVERY: Duration = Duration::from_millis(500);
/// How long states may wait while streams are being read: saving each of them would take the processors from reading.
const WHILE_READING: Duration = Duration::from_secs(30);
/// How many states may wait then, a few hundred bytes each.
const MOST_WAITING: usize = 500_000;
const PAGE: u64 = 10_000;

/// Applies the stored states of the subjects that are followed; others would never be updated again. Returns when the
/// newest of them was received; `None` when there are none.
pub async fn load(
    db: &Database,
    tables: &Arc<Tables>,
    sources: &[Source],
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let filters: Vec<&String> = sources.iter().flat_map(|source| &source.filters).collect();
    let mut newest = None;
    let mut rows = snapshot_page(db, "", PAGE).await?;
    while let Some(last) = rows.last() {
        let after = last.subject.clone();
        rows.retain(|row| filters.iter().any(|filter| matches(filter, &row.subject)));
        newest = newest.max(rows.iter().map(|row| row.applied_at).max());
        // The next page is read while this one is applied.
        let applying = tables.clone();
        let applied = tokio::task::spawn_blocking(move || applying.apply_if_newer(rows));
        rows = snapshot_page(db, &after, PAGE).await?;
        applied.await.map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    Ok(newest.map(from_micros))
}

/// The filters of a source as they are stored: a position says nothing about subjects that were not followed.
fn filters(source: &Source) -> String {
    source.filters.join(" ")
}

/// Lets each source be followed from the position up to which the snapshot has all of its states.
pub async fn resume(db: &Database, sources: &[Source], freshness: &Freshness) -> Result<(), DbErr> {
    for row in snapshot_positions(db).await? {
        let source = sources.iter().find(|source| source.service == row.service);
        if source.is_some_and(|source| filters(source) == row.filters) {
            freshness.save(&row.service, row.saved());
        }
    }
    Ok(())
}

/// Whether the snapshot was complete once: it contained everything that `services` had published.
pub async fn complete(db: &Database, services: &[String]) -> Result<bool, DbErr> {
    let complete = snapshot_sources(db).await?;
    Ok(services.iter().all(|service| complete.contains(service)))
}

/// Saves what a replica has received.
pub struct Saver {
    /// Where it is saved.
    pub db: Database,
    /// What was received.
    pub tables: Arc<Tables>,
    /// From where it is received.
    pub bus: Arc<dyn Bus>,
    /// The streams that are followed.
    pub sources: Vec<Source>,
    /// How far they were followed.
    pub freshness: Freshness,
    /// What the history gets; it begins with what the snapshot has once the streams were read to their ends.
    pub unwritten: Arc<Unwritten>,
}

impl Saver {
    /// Saves the received states periodically, and once more at `stop`. A state that was not saved is received again from
    /// the bus. Once every stream was read to its end and saved, the snapshot of the sources is recorded as complete.
    pub async fn run(self, stop: CancellationToken) {
        let fresh = self.freshness.fresh();
        let start = Instant::now();
        let mut is_recorded = false;
        let mut positions = BTreeMap::new();
        loop {
            tokio::select! { () = stop.cancelled() => {} () = self.pause() => {} }
            let stopping = stop.is_cancelled();
            // These are read before the states are taken: everything that was received until then is in this save.
            let complete = *fresh.borrow();
            let settled = self.freshness.settled();
            // A stream that nobody publishes does not delay the history for ever.
            let is_read = complete || start.elapsed() >= WHILE_READING;
            if is_read {
                self.unwritten.begin();
            }
            // Millions of them are sorted.
            let tables = self.tables.clone();
            let Ok(states) = tokio::task::spawn_blocking(move || tables.take_unsaved()).await else {
                return;
            };
            let saved = match snapshot_save(&self.db, &states).await {
                Ok(()) if complete && !is_recorded => {
                    is_recorded = true;
                    let services: Vec<String> = self.sources.iter().map(|s| s.service.clone()).collect();
                    snapshot_source_save(&self.db, &services).await
                }
                Ok(()) => Ok(()),
                Err(error) => {
                    self.tables.put_back(states);
                    Err(error)
                }
            };
            if let Err(error) = saved {
                is_recorded = false;
                tracing::warn!(%error, "snapshot not saved; trying again");
            } else {
                if is_read {
                    self.unwritten.saved();
                }
                self.record(settled, &mut positions).await;
            }
            if stopping {
                return;
            }
        }
    }

    /// Waits until it is time to save: soon, unless streams are being read to their ends.
    async fn pause(&self) {
        let start = Instant::now();
        loop {
            tokio::time::sleep(EVERY).await;
            let reading = !*self.freshness.fresh().borrow();
            if !reading || start.elapsed() >= WHILE_READING || self.tables.unsaved() >= MOST_WAITING {
                return;
            }
        }
    }

    /// Records the positions up to which all states are saved, after these states. `recorded` are those of the last call.
    async fn record(&self, settled: Vec<Position>, recorded: &mut BTreeMap<String, (i64, u64)>) {
        for position in settled {
            let at = (position.created, position.sequence);
            if recorded.get(&position.service) == Some(&at) {
                continue;
            }
            match self.save(&position).await {
                Ok(()) => _ = recorded.insert(position.service, at),
                // The earlier position stays true.
                Err(error) => tracing::debug!(service = position.service, %error, "position not saved"),
            }
        }
    }

    async fn save(&self, position: &Position) -> Result<(), SaveError> {
        let Position {
            service,
            created,
            sequence,
            ..
        } = position;
        let Some(source) = self.sources.iter().find(|source| source.service == *service) else {
            return Ok(());
        };
        // A message that was replaced meanwhile identifies no position; the next one will.
        let Some(stored) = self.bus.stored(service, *sequence).await? else {
            return Ok(());
        };
        let saved = Saved {
            created: *created,
            sequence: *sequence,
            stored,
        };
        snapshot_position_save(&self.db, StoredPosition::new(service, filters(source), saved)).await?;
        self.freshness.save(service, saved);
        Ok(())
    }
}

/// Why a position could not be saved.
#[derive(Debug, thiserror::Error)]
enum SaveError {
    #[error(transparent)]
    Bus(#[from] bus::Error),
    #[error(transparent)]
    Database(#[from] DbErr),
}
