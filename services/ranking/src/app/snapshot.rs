//! The snapshot: written behind, read at start.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use prima_platform::{clock::from_micros, db::Database};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::tables::Tables;
use crate::store::{snapshot_page, snapshot_save};

const EVERY: Duration = Duration::from_millis(500);
const PAGE: i64 = 5000;

/// Applies the stored states. Returns when the newest of them was heard; `None` when there are none.
pub async fn load(db: &Database, tables: &Tables) -> Result<Option<DateTime<Utc>>, DbErr> {
    let mut newest = None;
    let mut after = String::new();
    loop {
        let rows = snapshot_page(db, &after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.subject);
        for row in rows {
            newest = newest.max(Some(row.applied_at));
            tables.restore(&row);
        }
    }
    Ok(newest.map(from_micros))
}

/// Saves what was heard, now and then, and once more at `stop`. What is not saved is heard again from the bus.
pub async fn run(db: Database, tables: Arc<Tables>, stop: CancellationToken) {
    loop {
        let stopping = stop.is_cancelled();
        let heard = tables.take_unsaved();
        if let Err(error) = snapshot_save(&db, &heard).await {
            tracing::warn!(%error, "snapshot not saved; trying again");
            tables.put_back(heard);
        }
        if stopping {
            return;
        }
        tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(EVERY) => {} }
    }
}
