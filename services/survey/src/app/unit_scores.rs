//! The score of a unit in a period: pools the sums of its surveys, under a lock of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prima_platform::{db::Txn, outbox::State};
use sea_orm::DbErr;

use super::result::assess;
use crate::{
    domain::{index, instrument, moments::Moments, number, sample, tally::Tally},
    events::render::{self, Score},
    store::{
        agency_score::{AgencyPeriod, agencies_mark},
        survey::{Stored, surveys_of},
        tally::{Tallies, tallies_get},
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
    for stored in surveys_of(txn, keys).await? {
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
            whole: score.as_ref().is_none_or(|s| s.whole),
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
/// Its parts and its certainty are those of the disclosed responses.
fn pool(surveys: &[Stored], tallies: &HashMap<i64, Tallies>) -> Option<Score> {
    let first = &surveys.first()?.survey;
    let own: Vec<&Tallies> = surveys.iter().filter_map(|s| tallies.get(&s.id)).collect();
    let (mut current, mut disclosed) = (Vec::new(), Vec::new());
    for asked in &first.asked {
        let (mut all, mut shown) = (Tally::default(), Tally::default());
        for counts in own.iter().filter_map(|t| t.get(&asked.key)) {
            all.add(&counts.current);
            shown.add(&counts.disclosed);
        }
        current.push(all);
        disclosed.push(shown);
    }
    let known = instrument::find(&first.instrument)?;
    let exact = index::ikm(&current, first.weights)?;
    let populations = || surveys.iter().map(|s| s.survey.population);
    let population = populations().fold(0, i64::saturating_add);
    // Only a population that every survey declares is that of the unit.
    let whole_population = if populations().all(|p| p > 0) {
        population
    } else {
        0
    };
    let certainty = moments(surveys).and_then(|m| assess(known, first, &disclosed, &m, whole_population));
    let keys = first.asked.iter().map(|a| a.key.as_str());
    Some(Score {
        published: index::publish(known, exact),
        whole: surveys.iter().all(|s| s.disclosed.undisclosed == 0),
        components: render::components(keys.zip(&disclosed)),
        sample_size: surveys.iter().map(|s| s.respondents).sum(),
        // Without a declared population the minimum sample is 1.
        sample_minimum: sample::krejcie_morgan(population.min(sample::POPULATION_MAX)).unwrap_or(1),
        standard_error: certainty.map(|c| c.standard_error).unwrap_or_default(),
        units: (0, 0),
        instrument: first.instrument.clone(),
        settled: surveys.iter().all(|s| s.survey.closed_at.is_some()),
    })
}

/// The disclosed moments of all surveys together, in the order of the first one's elements.
fn moments(surveys: &[Stored]) -> Option<Moments> {
    let (first, others) = surveys.split_first()?;
    let mut pooled = first.disclosed.moments.clone();
    for other in others {
        let place = |key: &str| other.survey.asked.iter().position(|a| a.key == key);
        let order: Option<Vec<usize>> = first.survey.asked.iter().map(|a| place(&a.key)).collect();
        pooled.merge(&other.disclosed.moments.reordered(&order?)?);
    }
    Some(pooled)
}
