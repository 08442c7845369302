//! Closing of surveys: the changes that follow, and the closing of surveys whose time has come.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{Clock, micros},
    db::Txn,
    derived::{Due, Kind, Settings, Source},
    failure::Failure,
    outbox::{self, State},
    service::Context,
};
use sea_orm::DbErr;

use super::{results::survey_lock, rules, unit_scores};
use crate::{
    domain::release::Rules,
    store::{
        survey::{Stored, survey_save_in_txn},
        tally::tallies_close_in_txn,
    },
};

/// How often due surveys are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// Saves that a locked survey was closed, and releases what waits, unless that is of too few people. Returns the states that
/// change.
pub async fn save(
    txn: &Txn,
    stored: &mut Stored,
    rules: &Rules,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    stored.etag = clock.next_version(stored.etag);
    stored.updated_at = micros(now);
    survey_save_in_txn(txn, stored).await?;
    tallies_close_in_txn(txn, stored, rules, now).await?;
    unit_scores::follow(txn, [&*stored], rules, now).await
}

/// Closes a locked survey whose closing time has passed, without waiting up to a second for [`Closing`]. Only a survey that
/// is stored as closed may be published and followed up, so that no intake transaction that began before can commit
/// afterwards. Returns the states that change; none when the survey is not due.
pub async fn when_due(
    txn: &Txn,
    stored: &mut Stored,
    rules: &Rules,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    match stored.survey.close_at {
        Some(at) if stored.survey.closed_at.is_none() && at <= now => {
            stored.survey.closed_at = Some(at);
            save(txn, stored, rules, clock, now).await
        }
        _ => Ok(Vec::new()),
    }
}

/// Surveys whose closing time has passed. Intake decides by the clock whether a survey has ended, so a delay here only
/// delays the final status of scores.
pub struct Closing(pub Context);

#[async_trait]
impl Kind for Closing {
    fn settings(&self) -> Settings {
        Settings {
            name: "survey-closing",
            // Each survey is locked against intake, so several at once would stop more of it for longer.
            batch: 1,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        Source::Due(Due {
            table: "survey",
            key: "name",
            column: "close_at",
            until: Some(micros(self.0.clock.now())),
            condition: "closed_at IS NULL AND close_at IS NOT NULL",
            every: EVERY,
        })
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let (now, rules) = (self.0.clock.now(), rules(&self.0.config.survey));
        for name in keys {
            if let Some(mut stored) = survey_lock(txn, name, &rules, now).await? {
                let mut states = when_due(txn, &mut stored, &rules, &self.0.clock, now).await?;
                if states.is_empty() {
                    // Its closing time was moved in the meantime, but its responses were counted.
                    states = unit_scores::follow(txn, [&stored], &rules, now).await?;
                }
                outbox::stage(txn, &states).await?;
            }
        }
        Ok(())
    }
}
