//! Closing of surveys: the changes that follow, and the task that closes surveys whose closing time has passed.

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

use super::{results::survey_lock, unit_scores};
use crate::store::{
    survey::{Stored, survey_due, survey_save_in_txn},
    tally::tallies_disclose_in_txn,
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: u64 = 100;

/// Saves that a locked survey was closed, and discloses all its responses. Returns the states that change.
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

/// Closes a locked survey whose closing time has passed, without waiting up to a second for [`run`]. Only a survey that
/// is stored as closed may be published and followed up, so that no intake transaction that began before can commit
/// afterwards. Returns the states that change; none when the survey is not due.
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

/// Closes due surveys until `stop`. Intake decides by the clock whether a survey has ended, so a delay here only delays
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
    let step = context.config.survey.disclosure_step;
    let Some(mut stored) = survey_lock(&txn, name, step, now).await? else {
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
