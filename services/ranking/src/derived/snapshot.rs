//! The snapshot: written in the background, loaded at start. It is written from memory as a whole and not key by key, thus by a
//! loop of its own.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use prima_platform::{bus::matches, clock::from_micros, consume::Source, db::Database};
use sea_orm::DbErr;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::tables::Tables;
use crate::store::{snapshot_page, snapshot_save, snapshot_source_save, snapshot_sources};

const EVERY: Duration = Duration::from_millis(500);
const PAGE: u64 = 5000;

/// Applies the stored states of the subjects that are followed; others would never be updated again. Returns when the
/// newest of them was received; `None` when there are none.
pub async fn load(
    db: &Database,
    tables: &Tables,
    sources: &[Source],
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let filters: Vec<&String> = sources.iter().flat_map(|source| &source.filters).collect();
    let mut newest = None;
    let mut after = String::new();
    loop {
        let rows = snapshot_page(db, &after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.subject);
        for row in rows {
            if !filters.iter().any(|filter| matches(filter, &row.subject)) {
                continue;
            }
            newest = newest.max(Some(row.applied_at));
            tables.apply_if_newer(&row);
        }
    }
    Ok(newest.map(from_micros))
}

/// Whether the snapshot was complete once: it contained everything that `services` had published.
pub async fn complete(db: &Database, services: &[String]) -> Result<bool, DbErr> {
    let complete = snapshot_sources(db).await?;
    Ok(services.iter().all(|service| complete.contains(service)))
}

/// Saves the received states periodically, and once more at `stop`. A state that was not saved is received again from
/// the bus. Once every stream was read to its end and saved, the snapshot of `services` is recorded as complete.
pub async fn run(
    db: Database,
    tables: Arc<Tables>,
    services: Vec<String>,
    fresh: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    let mut recorded = false;
    loop {
        let stopping = stop.is_cancelled();
        // This is read before the states are taken: everything that was received until then is in this save.
        let complete = *fresh.borrow();
        let states = tables.take_unsaved();
        let saved = match snapshot_save(&db, &states).await {
            Ok(()) if complete && !recorded => {
                recorded = true;
                snapshot_source_save(&db, &services).await
            }
            Ok(()) => Ok(()),
            Err(error) => {
                tables.put_back(states);
                Err(error)
            }
        };
        if let Err(error) = saved {
            recorded = false;
            tracing::warn!(%error, "snapshot not saved; trying again");
        }
        if stopping {
            return;
        }
        tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(EVERY) => {} }
    }
}
