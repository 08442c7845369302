//! The end of surveys: what follows when one is closed, and the task that closes those whose closing time has come.

use std::time::Duration;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{Clock, micros},
    command::App,
    db::Txn,
    failure::Failure,
    outbox::{self, State},
    service::Context,
};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::unit_scores;
use crate::store::{
    survey::{Stored, survey_due, survey_lock_in_txn, survey_save_in_txn},
    tally::tallies_disclose_in_txn,
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: u64 = 100;

/// Saves that a locked survey was closed, and discloses all of it. Returns the states that change with it.
pub async fn save(
    txn: &Txn,
    stored: &mut Stored,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    stored.etag = clock.next_version(stored.etag);
    stored.updated_at = micros(now);
    survey_save_in_txn(txn, stored).await?;
    tallies_disclose_in_txn(txn, stored).await?;
    unit_scores::follow(txn, stored, now).await
}

/// Closes a locked survey whose closing time has come, as would happen within a second: only what is marked as closed may
/// be published and planned for, so that no intake that began before can come after it. Returns the states that change;
/// none when it is not due.
pub async fn when_due(
    txn: &Txn,
    stored: &mut Stored,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    match stored.survey.close_at {
        Some(at) if stored.survey.closed_at.is_none() && at <= now => {
            stored.survey.closed_at = Some(at);
            save(txn, stored, clock, now).await
        }
        _ => Ok(Vec::new()),
    }
}

/// Looks for due surveys until `stop`. Intake refuses late responses by the clock, so being late here only delays
/// the final status of scores.
pub async fn run(context: Context, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&context).await {
            tracing::warn!(%error, "closing due surveys: trying again");
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
    }
}

/// Closes every survey that is due.
async fn round(context: &Context) -> Result<(), Failure> {
    loop {
        let due = survey_due(context.db.reader(), micros(context.clock.now()), PAGE).await?;
        for name in &due {
            close(context, name).await?;
        }
        if due.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn close(context: &Context, name: &str) -> Result<(), Failure> {
    let now = context.clock.now();
    let txn = context.db.begin().await?;
    let Some(mut stored) = survey_lock_in_txn(&txn, name, now.timestamp_millis()).await? else {
        return Ok(());
    };
    let states = when_due(&txn, &mut stored, &context.clock, now).await?;
    if states.is_empty() {
        return Ok(());
    }
    outbox::stage(&txn, &states).await?;
    txn.commit().await?;
    context.committed();
    Ok(())
}
