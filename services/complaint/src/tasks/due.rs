//! Acts on reports whose time has come: reminders, escalations, closing, expiry. The oldest time comes first; each report
//! has a transaction of its own, so that one that can't be acted on holds up no other.

use std::time::Duration;

use chrono::TimeDelta;
use futures::{StreamExt, TryStreamExt, stream};
use prima_platform::failure::Failure;
use tokio_util::sync::CancellationToken;

use crate::{
    context::App,
    rpc::change::{self, Actor, Written},
    store::due::{Due, due_lock_in_txn, due_page, due_put_off},
};

/// Reports under way at once: commits of several share a write to the disk.
const LANES: usize = 4;
/// How long a report waits after the first failure, seconds; twice as long after each more.
const FIRST_DELAY: i64 = 10;
/// The longest wait, seconds.
const LONGEST_DELAY: i64 = 86_400;

/// Looks for reports that are due until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let every = Duration::from_millis(app.context.config.complaint.sweep_millis);
    while !stop.is_cancelled() {
        match round(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "due times: trying again"),
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(every) => {} }
    }
}

/// Takes one batch. True when it was full and something of it was done: there may be more.
async fn round(app: &App) -> Result<bool, Failure> {
    let batch = app.context.config.complaint.sweep_batch;
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let due = due_page(app.context.db.reader(), app.now(), limit).await?;
    let full = due.len() >= batch;
    let done = stream::iter(due)
        .map(|due| take(app, due))
        .buffer_unordered(LANES);
    let done = done.try_fold(false, async |any, done| Ok(any || done)).await?;
    Ok(full && done)
}

/// Acts on one report, or puts it off when that fails. False when another replica has it.
async fn take(app: &App, due: Due) -> Result<bool, Failure> {
    let error = match settle(app, due.id).await {
        Ok(done) => return Ok(done),
        Err(error) => error,
    };
    tracing::error!(complaint = due.id, failures = due.failures + 1, %error, "due time put off");
    let now = app.now();
    let doubled = u32::try_from(due.failures)
        .ok()
        .and_then(|n| 2_i64.checked_pow(n));
    let delay = FIRST_DELAY
        .saturating_mul(doubled.unwrap_or(LONGEST_DELAY))
        .min(LONGEST_DELAY);
    due_put_off(
        app.context.db.writer(),
        due.id,
        now,
        now + TimeDelta::seconds(delay),
    )
    .await?;
    Ok(true)
}

async fn settle(app: &App, id: i64) -> Result<bool, Failure> {
    let txn = app.context.db.begin().await?;
    let now = app.now();
    let Some(mut stored) = due_lock_in_txn(&txn, id, now).await? else {
        return Ok(false);
    };
    let before = stored.case.clone();
    let (lead, mut lines) = change::lead(app, &txn, &mut stored).await?;
    lines.extend(stored.case.due(&lead.workflow, &lead.work_time, now));
    let (actor, written) = (Actor::system(), Written::default());
    change::save(app, &txn, &mut stored, &before, &lead, lines, &actor, written).await?;
    app.commit(txn).await?;
    Ok(true)
}
