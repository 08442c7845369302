//! The score of a unit in a period: pools the sums of its surveys, under a lock of its own.

use std::collections::BTreeSet;

use prima_platform::{db::Txn, outbox::State};
use prima_proto::name;
use sea_orm::DbErr;

use crate::{
    domain::{index, instrument, number, sample, tally::Tally},
    events::render::{self, Score},
    store::{
        agency_score::{AgencyPeriod, agency_mark},
        survey::{Filter, Stored, survey_page, tallies_get},
        unit_score::{unit_score_lock_in_txn, unit_score_save},
    },
};

/// A unit in a period.
pub type UnitPeriod = (name::Unit, String);

/// Recomputes these scores in key order, after the surveys that the transaction changes were locked and saved.
/// Returns their states, and marks their agencies.
pub async fn recompute(txn: &Txn, keys: &BTreeSet<UnitPeriod>, now_millis: i64) -> Result<Vec<State>, DbErr> {
    let mut states = Vec::new();
    for (unit, period) in keys {
        let locked = unit_score_lock_in_txn(txn, unit, period, now_millis).await?;
        // Read after the lock: whoever held it before has committed, whoever comes next will see us.
        let filter = Filter {
            agency: unit.agency.clone(),
            unit: unit.unit.clone(),
            period: period.clone(),
            after: String::new(),
            limit: 1000,
        };
        let surveys = survey_page(txn, &filter).await?;
        let score = pool(txn, &surveys).await?;
        let exact = score.as_ref().map(|s| number::fraction(&s.published.exact));
        let (settled, respondents, instrument) = score
            .as_ref()
            .map(|s| (s.settled, s.sample_size, s.instrument.clone()))
            .unwrap_or_default();
        unit_score_save(txn, unit, period, exact, settled, respondents, &instrument).await?;
        if score.is_some() || locked.exact.is_some() {
            states.push(render::unit_score(unit, period, locked.version, score.as_ref()));
        }
    }
    let agencies: BTreeSet<AgencyPeriod> = keys
        .iter()
        .map(|(unit, period)| AgencyPeriod {
            agency: unit.agency.clone(),
            period: period.clone(),
        })
        .collect();
    for agency in &agencies {
        agency_mark(txn, agency).await?;
    }
    Ok(states)
}

/// The pooled score of surveys that share instrument, weights and elements; none until every element has an answer.
async fn pool(txn: &Txn, surveys: &[Stored]) -> Result<Option<Score>, DbErr> {
    let Some(first) = surveys.first() else {
        return Ok(None);
    };
    let ids: Vec<i64> = surveys.iter().map(|s| s.id).collect();
    let tallies = tallies_get(txn, &ids).await?;
    let pooled: Vec<(&str, Tally)> = first
        .survey
        .asked
        .iter()
        .map(|asked| {
            let mut sum = Tally::default();
            for tally in tallies.values().filter_map(|t| t.get(&asked.key)) {
                sum.add(tally);
            }
            (asked.key.as_str(), sum)
        })
        .collect();
    let sums: Vec<Tally> = pooled.iter().map(|(_, tally)| *tally).collect();
    let known = instrument::find(&first.survey.instrument);
    let Some((known, exact)) = known.zip(index::ikm(&sums, first.survey.weights)) else {
        return Ok(None);
    };
    let population: i64 = surveys
        .iter()
        .map(|s| s.survey.population)
        .fold(0, i64::saturating_add);
    Ok(Some(Score {
        published: index::publish(known, exact),
        components: render::components(pooled.iter().map(|(key, tally)| (*key, tally))),
        sample_size: surveys.iter().map(|s| s.respondents).sum(),
        // Without a declared population the minimum sample is 1.
        sample_minimum: sample::krejcie_morgan(population).unwrap_or(1),
        units: (0, 0),
        instrument: first.survey.instrument.clone(),
        settled: surveys.iter().all(|s| s.survey.closed_at.is_some()),
    }))
}
