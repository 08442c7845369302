//! The score of a unit in a period: pools the sums of its surveys, under a lock of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use prima_platform::{db::Txn, outbox::State};
use sea_orm::DbErr;

use super::{outcome::assess, recorded_scores};
use crate::{
    domain::{
        METRIC,
        certainty::Certainty,
        index::{self, Published},
        instrument,
        moments::Moments,
        number,
        survey::{self, Survey},
        tally::Tally,
    },
    events::publish::{self, Score},
    store::{
        agency_score::{AgencyPeriod, agencies_mark_in_txn},
        survey::{Stored, surveys_of},
        tally::{Tallies, tallies_get},
        unit_score::{UnitPeriod, unit_scores_lock_in_txn, unit_scores_save_in_txn},
    },
};

/// Recomputes these scores in key order, after the surveys that the transaction changes were locked and saved. Flags
/// their agencies as dirty, and returns the states of the scores.
pub async fn recompute(txn: &Txn, keys: &BTreeSet<UnitPeriod>, now_millis: i64) -> Result<Vec<State>, DbErr> {
    let locked = unit_scores_lock_in_txn(txn, keys, now_millis).await?;
    // Surveys are read after the locks: transactions that held them before have committed, and later ones will see this
    // one.
    let mut surveys: BTreeMap<UnitPeriod, Vec<Stored>> = BTreeMap::new();
    let mut ids = Vec::new();
    // Surveys with other instruments, such as F-03, do not contribute to the score of a unit.
    let counts = |s: &Stored| s.survey.metric() == Some(METRIC);
    for stored in surveys_of(txn, keys).await?.into_iter().filter(counts) {
        ids.push(stored.id);
        let key = (stored.survey.name.unit.clone(), stored.survey.period.to_string());
        surveys.entry(key).or_default().push(stored);
    }
    let tallies = tallies_get(txn, &ids).await?;
    let (mut states, mut scores) = (Vec::new(), Vec::new());
    // A unit and period has either surveys or a recorded result, so recorded results are read only where there is no
    // survey.
    let without = locked.keys().filter(|key| !surveys.contains_key(key)).cloned();
    let mut recorded = recorded_scores::of_units(txn, &without.collect()).await?;
    for (key, mut row) in locked {
        let score = match recorded.remove(&key) {
            None => {
                let own = surveys.get(&key).map(Vec::as_slice).unwrap_or_default();
                pool(own, &tallies).and_then(Pooled::score)
            }
            recorded => recorded,
        };
        if score.is_some() || row.exact.is_some() {
            states.push(publish::unit_score(&key.0, &key.1, row.version, score.as_ref()));
        }
        row.exact = score.as_ref().map(|s| number::fraction(&s.published.exact));
        row.settled = score.as_ref().is_some_and(|s| s.settled).into();
        row.disclosed = score.as_ref().is_none_or(|s| s.whole).into();
        row.recorded = score.as_ref().is_some_and(|s| s.recorded).into();
        row.respondents = score.as_ref().map(|s| s.sample_size).unwrap_or_default();
        row.instrument = score.map(|s| s.instrument).unwrap_or_default();
        scores.push(row);
    }
    unit_scores_save_in_txn(txn, &scores).await?;
    let agencies: BTreeSet<AgencyPeriod> = keys
        .iter()
        .map(|(unit, period)| AgencyPeriod::of(&unit.agency, period))
        .collect();
    agencies_mark_in_txn(txn, &agencies).await?;
    Ok(states)
}

/// Recomputes the score of the unit of a survey that is locked and saved. Returns the states that change: the result of
/// the survey, and that score.
pub async fn follow(txn: &Txn, stored: &Stored, now: DateTime<Utc>) -> Result<Vec<State>, DbErr> {
    let mut states = vec![publish::survey_result(txn, stored, now).await?];
    let survey = &stored.survey;
    let key = BTreeSet::from([(survey.name.unit.clone(), survey.period.to_string())]);
    states.extend(recompute(txn, &key, now.timestamp_millis()).await?);
    Ok(states)
}

/// The pooled figures of the surveys of a unit and period.
#[derive(Debug)]
pub struct Pooled<'a> {
    /// The first survey; all share its instrument, weights and elements.
    pub first: &'a Survey,
    /// Tallies of all responses, per element of the first survey.
    pub current: Vec<Tally>,
    /// Tallies of the disclosed responses.
    pub disclosed: Vec<Tally>,
    /// Standard error and interval of the index of the disclosed responses.
    pub certainty: Option<Certainty>,
    /// Whether all responses are disclosed.
    pub whole: bool,
    /// Number of counted responses.
    pub respondents: i64,
    /// Minimum sample of all surveys together.
    pub minimum: i64,
    /// Whether every survey is closed.
    pub settled: bool,
}

/// Pools surveys that share instrument, weights and elements; `None` without a survey.
pub fn pool<'a>(surveys: &'a [Stored], tallies: &HashMap<i64, Tallies>) -> Option<Pooled<'a>> {
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
    let populations = || surveys.iter().map(|s| s.survey.population);
    // The population of the unit is known only when every survey declares one.
    let whole_population = if populations().all(|p| p > 0) {
        populations().fold(0, i64::saturating_add)
    } else {
        0
    };
    let known = instrument::find(&first.instrument);
    let certainty = known.and_then(|i| assess(i, first, &disclosed, &moments(surveys)?, whole_population));
    Some(Pooled {
        first,
        current,
        disclosed,
        certainty,
        whole: surveys.iter().all(|s| s.disclosed.undisclosed == 0),
        respondents: surveys.iter().map(|s| s.respondents).sum(),
        minimum: survey::minimum(&first.instrument, surveys.iter().map(|s| &s.survey)),
        settled: surveys.iter().all(|s| s.survey.closed_at.is_some()),
    })
}

impl Pooled<'_> {
    /// The index of all responses; `None` until every element has an answer.
    pub fn published(&self) -> Option<Published> {
        let known = instrument::find(&self.first.instrument)?;
        let exact = index::compute(known, &self.first.asked, &self.current, self.first.weights)?;
        Some(index::publish(known, exact))
    }

    /// The score; `None` until every element has an answer. Its elements and its interval are those of the disclosed
    /// responses.
    fn score(self) -> Option<Score> {
        let keys = self.first.asked.iter().map(|a| a.key.as_str());
        Some(Score {
            published: self.published()?,
            whole: self.whole,
            components: publish::components(keys.zip(&self.disclosed)),
            sample_size: self.respondents,
            sample_minimum: self.minimum,
            standard_error: self.certainty.map(|c| c.standard_error).unwrap_or_default(),
            units: (0, 0),
            aggregation: String::new(),
            instrument: self.first.instrument.clone(),
            settled: self.settled,
            recorded: false,
        })
    }
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
