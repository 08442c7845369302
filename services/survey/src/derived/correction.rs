//! Corrections: on a fixed day, the figures of closed surveys move although few changes have gathered since they last did. Those
//! of all surveys of an agency move together, so that the scores of its units and its own show no change of one survey alone.

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
use prima_proto::name;

use super::{results::surveys_count, rules, unit_scores};
use crate::store::tally::{surveys_to_correct, tallies_release_in_txn};

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
            let Ok(name) = name::Survey::parse(name) else {
                continue;
            };
            let due = surveys_to_correct(txn, &name.unit.agency, micros(now)).await?;
            // Late responses that are stored move the figures on this day as well.
            let mut surveys = surveys_count(txn, &due, &rules, now).await?;
            surveys.retain(|stored| stored.correction_at.is_some_and(|at| at <= micros(now)));
            if surveys.is_empty() {
                continue;
            }
            for stored in &mut surveys {
                stored.next_version(now.timestamp_millis());
                tallies_release_in_txn(txn, stored, &rules).await?;
            }
            let states = unit_scores::follow(txn, &surveys, &rules, now).await?;
            outbox::stage(txn, &states).await?;
        }
        Ok(())
    }
}
