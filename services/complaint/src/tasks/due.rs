//! Performs what is due on reports: reminders, escalations, closing and expiry. The longest overdue come first. Each
//! report has a transaction of its own, so that a failing one does not delay the others.

use std::time::Duration;

use chrono::TimeDelta;
use futures::{StreamExt, TryStreamExt, stream};
use prima_platform::failure::Failure;
use tokio_util::sync::CancellationToken;

use crate::{
    context::App,
    rpc::change::{self, Actor, Written},
    store::due::{Due, due_lock_in_txn, due_page, due_postpone},
};

/// How many reports are processed at the same time. Concurrent commits share one write to the disk.
const CONCURRENCY: usize = 4;
/// The delay before the first retry of a report, in seconds; it doubles with every further failure.
const FIRST_DELAY: i64 = 10;
/// The longest delay, in seconds.
const LONGEST_DELAY: i64 = 86_400;

/// Looks for due reports until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let every = Duration::from_millis(app.context.config.complaint.sweep_millis);
    while !stop.is_cancelled() {
        match run_batch(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot look for due reports; retrying"),
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(every) => {} }
    }
}

/// Processes one batch. True when the batch was full and some of it was done, so that there may be more.
async fn run_batch(app: &App) -> Result<bool, Failure> {
    let batch = app.context.config.complaint.sweep_batch;
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let due = due_page(app.context.db.reader(), app.now(), limit).await?;
    let full = due.len() >= batch;
    let done = stream::iter(due)
        .map(|due| process(app, due))
        .buffer_unordered(CONCURRENCY);
    let done = done.try_fold(false, async |any, done| Ok(any || done)).await?;
    Ok(full && done)
}

/// Processes one report, or postpones it when that fails. False when another replica is processing it.
async fn process(app: &App, due: Due) -> Result<bool, Failure> {
    let error = match act_on(app, due.id).await {
        Ok(done) => return Ok(done),
        Err(error) => error,
    };
    tracing::error!(complaint = due.id, failures = due.failures + 1, %error, "due report not processed; postponed");
    let now = app.now();
    let doubled = u32::try_from(due.failures)
        .ok()
        .and_then(|n| 2_i64.checked_pow(n));
    let delay = FIRST_DELAY
        .saturating_mul(doubled.unwrap_or(LONGEST_DELAY))
        .min(LONGEST_DELAY);
    due_postpone(
        app.context.db.writer(),
        due.id,
        now,
        now + TimeDelta::seconds(delay),
    )
    .await?;
    Ok(true)
}

async fn act_on(app: &App, id: i64) -> Result<bool, Failure> {
    let txn = app.context.db.begin().await?;
    let now = app.now();
    let Some(mut stored) = due_lock_in_txn(&txn, id, now).await? else {
        return Ok(false);
    };
    let before = stored.case.clone();
    let (rules, mut lines) = change::load_rules(app, &txn, &mut stored).await?;
    lines.extend(stored.case.due(&rules.workflow, &rules.work_time, now));
    let (actor, written) = (Actor::system(), Written::default());
    change::save(app, &txn, &mut stored, &before, &rules, lines, &actor, written).await?;
    app.commit(txn).await?;
    Ok(true)
}
