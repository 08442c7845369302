//! Assigns feed positions to committed timeline lines, for watchers. All lines share one sequence, and every process has to
//! announce the last position to its own watchers, whichever process assigned it; so this is a loop of its own.

use std::time::Duration;

use prima_platform::failure::Failure;
use tokio_util::sync::CancellationToken;

use crate::{
    context::App,
    store::feed::{feed_last, feed_number_in_txn, feed_waiting},
};

/// How many lines one transaction may number.
const BATCH: u32 = 1000;
/// How often to look for lines that other replicas have committed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Numbers lines until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        // The wait starts before the look-up, so that lines committed meanwhile wake it at once.
        let timeline_changed = app.timeline_changed.notified();
        tokio::pin!(timeline_changed);
        timeline_changed.as_mut().enable();
        match run_batch(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot number timeline lines; retrying"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = timeline_changed => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

/// Numbers one batch and announces the last position, whichever replica assigned it. True when there may be more.
async fn run_batch(app: &App) -> Result<bool, Failure> {
    let db = &app.context.db;
    let mut full = false;
    if feed_waiting(db.reader()).await? {
        let txn = db.begin().await?;
        full = feed_number_in_txn(&txn, BATCH).await? >= u64::from(BATCH);
        txn.commit().await?;
    }
    let last = feed_last(db.reader()).await?;
    app.feed_position.send_if_modified(|known| {
        let has_risen = *known < last;
        *known = last.max(*known);
        has_risen
    });
    Ok(full)
}
