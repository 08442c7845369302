//! The result of a survey: computed by one function, whoever asks.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    db::{Database, Txn},
    failure::Failure,
    outbox,
};
use prima_proto::{event::v1 as event, survey::v1 as pb};
use sea_orm::DbErr;

use super::aftermath::facts;
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
    events::render,
    store::{
        survey::{Filter, Stored, survey_get, survey_page},
        tally::{Tallies, tallies_get},
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

/// What a result says beside its figures.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// When and where it was made public.
    pub publication: Option<pb::Publication>,
    /// The media of the publication, as an event tells them.
    pub media: Vec<event::SurveyMediumState>,
    /// The follow-up plan, ordered by id.
    pub follow_ups: Vec<event::SurveyFollowUpState>,
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
    /// What else is known of the result.
    pub facts: Facts,
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
            facts: Facts::default(),
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

/// A survey with its figures, both of the same moment.
pub async fn get(
    db: &Database,
    name: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Stored, Outcome)>, Failure> {
    let txn = snapshot(db).await?;
    let Some(stored) = survey_get(&txn, name).await? else {
        return Ok(None);
    };
    Ok(with_outcomes(&txn, vec![stored], now).await?.pop())
}

/// A page of surveys with their figures.
pub async fn page(
    db: &Database,
    filter: &Filter,
    now: DateTime<Utc>,
) -> Result<Vec<(Stored, Outcome)>, Failure> {
    let txn = snapshot(db).await?;
    let surveys = survey_page(&txn, filter).await?;
    with_outcomes(&txn, surveys, now).await
}

/// The states of surveys that are locked, for the outbox.
pub async fn states<'a>(
    txn: &Txn,
    surveys: impl IntoIterator<Item = &'a Stored>,
    tallies: &HashMap<i64, Tallies>,
    now: DateTime<Utc>,
) -> Result<Vec<outbox::State>, DbErr> {
    let surveys: Vec<&Stored> = surveys.into_iter().collect();
    let mut facts = facts(txn, surveys.iter().copied()).await?;
    let nothing = Tallies::new();
    let state = |stored: &Stored| {
        let mut outcome = Outcome::of(stored, tallies.get(&stored.id).unwrap_or(&nothing), now);
        outcome.facts = facts.remove(&stored.id).unwrap_or_default();
        render::survey_result(stored, &outcome)
    };
    Ok(surveys.into_iter().map(state).collect())
}

/// A transaction in which several reads see one state.
pub async fn snapshot(db: &Database) -> Result<Txn, Failure> {
    use sea_orm::{IsolationLevel, TransactionTrait};
    let level = (db.backend() == sea_orm::DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
    Ok(db.reader().begin_with_config(level, None).await?)
}

async fn with_outcomes(
    txn: &Txn,
    surveys: Vec<Stored>,
    now: DateTime<Utc>,
) -> Result<Vec<(Stored, Outcome)>, Failure> {
    let ids: Vec<i64> = surveys.iter().map(|s| s.id).collect();
    let tallies = tallies_get(txn, &ids).await?;
    let mut facts = facts(txn, &surveys).await?;
    let nothing = Tallies::new();
    let figures = |stored: Stored| {
        let mut outcome = Outcome::of(&stored, tallies.get(&stored.id).unwrap_or(&nothing), now);
        outcome.facts = facts.remove(&stored.id).unwrap_or_default();
        (stored, outcome)
    };
    Ok(surveys.into_iter().map(figures).collect())
}
