//! The score of a unit in a period: pools the sums of its surveys, under a lock of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use prima_platform::{db::Txn, outbox::State};
use sea_orm::DbErr;

use super::{
    outcome::assess,
    recorded_scores,
    released::{self, Released},
};
use crate::{
    domain::{
        METRIC,
        certainty::Certainty,
        index::{self, Published},
        instrument,
        moments::Moments,
        number::{self, Rational},
        release::{Rules, Withheld},
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
pub async fn recompute(
    txn: &Txn,
    keys: &BTreeSet<UnitPeriod>,
    rules: &Rules,
    now_millis: i64,
) -> Result<Vec<State>, DbErr> {
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
        let own = surveys.get(&key).map(Vec::as_slice).unwrap_or_default();
        let pooled = pool(own, &tallies, rules);
        row.in_question = pooled.as_ref().map_or(0, |pooled| pooled.in_question);
        let questioned = pooled.as_ref().and_then(Pooled::published_with_questioned);
        row.exact_with_questioned = questioned.map(|p| number::fraction(&p.exact));
        let score = recorded.remove(&key).or_else(|| pooled?.score());
        // A score without a value has an instrument.
        if score.is_some() || row.exact.is_some() || !row.instrument.is_empty() {
            states.push(publish::unit_score(&key.0, &key.1, row.version, score.as_ref()));
        }
        let published = score.as_ref().and_then(|s| s.published.as_ref());
        row.exact = published.map(|p| number::fraction(&p.exact));
        row.settled = score.as_ref().is_some_and(|s| s.settled).into();
        row.recorded = score.as_ref().is_some_and(|s| s.recorded).into();
        row.respondents = score.as_ref().map(|s| s.sample_size).unwrap_or_default();
        row.pending = score.as_ref().map(|s| s.pending).unwrap_or_default();
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

/// Recomputes the scores of the units of surveys that are locked and saved. Returns the states that change: the results of the
/// surveys, and those scores.
pub async fn follow<'a>(
    txn: &Txn,
    surveys: impl IntoIterator<Item = &'a Stored>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    let surveys: Vec<&Stored> = surveys.into_iter().collect();
    let tallies = tallies_get(txn, &Vec::from_iter(surveys.iter().map(|s| s.id))).await?;
    follow_with(txn, surveys, &tallies, rules, now).await
}

/// The same, given the tallies of the surveys.
pub async fn follow_with<'a>(
    txn: &Txn,
    surveys: impl IntoIterator<Item = &'a Stored>,
    tallies: &HashMap<i64, Tallies>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    let surveys: Vec<&Stored> = surveys.into_iter().collect();
    let key = |s: &&Stored| (s.survey.name.unit.clone(), s.survey.period.to_string());
    let keys = surveys.iter().map(key).collect();
    let mut states = publish::survey_results(txn, surveys, tallies, rules, now).await?;
    states.extend(recompute(txn, &keys, rules, now.timestamp_millis()).await?);
    Ok(states)
}

/// The pooled figures of the surveys of a unit and period, of their released responses. A survey whose figures are withheld
/// contributes nothing.
#[derive(Debug)]
pub struct Pooled<'a> {
    /// The first survey; all share its instrument, weights and elements.
    pub first: &'a Survey,
    /// Tallies, per element of the first survey.
    pub tallies: Vec<Tally>,
    /// Number of responses in question, which are in none of these figures.
    pub in_question: i64,
    /// Tallies with what is in question; `None` when nothing or too little is.
    pub questioned: Option<Vec<Tally>>,
    /// Standard error and interval of the index.
    pub certainty: Option<Certainty>,
    /// Number of released responses.
    pub counted: i64,
    /// Number of people whose response or void is not in the figures yet.
    pub pending: i64,
    /// Number of counted responses, released or not.
    pub respondents: i64,
    /// Minimum sample of all surveys together.
    pub minimum: i64,
    /// Whether every survey is closed and none is in correction.
    pub settled: bool,
    /// Whether every survey is closed and one is in correction.
    pub in_correction: bool,
    /// Why there are no figures.
    pub withheld: Option<Withheld>,
}

/// Pools surveys that share instrument, weights and elements; `None` without a survey.
pub fn pool<'a>(surveys: &'a [Stored], tallies: &HashMap<i64, Tallies>, rules: &Rules) -> Option<Pooled<'a>> {
    let first = &surveys.first()?.survey;
    let nothing = Tallies::new();
    let sums = surveys.iter().map(|stored| {
        let tallies = tallies.get(&stored.id).unwrap_or(&nothing);
        Released::of(stored, tallies, &released::counted(stored, rules), rules)
    });
    let sums: Vec<Released> = sums.collect();
    let mut pooled = vec![Tally::default(); first.asked.len()];
    let mut questioned = pooled.clone();
    let mut moments = Some(Moments::none(first.asked.len()));
    for (stored, own) in surveys.iter().zip(&sums) {
        let order = order(first, &stored.survey);
        for (tally, place) in pooled.iter_mut().zip(&order) {
            if let Some(own) = place.and_then(|place| own.tallies.get(place)) {
                tally.add(own);
            }
        }
        let with = own.questioned.as_ref().unwrap_or(&own.tallies);
        for (tally, place) in questioned.iter_mut().zip(&order) {
            if let Some(with) = place.and_then(|place| with.get(place)) {
                tally.add(with);
            }
        }
        let order: Option<Vec<usize>> = order.into_iter().collect();
        let own = order.and_then(|order| own.moments.reordered(&order));
        moments = moments.zip(own).map(|(mut all, own)| {
            all.merge(&own);
            all
        });
    }
    let populations = || surveys.iter().map(|s| s.survey.population);
    // The population of the unit is known only when every survey declares one.
    let whole_population = if populations().all(|p| p > 0) {
        populations().fold(0, i64::saturating_add)
    } else {
        0
    };
    let known = instrument::find(&first.instrument);
    let closed = surveys.iter().all(|s| s.survey.closed_at.is_some());
    let counted: i64 = sums.iter().map(|r| r.counted).sum();
    let corrected = sums.iter().any(|r| r.in_correction);
    let withheld = match counted {
        0 if closed => Some(Withheld::TooFew),
        0 => Some(Withheld::FirstStep),
        _ => None,
    };
    let respondents = surveys.iter().map(|s| s.respondents).sum();
    Some(Pooled {
        first,
        certainty: known.and_then(|i| assess(i, first, &pooled, moments.as_ref()?, whole_population)),
        tallies: pooled,
        in_question: sums.iter().map(|r| r.in_question).sum(),
        questioned: sums.iter().any(|r| r.questioned.is_some()).then_some(questioned),
        counted,
        pending: sums.iter().map(|r| r.pending).sum(),
        respondents,
        minimum: survey::minimum(&first.instrument, surveys.iter().map(|s| &s.survey)),
        settled: closed && !corrected,
        in_correction: closed && corrected,
        withheld: withheld.filter(|_| respondents > 0),
    })
}

/// The place of each element of the first survey in another one.
fn order(first: &Survey, other: &Survey) -> Vec<Option<usize>> {
    let place = |key: &str| other.asked.iter().position(|a| a.key == key);
    first.asked.iter().map(|a| place(&a.key)).collect()
}

impl Pooled<'_> {
    /// The index; `None` until every element has an answer.
    pub fn published(&self) -> Option<Published> {
        self.index(&self.tallies)
    }

    /// The index if what is in question were accepted; `None` when nothing or too little is.
    pub fn published_with_questioned(&self) -> Option<Published> {
        self.index(self.questioned.as_ref()?)
    }

    fn index(&self, tallies: &[Tally]) -> Option<Published> {
        let known = instrument::find(&self.first.instrument)?;
        let exact = index::compute(known, &self.first.asked, tallies, self.first.weights)?;
        Some(index::publish(known, exact))
    }

    fn coefficients(&self) -> Option<Vec<Rational>> {
        let known = instrument::find(&self.first.instrument)?;
        index::coefficients(known, &self.first.asked, &self.tallies, self.first.weights)
    }

    /// The score; `None` until every element has an answer, except that closed surveys of too few people have a score
    /// without a value.
    fn score(self) -> Option<Score> {
        let published = self.published();
        if published.is_none() && self.withheld != Some(Withheld::TooFew) {
            return None;
        }
        let keys = self.first.asked.iter().map(|a| a.key.as_str());
        let questioned = self.published_with_questioned().map(|p| p.value);
        let coefficients = self
            .coefficients()
            .filter(|_| published.is_some())
            .unwrap_or_default();
        let each = self.first.asked.iter().map(|a| a.key.clone());
        Some(Score {
            coefficients: each.zip(coefficients).collect(),
            published,
            questioned: (self.in_question, questioned.unwrap_or_default()),
            components: publish::components(keys.zip(&self.tallies)),
            sample_size: self.counted,
            pending: self.pending,
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
