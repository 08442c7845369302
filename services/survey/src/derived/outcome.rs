//! The result of a survey, computed by one function for all readers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prima_platform::db::Txn;
use sea_orm::DbErr;

use crate::{
    domain::{
        certainty::{Certainty, SampleStatus, Weighing, certainty},
        index::{self, Published, WeightVariant},
        instrument::{self, Instrument},
        moments::Moments,
        number::Rational,
        release::{Rules, Withheld},
        survey::Survey,
        tally::Tally,
    },
    store::{
        follow_up::{Aftermath, aftermath_get},
        survey::Stored,
        tally::Tallies,
    },
};

use super::released::{Released, pending};

/// The figure of one element, of the released responses.
#[derive(Debug, Clone)]
pub struct Element {
    /// Stable key.
    pub key: String,
    /// Code printed in this survey.
    pub code: String,
    /// Official name.
    pub name: String,
    /// Key of its aspect; empty when the instrument has no aspects.
    pub aspect: String,
    /// The tally of its answers.
    pub tally: Tally,
}

/// The figure of one aspect, of the released responses.
#[derive(Debug, Clone)]
pub struct AspectMean {
    /// Stable key.
    pub key: String,
    /// Official name.
    pub name: String,
    /// Mean of the means of its questions; `None` until each has an answer.
    pub mean: Option<Rational>,
}

/// The figures of a survey, of its released responses.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Figures of the elements, in the survey's order.
    pub elements: Vec<Element>,
    /// Figures of the aspects, in the instrument's order; empty when it has no aspects.
    pub aspects: Vec<AspectMean>,
    /// Number of released responses; 0 when the figures are withheld.
    pub counted: i64,
    /// Number of people whose response or void is not in the figures yet.
    pub pending: i64,
    /// Why the figures are withheld.
    pub withheld: Option<Withheld>,
    /// Whether the survey is closed and its figures will still change.
    pub in_correction: bool,
    /// Moments of the released responses.
    pub moments: Moments,
    /// The index; `None` until every element has an answer.
    pub published: Option<Published>,
    /// Number of responses in question, which are in none of these figures.
    pub in_question: i64,
    /// The index if they were accepted; `None` when nothing or too little is in question.
    pub questioned: Option<Published>,
    /// Standard error and interval of the index; `None` with fewer than two responses.
    pub certainty: Option<Certainty>,
    /// The number of respondents against the minimum sample.
    pub sample: SampleStatus,
    /// Its publication and its follow-up plan.
    pub aftermath: Aftermath,
}

impl Outcome {
    /// Computes the figures of a survey that may be shown at `now`, from its sums.
    pub fn of(stored: &Stored, tallies: &Tallies, rules: &Rules, now: DateTime<Utc>) -> Self {
        let pending = pending(stored, rules, now);
        Self::from_sums(stored, Released::of(stored, tallies, &pending, rules))
    }

    /// Computes the figures of these sums of a survey.
    pub fn from_sums(stored: &Stored, sums: Released) -> Self {
        let survey = &stored.survey;
        let known = instrument::find(&survey.instrument);
        let index = |tallies: &[Tally]| {
            let known = known?;
            let exact = index::compute(known, &survey.asked, tallies, survey.weights)?;
            Some(index::publish(known, exact))
        };
        let asked = survey.asked.iter().zip(&sums.tallies);
        let elements = asked.map(|(asked, tally)| Element {
            key: asked.key.clone(),
            code: asked.code.clone(),
            name: asked.name(known).to_owned(),
            aspect: known
                .and_then(|i| i.element(&asked.key)?.aspect.clone())
                .unwrap_or_default(),
            tally: *tally,
        });
        Self {
            elements: elements.collect(),
            counted: sums.counted,
            pending: sums.pending,
            withheld: sums.withheld,
            in_correction: sums.in_correction,
            aspects: known
                .map(|i| aspects(i, survey, &sums.tallies))
                .unwrap_or_default(),
            published: index(&sums.tallies),
            in_question: sums.in_question,
            questioned: sums.questioned.as_deref().and_then(index),
            certainty: known.and_then(|i| assess(i, survey, &sums.tallies, &sums.moments, survey.population)),
            sample: SampleStatus::of(stored.respondents, minimum(survey)),
            aftermath: Aftermath::default(),
            moments: sums.moments,
        }
    }
}

fn aspects(known: &Instrument, survey: &Survey, tallies: &[Tally]) -> Vec<AspectMean> {
    let means = index::aspect_means(known, &survey.asked, tallies).into_iter();
    means
        .map(|(aspect, mean)| AspectMean {
            key: aspect.key.clone(),
            name: aspect.name.clone(),
            mean,
        })
        .collect()
}

/// The minimum sample of a survey; `None` when there is none.
fn minimum(survey: &Survey) -> Option<i64> {
    let minimum = survey.minimum();
    (survey.population > 0 || minimum > 1).then_some(minimum)
}

/// Standard error and interval of an index, from the tallies and moments of the same responses.
pub fn assess(
    known: &Instrument,
    survey: &Survey,
    tallies: &[Tally],
    moments: &Moments,
    population: i64,
) -> Option<Certainty> {
    let (asked, variant) = (&survey.asked, survey.weights);
    let index = index::compute(known, asked, tallies, variant)?;
    let weighing = Weighing {
        coefficients: &index::coefficients(known, asked, tallies, variant)?,
        by_answers: variant == WeightVariant::MeanOfAllAnswers,
    };
    certainty(moments, &weighing, population, (known.min, known.max), &index)
}

/// The figures of surveys whose tallies were read, in the same order, with publication and follow-up plan. Only closed
/// surveys can have these, so they are not read for others.
pub async fn of_surveys(
    txn: &Txn,
    surveys: &[&Stored],
    tallies: &HashMap<i64, Tallies>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, DbErr> {
    let closed = surveys.iter().filter(|s| s.survey.closed_at.is_some());
    let closed: Vec<i64> = closed.map(|s| s.id).collect();
    let mut known = aftermath_get(txn, &closed).await?;
    let nothing = Tallies::new();
    let figures = |stored: &&Stored| Outcome {
        aftermath: known.remove(&stored.id).unwrap_or_default(),
        ..Outcome::of(stored, tallies.get(&stored.id).unwrap_or(&nothing), rules, now)
    };
    Ok(surveys.iter().map(figures).collect())
}
