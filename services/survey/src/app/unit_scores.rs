//! The score of a unit in a period: pools the sums of its surveys, under a lock of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prima_platform::{db::Txn, outbox::State};
use sea_orm::DbErr;

use crate::{
    domain::{index, instrument, number, sample, tally::Tally},
    events::render::{self, Score},
    store::{
        agency_score::{AgencyPeriod, agencies_mark},
        survey::{Stored, Tallies, surveys_of, tallies_get},
        unit_score::{NewUnitScore, UnitPeriod, unit_scores_lock_in_txn, unit_scores_save},
    },
};

/// Recomputes these scores in key order, after the surveys that the transaction changes were locked and saved.
/// Returns their states, and marks their agencies.
pub async fn recompute(txn: &Txn, keys: &BTreeSet<UnitPeriod>, now_millis: i64) -> Result<Vec<State>, DbErr> {
    let locked = unit_scores_lock_in_txn(txn, keys, now_millis).await?;
    // Read after the locks: whoever held them before has committed, whoever comes next will see us.
    let mut surveys: BTreeMap<UnitPeriod, Vec<Stored>> = BTreeMap::new();
    let mut ids = Vec::new();
    // Surveys of other instruments, such as F-03, count for no unit score.
    let counts = |s: &Stored| s.survey.metric() == Some(render::METRIC);
    for stored in surveys_of(txn, keys).await?.into_iter().filter(counts) {
        ids.push(stored.id);
        let key = (stored.survey.name.unit.clone(), stored.survey.period.to_string());
        surveys.entry(key).or_default().push(stored);
    }
    let tallies = tallies_get(txn, &ids).await?;
    let (mut states, mut scores) = (Vec::new(), Vec::new());
    for (key, locked) in locked {
        let score = pool(surveys.get(&key).map(Vec::as_slice).unwrap_or_default(), &tallies);
        if score.is_some() || locked.exact.is_some() {
            states.push(render::unit_score(&key.0, &key.1, locked.version, score.as_ref()));
        }
        scores.push(NewUnitScore {
            key,
            exact: score.as_ref().map(|s| number::fraction(&s.published.exact)),
            settled: score.as_ref().is_some_and(|s| s.settled),
            respondents: score.as_ref().map(|s| s.sample_size).unwrap_or_default(),
            instrument: score.map(|s| s.instrument).unwrap_or_default(),
        });
    }
    unit_scores_save(txn, &scores).await?;
    let agencies: BTreeSet<AgencyPeriod> = keys
        .iter()
        .map(|(unit, period)| AgencyPeriod {
            agency: unit.agency.clone(),
            period: period.clone(),
        })
        .collect();
    agencies_mark(txn, &agencies).await?;
    Ok(states)
}

/// The pooled score of surveys that share instrument, weights and elements; none until every element has an answer.
fn pool(surveys: &[Stored], tallies: &HashMap<i64, Tallies>) -> Option<Score> {
    let first = surveys.first()?;
    let own: Vec<&Tallies> = surveys.iter().filter_map(|s| tallies.get(&s.id)).collect();
    let pooled: Vec<(&str, Tally)> = first
        .survey
        .asked
        .iter()
        .map(|asked| {
            let mut sum = Tally::default();
            for tally in own.iter().filter_map(|t| t.get(&asked.key)) {
                sum.add(tally);
            }
            (asked.key.as_str(), sum)
        })
        .collect();
    let sums: Vec<Tally> = pooled.iter().map(|(_, tally)| *tally).collect();
    let known = instrument::find(&first.survey.instrument)?;
    let exact = index::compute(known, &first.survey.asked, &sums, first.survey.weights)?;
    let population: i64 = surveys
        .iter()
        .map(|s| s.survey.population)
        .fold(0, i64::saturating_add);
    Some(Score {
        published: index::publish(known, exact),
        components: render::components(pooled.iter().map(|(key, tally)| (*key, tally))),
        sample_size: surveys.iter().map(|s| s.respondents).sum(),
        // Without a declared population the minimum sample is 1.
        sample_minimum: sample::krejcie_morgan(population.min(sample::POPULATION_MAX)).unwrap_or(1),
        units: (0, 0),
        instrument: first.survey.instrument.clone(),
        settled: surveys.iter().all(|s| s.survey.closed_at.is_some()),
    })
}
