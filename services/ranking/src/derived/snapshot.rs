//! The snapshot: written in the background, loaded at start. It is written from memory as a whole and not key by key, thus by a
//! loop of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use prima_platform::{
    bus::{self, Bus, matches},
    clock::from_micros,
    consume::{Freshness, Position, Saved, Source},
    db::Database,
    id::Ids,
};
use sea_orm::DbErr;
use tokio::{
    task::{JoinError, JoinHandle},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    compaction::Compaction,
    history::Unwritten,
    segment::{self, BadSegment},
    tables::{self, Reading, Tables},
};
use crate::store::{
    StoredPosition, StoredState, segment_body, segment_ids, segments_extent, snapshot_page,
    snapshot_position_save, snapshot_positions, snapshot_save, snapshot_source_save, snapshot_sources,
};

const EVERY: Duration = Duration::from_millis(500);
/// How long states may wait while streams are being read: saving each of them would take the processors from reading.
const WHILE_READING: Duration = Duration::from_secs(30);
/// How many states may wait then, a few hundred bytes each.
const MOST_WAITING: usize = 500_000;
const PAGE: u64 = 10_000;
/// Segments that are read and decoded before they are applied.
const READ_AHEAD: usize = 2;

/// Applies the stored states of the subjects that are followed; others would never be updated again. Returns when the
/// newest of them was received; `None` when there are none.
pub async fn load(
    db: &Database,
    tables: &Arc<Tables>,
    sources: &[Source],
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let filters: Arc<[String]> = sources.iter().flat_map(|source| source.filters.clone()).collect();
    let loading = Loading {
        tables: tables.clone(),
        filters,
        newest: None,
        applying: None,
    };
    // Nobody reads the tables before they are loaded.
    tables.defer();
    // The rows are complete as well, and those of a release before this one are in no segment.
    let newest = match segments_extent(db).await?.whole {
        Some(_) => match loading.segments(db).await? {
            Ok(newest) => newest,
            Err((error, loading)) => {
                tracing::warn!(%error, "reading the rows of the snapshot");
                loading.rows(db).await?
            }
        },
        None => loading.rows(db).await?,
    };
    let arranging = tables.clone();
    tokio::task::spawn_blocking(move || arranging.arrange())
        .await
        .map_err(failed)?;
    Ok(newest.map(from_micros))
}

/// A snapshot that is being loaded: what was read last is applied while the next part is read.
struct Loading {
    tables: Arc<Tables>,
    filters: Arc<[String]>,
    newest: Option<i64>,
    applying: Option<JoinHandle<()>>,
}

impl Loading {
    async fn rows(mut self, db: &Database) -> Result<Option<i64>, DbErr> {
        let mut after = String::new();
        loop {
            let rows = snapshot_page(db, &after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.subject);
            let read = rows.into_iter().map(|mut row| {
                let payload = std::mem::take(&mut row.payload);
                let reading = tables::read(&row.subject, row.withdrawn != 0, &payload);
                (row, reading)
            });
            self.apply(read.collect()).await?;
        }
        self.end().await
    }

    /// Loads the segments, several of which are read at once. Gives itself back when one of them can't be read.
    async fn segments(mut self, db: &Database) -> Result<Result<Option<i64>, (BadSegment, Self)>, DbErr> {
        let mut loaded = BTreeSet::new();
        loop {
            // Another replica may replace segments by others with the same states, which are then read as well.
            let mut ids = segment_ids(db, i64::MAX).await?;
            ids.retain(|id| !loaded.contains(id));
            if ids.is_empty() {
                return Ok(Ok(self.end().await?));
            }
            loaded.extend(ids.iter().cloned());
            let read = futures::stream::iter(ids).map(|id| async move {
                let Some(body) = segment_body(db, &id).await? else {
                    return Ok(Ok(Vec::new()));
                };
                let decoding = tokio::task::spawn_blocking(move || segment::read(&body));
                decoding.await.map_err(failed)
            });
            let mut read = pin!(read.buffered(READ_AHEAD));
            while let Some(states) = read.next().await {
                match states? {
                    Ok(states) => self.apply(states).await?,
                    Err(error) => return Ok(Err((error, self))),
                }
            }
        }
    }

    /// Applies states once those before are applied.
    async fn apply(&mut self, mut states: Vec<(StoredState, Reading)>) -> Result<(), DbErr> {
        let filters = &self.filters;
        states.retain(|(state, _)| filters.iter().any(|filter| matches(filter, &state.subject)));
        let newest = states.iter().map(|(state, _)| state.applied_at).max();
        self.newest = self.newest.max(newest);
        if let Some(applying) = self.applying.take() {
            applying.await.map_err(failed)?;
        }
        let tables = self.tables.clone();
        self.applying = Some(tokio::task::spawn_blocking(move || {
            tables.apply_read(states);
        }));
        Ok(())
    }

    async fn end(mut self) -> Result<Option<i64>, DbErr> {
        if let Some(applying) = self.applying.take() {
            applying.await.map_err(failed)?;
        }
        Ok(self.newest)
    }
}

fn failed(error: JoinError) -> DbErr {
    DbErr::Custom(error.to_string())
}

/// The filters of a source as they are stored: a position says nothing about subjects that were not followed.
fn filters(source: &Source) -> String {
    source.filters.join(" ")
}

/// Lets each source be followed from the position up to which the snapshot has all of its states. After a release without
/// segments, streams are read from their beginnings once.
pub async fn resume(db: &Database, sources: &[Source], freshness: &Freshness) -> Result<(), DbErr> {
    if segments_extent(db).await?.whole.is_none() {
        return Ok(());
    }
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
    /// The ids of segments.
    pub ids: Ids,
    /// Keeps the segments few.
    pub compaction: Compaction,
}

impl Saver {
    /// Saves the received states periodically, and once more at `stop`. A state that was not saved is received again from
    /// the bus. Once every stream was read to its end and saved, the snapshot of the sources is recorded as complete.
    pub async fn run(mut self, stop: CancellationToken) {
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
            let (tables, ids) = (self.tables.clone(), self.ids.clone());
            let taking = tokio::task::spawn_blocking(move || {
                let states = tables.take_unsaved();
                let segments = segment::segments(&states, &ids);
                (states, segments)
            });
            let Ok((states, segments)) = taking.await else {
                return;
            };
            let saved = match snapshot_save(&self.db, &states, segments).await {
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
            if is_read && let Err(error) = self.compaction.run(&stop).await {
                tracing::warn!(%error, "segments of the snapshot not rewritten; trying again");
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
