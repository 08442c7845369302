//! Numbers the lines that were committed, for watchers.

use std::time::Duration;

use prima_platform::failure::Failure;
use tokio_util::sync::CancellationToken;

use crate::{
    context::App,
    store::feed::{feed_last, feed_number_in_txn, feed_waiting},
};

/// Lines that one transaction numbers at most.
const BATCH: u32 = 1000;
/// How often to look for lines of other replicas.
const EVERY: Duration = Duration::from_secs(1);

/// Numbers lines until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        // Waits before it looks: what is committed meanwhile wakes it at once.
        let lines = app.lines.notified();
        tokio::pin!(lines);
        lines.as_mut().enable();
        match round(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "feed: trying again"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = lines => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Numbers one batch and tells watchers the last number, of whichever replica; true when there may be more.
async fn round(app: &App) -> Result<bool, Failure> {
    let db = &app.context.db;
    let mut full = false;
    if feed_waiting(db.reader()).await? {
        let txn = db.begin().await?;
        full = feed_number_in_txn(&txn, BATCH).await? >= u64::from(BATCH);
        txn.commit().await?;
    }
    let last = feed_last(db.reader()).await?;
    app.fed.send_if_modified(|known| {
        let risen = *known < last;
        *known = last.max(*known);
        risen
    });
    Ok(full)
}
