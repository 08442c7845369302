//! The result of a survey: computed by one function, whoever asks.

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
        survey::{State, Survey},
        tally::Tally,
    },
    store::{
        follow_up::{Aftermath, aftermath_get},
        survey::Stored,
        tally::Tallies,
    },
};

/// The figure of one element, as disclosed.
#[derive(Debug, Clone)]
pub struct Element {
    /// Stable key.
    pub key: String,
    /// Code printed in this survey.
    pub code: String,
    /// Official name.
    pub name: String,
    /// Key of its aspect; empty where the instrument has none.
    pub aspect: String,
    /// Its answers.
    pub tally: Tally,
}

/// The figure of one aspect, as disclosed.
#[derive(Debug, Clone)]
pub struct AspectMean {
    /// Stable key.
    pub key: String,
    /// Official name.
    pub name: String,
    /// Mean of the means of its questions; none until each has an answer.
    pub mean: Option<Rational>,
}

/// The figures of a survey.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// In the survey's order, of the disclosed responses.
    pub elements: Vec<Element>,
    /// In the instrument's order, of the disclosed responses; empty where it has none.
    pub aspects: Vec<AspectMean>,
    /// Responses that are disclosed.
    pub disclosed: i64,
    /// Whether these are all: else nothing more exact than the published index may be told.
    pub whole: bool,
    /// The index of every response; none until every element has an answer.
    pub published: Option<Published>,
    /// Certainty of the index of the disclosed responses; none with fewer than two.
    pub certainty: Option<Certainty>,
    /// Whether enough people have answered.
    pub sample: SampleStatus,
    /// Its publication and its follow-up plan.
    pub aftermath: Aftermath,
}

impl Outcome {
    /// Computes the figures of a survey from its sums, as they may be told at `now`.
    pub fn of(stored: &Stored, tallies: &Tallies, now: DateTime<Utc>) -> Self {
        let survey = &stored.survey;
        let known = instrument::find(&survey.instrument);
        // Between the closing time and the transaction that closes, all is told already.
        let whole = stored.disclosed.undisclosed == 0 || survey.state(now) == State::Closed;
        let counts = |key: &str| tallies.get(key).copied().unwrap_or_default();
        let current: Vec<Tally> = survey.asked.iter().map(|a| counts(&a.key).current).collect();
        let elements: Vec<Element> = survey
            .asked
            .iter()
            .map(|asked| Element {
                key: asked.key.clone(),
                code: asked.code.clone(),
                name: asked.name(known).to_owned(),
                aspect: known
                    .and_then(|i| i.element(&asked.key)?.aspect.clone())
                    .unwrap_or_default(),
                tally: match counts(&asked.key) {
                    counts if whole => counts.current,
                    counts => counts.disclosed,
                },
            })
            .collect();
        let shown: Vec<Tally> = elements.iter().map(|e| e.tally).collect();
        let (moments, disclosed) = if whole {
            (&stored.moments, stored.respondents)
        } else {
            (&stored.disclosed.moments, stored.disclosed.respondents)
        };
        Self {
            elements,
            disclosed,
            whole,
            aspects: known.map(|i| aspects(i, survey, &shown)).unwrap_or_default(),
            published: known.and_then(|i| {
                let exact = index::compute(i, &survey.asked, &current, survey.weights)?;
                Some(index::publish(i, exact))
            }),
            certainty: known.and_then(|i| assess(i, survey, &shown, moments, survey.population)),
            sample: SampleStatus::of(stored.respondents, minimum(survey)),
            aftermath: Aftermath::default(),
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

/// The minimum sample of a survey, where there is one.
fn minimum(survey: &Survey) -> Option<i64> {
    let minimum = survey.minimum();
    (survey.population > 0 || minimum > 1).then_some(minimum)
}

/// The certainty of the index that these tallies and moments, of the same responses, give.
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

/// The figures of surveys of which the tallies are known, in their order, with what came after each. Only a survey that
/// was closed has any of that, so that nothing is read for the others.
pub async fn of_surveys(
    txn: &Txn,
    surveys: &[&Stored],
    tallies: &HashMap<i64, Tallies>,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, DbErr> {
    let closed = surveys.iter().filter(|s| s.survey.closed_at.is_some());
    let closed: Vec<i64> = closed.map(|s| s.id).collect();
    let mut known = aftermath_get(txn, &closed).await?;
    let nothing = Tallies::new();
    let figures = |stored: &&Stored| Outcome {
        aftermath: known.remove(&stored.id).unwrap_or_default(),
        ..Outcome::of(stored, tallies.get(&stored.id).unwrap_or(&nothing), now)
    };
    Ok(surveys.iter().map(figures).collect())
}
