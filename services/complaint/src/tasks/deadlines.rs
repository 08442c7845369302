//! Recomputes the deadlines of open reports after a change of the calendar or of working hours. The column `calendar`
//! says which reports are outdated, so a killed process loses no work.

use std::time::Duration;

use futures::{StreamExt, stream};
use prima_platform::failure::Failure;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    context::App,
    rpc::change::{self, Actor, Written},
    store::{
        Lock,
        calendar_state::calendar_version,
        due::{Outdated, calendar_save_in_txn, outdated_lock_in_txn, outdated_page},
    },
};

/// How many reports are recomputed at the same time.
const CONCURRENCY: usize = 4;
/// The first and the longest delay before failed reports are retried.
const DELAYS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(3600)];

/// One pass over the outdated reports.
#[derive(Debug, Default)]
struct Pass {
    version: i64,
    after: Outdated,
    failed: bool,
    /// When failed reports are retried, and the delay before that.
    retry: Option<(Instant, Duration)>,
}

/// Looks for outdated reports until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let every = Duration::from_millis(app.context.config.complaint.sweep_millis);
    let mut pass = Pass::default();
    while !stop.is_cancelled() {
        match run_batch(&app, &mut pass).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot look for outdated deadlines; retrying"),
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(every) => {} }
    }
}

/// Processes one batch; true when there may be more. A failed report is skipped and retried later.
async fn run_batch(app: &App, pass: &mut Pass) -> Result<bool, Failure> {
    let reader = app.context.db.reader();
    let version = calendar_version(reader, Lock::None).await?;
    if pass.version != version {
        *pass = Pass {
            version,
            ..Pass::default()
        };
    }
    if pass.retry.is_some_and(|(at, _)| Instant::now() < at) {
        return Ok(false);
    }
    let batch = app.context.config.complaint.sweep_batch;
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let page = outdated_page(reader, version, pass.after, limit).await?;
    if let (Some(last), true) = (page.last(), page.len() >= batch) {
        pass.after = *last;
        pass.failed |= recompute_all(app, page, version).await;
        return Ok(true);
    }
    pass.failed |= recompute_all(app, page, version).await;
    let [first, longest] = DELAYS;
    let waited = pass.retry.map(|(_, waited)| waited);
    let wait = waited.map_or(first, |waited| (waited * 2).min(longest));
    *pass = Pass {
        version,
        retry: pass.failed.then(|| (Instant::now() + wait, wait)),
        ..Pass::default()
    };
    Ok(false)
}

/// True when at least one report failed.
async fn recompute_all(app: &App, page: Vec<Outdated>, version: i64) -> bool {
    let each = stream::iter(page).map(async |outdated| {
        let done = recompute(app, outdated.id, version).await;
        if let Err(error) = &done {
            tracing::error!(complaint = outdated.id, %error, "deadlines not recomputed; retrying later");
        }
        done.is_err()
    });
    each.buffer_unordered(CONCURRENCY)
        .fold(false, async |any, failed| any || failed)
        .await
}

async fn recompute(app: &App, id: i64, version: i64) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    let Some(mut stored) = outdated_lock_in_txn(&txn, id, version).await? else {
        return Ok(());
    };
    let before = stored.case.clone();
    let (rules, lines) = change::load_rules(app, &txn, &mut stored).await?;
    if stored.case == before {
        calendar_save_in_txn(&txn, &stored, change::times(app, &stored.case, &rules)).await?;
        return Ok(txn.commit().await?);
    }
    let (actor, written) = (Actor::system(), Written::default());
    change::save(app, &txn, &mut stored, &before, &rules, lines, &actor, written).await?;
    app.commit(txn).await
}
