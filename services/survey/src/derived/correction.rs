//! Corrections: on a fixed day, the figures of closed surveys move although few changes have gathered since they last did.

use std::time::Duration;

use async_trait::async_trait;
use prima_platform::{
    clock::micros,
    db::Txn,
    derived::{Due, Kind, Settings, Source},
    failure::Failure,
    outbox,
    service::Context,
};

use super::{results::survey_lock, rules, unit_scores};
use crate::store::tally::tallies_release_in_txn;

/// How often due corrections are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// Closed surveys whose day of correction has come.
pub struct Correction(pub Context);

#[async_trait]
impl Kind for Correction {
    fn settings(&self) -> Settings {
        Settings {
            name: "survey-correction",
            batch: 1,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        Source::Due(Due {
            table: "survey",
            key: "name",
            column: "correction_at",
            until: Some(micros(self.0.clock.now())),
            condition: "correction_at IS NOT NULL",
            every: EVERY,
        })
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let (now, rules) = (self.0.clock.now(), rules(&self.0.config.survey));
        for name in keys {
            let Some(mut stored) = survey_lock(txn, name, &rules, now).await? else {
                continue;
            };
            if stored.correction_at.is_some_and(|at| at <= micros(now)) {
                tallies_release_in_txn(txn, &mut stored).await?;
                let states = unit_scores::follow(txn, &stored, &rules, now).await?;
                outbox::stage(txn, &states).await?;
            }
        }
        Ok(())
    }
}
