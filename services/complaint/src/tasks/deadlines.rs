//! Brings the deadlines of open reports up to a calendar or hours that have changed. What is left to do stands in the
//! column `calendar`, so a process that is killed loses nothing of it.

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

/// Reports under way at once.
const LANES: usize = 4;
/// How long reports that failed wait for another try, at first and at most.
const DELAYS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(3600)];

/// One way through the outdated reports.
#[derive(Debug, Default)]
struct Pass {
    version: i64,
    after: Outdated,
    failed: bool,
    /// When those that failed are tried again, and how long they waited for it.
    again: Option<(Instant, Duration)>,
}

/// Looks for outdated reports until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let every = Duration::from_millis(app.context.config.complaint.sweep_millis);
    let mut pass = Pass::default();
    while !stop.is_cancelled() {
        match round(&app, &mut pass).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "recomputation: trying again"),
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(every) => {} }
    }
}

/// Takes one batch; true when there may be more. A report that fails is passed by, and tried again later.
async fn round(app: &App, pass: &mut Pass) -> Result<bool, Failure> {
    let reader = app.context.db.reader();
    let version = calendar_version(reader, Lock::None).await?;
    if pass.version != version {
        *pass = Pass {
            version,
            ..Pass::default()
        };
    }
    if pass.again.is_some_and(|(at, _)| Instant::now() < at) {
        return Ok(false);
    }
    let batch = app.context.config.complaint.sweep_batch;
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let page = outdated_page(reader, version, pass.after, limit).await?;
    if let (Some(last), true) = (page.last(), page.len() >= batch) {
        pass.after = *last;
        pass.failed |= bring_up(app, page, version).await;
        return Ok(true);
    }
    pass.failed |= bring_up(app, page, version).await;
    let [first, longest] = DELAYS;
    let waited = pass.again.map(|(_, waited)| waited);
    let wait = waited.map_or(first, |waited| (waited * 2).min(longest));
    *pass = Pass {
        version,
        again: pass.failed.then(|| (Instant::now() + wait, wait)),
        ..Pass::default()
    };
    Ok(false)
}

/// True when one of them failed.
async fn bring_up(app: &App, page: Vec<Outdated>, version: i64) -> bool {
    let each = stream::iter(page).map(async |outdated| {
        let done = one(app, outdated.id, version).await;
        if let Err(error) = &done {
            tracing::error!(complaint = outdated.id, %error, "deadlines not computed again");
        }
        done.is_err()
    });
    each.buffer_unordered(LANES)
        .fold(false, async |any, failed| any || failed)
        .await
}

async fn one(app: &App, id: i64, version: i64) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    let Some(mut stored) = outdated_lock_in_txn(&txn, id, version).await? else {
        return Ok(());
    };
    let before = stored.case.clone();
    let (lead, lines) = change::lead(app, &txn, &mut stored).await?;
    if stored.case == before {
        calendar_save_in_txn(&txn, &stored, change::times(app, &stored.case, &lead)).await?;
        return Ok(txn.commit().await?);
    }
    let (actor, written) = (Actor::system(), Written::default());
    change::save(app, &txn, &mut stored, &before, &lead, lines, &actor, written).await?;
    app.commit(txn).await
}
