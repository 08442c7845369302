//! The snapshot: written behind, read at start.

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

/// Applies the stored states of what is followed: nobody would tell how the rest goes on. Returns when the newest of
/// them was heard; `None` when there are none.
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
            tables.put(&row);
        }
    }
    Ok(newest.map(from_micros))
}

/// Whether the snapshot once held everything that `services` had published.
pub async fn complete(db: &Database, services: &[String]) -> Result<bool, DbErr> {
    let held = snapshot_sources(db).await?;
    Ok(services.iter().all(|service| held.contains(service)))
}

/// Saves what was heard, now and then, and once more at `stop`. What is not saved is heard again from the bus. From
/// the first time that everything was heard and saved, the snapshot of `services` counts as complete.
pub async fn run(
    db: Database,
    tables: Arc<Tables>,
    services: Vec<String>,
    fresh: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    let mut noted = false;
    loop {
        let stopping = stop.is_cancelled();
        // Looked at first: whatever was heard until then is in what is saved now.
        let complete = *fresh.borrow();
        let heard = tables.take_unsaved();
        let saved = match snapshot_save(&db, &heard).await {
            Ok(()) if complete && !noted => {
                noted = true;
                snapshot_source_save(&db, &services).await
            }
            Ok(()) => Ok(()),
            Err(error) => {
                tables.put_back(heard);
                Err(error)
            }
        };
        if let Err(error) = saved {
            noted = false;
            tracing::warn!(%error, "snapshot not saved; trying again");
        }
        if stopping {
            return;
        }
        tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(EVERY) => {} }
    }
}
