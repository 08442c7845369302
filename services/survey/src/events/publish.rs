//! The events that this service publishes: results of surveys, and scores of units and agencies.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, to_proto},
    db::Txn,
    outbox::State,
};
use prima_proto::{
    event::v1 as event,
    name,
    score::{self, Figures, Key},
    subject,
};
use prost::Message;
use sea_orm::DbErr;

use crate::{
    derived::outcome::{self, Outcome},
    domain::{
        METRIC, NAME,
        certainty::SampleStatus,
        index::{self, Published},
        instrument,
        number::{self, Rational},
        period::jakarta_day,
        publication::Medium,
        release::{Rules, Withheld},
        tally::Tally,
    },
    store::{
        follow_up::FollowUp,
        survey::Stored,
        tally::{Tallies, tallies_get},
    },
};

/// Revision of the rendering; it is raised when the same state is rendered differently.
const REVISION: i64 = 1;

fn state(subject: String, event_type: &'static str, version: i64, payload: Option<Vec<u8>>) -> State {
    State::new(subject, event_type, REVISION, version, payload)
}

/// The results of locked surveys, given their tallies.
///
/// # Errors
///
/// The database fails.
pub async fn survey_results<'a>(
    txn: &Txn,
    surveys: impl IntoIterator<Item = &'a Stored>,
    tallies: &HashMap<i64, Tallies>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<State>, DbErr> {
    let surveys: Vec<&Stored> = surveys.into_iter().collect();
    let outcomes = outcome::of_surveys(txn, &surveys, tallies, rules, now).await?;
    let states = surveys.into_iter().zip(&outcomes);
    Ok(states
        .map(|(stored, outcome)| result_state(stored, outcome))
        .collect())
}

/// The result of a locked survey.
///
/// # Errors
///
/// The database fails.
pub async fn survey_result(
    txn: &Txn,
    stored: &Stored,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<State, DbErr> {
    let tallies = tallies_get(txn, &[stored.id]).await?;
    let outcomes = outcome::of_surveys(txn, &[stored], &tallies, rules, now).await?;
    let missing = || DbErr::Custom(format!("{} has no figures", stored.survey.name));
    Ok(result_state(stored, outcomes.first().ok_or_else(missing)?))
}

fn medium(medium: &Medium) -> event::SurveyMediumState {
    event::SurveyMediumState {
        kind: medium.kind.clone(),
        link: medium.link.clone(),
        electronic: medium.electronic(),
    }
}

fn follow_up(planned: &FollowUp) -> event::SurveyFollowUpState {
    let done = planned.done.as_ref();
    event::SurveyFollowUpState {
        id: planned.id.clone(),
        element: planned.plan.element.clone(),
        quarter: planned.plan.quarter.clone(),
        create_date: jakarta_day(from_micros(planned.created_at)).to_string(),
        done_date: done.map(|d| d.date.to_string()).unwrap_or_default(),
    }
}

/// The result of a survey as an event, with the same figures that `GetResult` returns.
fn result_state(stored: &Stored, outcome: &Outcome) -> State {
    let survey = &stored.survey;
    let published = outcome.published.as_ref();
    let publication = outcome.aftermath.published.as_ref().map(|p| &p.publication);
    let known = instrument::find(&survey.instrument);
    let payload = event::SurveyResultState {
        name: survey.name.to_string(),
        display_name: survey.display_name.clone(),
        period: survey.period.to_string(),
        instrument: survey.instrument.clone(),
        weight_variant: survey.weights.as_str().to_owned(),
        respondents: stored.respondents,
        elements: outcome
            .elements
            .iter()
            .map(|e| event::ElementState {
                key: e.key.clone(),
                code: e.code.clone(),
                display_name: e.name.clone(),
                answers: e.tally.answers(),
                total: e.tally.total(),
            })
            .collect(),
        index: published.map(|p| p.value.clone()).unwrap_or_default(),
        index_exact: published.map(|p| number::fraction(&p.exact)).unwrap_or_default(),
        category: published.map(|p| p.grade.clone()).unwrap_or_default(),
        population: survey.population,
        open_time: survey.open_at.map(to_proto),
        close_time: survey.close_at.map(to_proto),
        closed_at: survey.closed_at.map(to_proto),
        update_time: Some(to_proto(from_micros(stored.counted_at.max(stored.updated_at)))),
        disclosed_respondents: outcome.counted,
        minimum_respondents: survey.minimum(),
        sample_met: outcome.sample == SampleStatus::Met,
        min_score: known.map(|i| i32::from(i.min)).unwrap_or_default(),
        max_score: known.map(|i| i32::from(i.max)).unwrap_or_default(),
        publish_date: publication.map(|p| p.date.to_string()).unwrap_or_default(),
        media: publication.iter().flat_map(|p| &p.media).map(medium).collect(),
        follow_ups: outcome.aftermath.follow_ups.iter().map(follow_up).collect(),
        instrument_elements_asked: known
            .map(|i| {
                survey
                    .asked
                    .iter()
                    .filter(|a| i.element(&a.key).is_some())
                    .count()
            })
            .and_then(|n| i32::try_from(n).ok())
            .unwrap_or_default(),
        instrument_elements: known
            .and_then(|i| i32::try_from(i.elements.len()).ok())
            .unwrap_or_default(),
        standard_error: outcome
            .certainty
            .as_ref()
            .map(|c| c.standard_error.clone())
            .unwrap_or_default(),
        aspects: outcome
            .aspects
            .iter()
            .filter_map(|a| Some((&a.key, a.mean.as_ref()?)))
            .map(|(key, mean)| event::ScoreComponent {
                key: key.clone(),
                value: number::decimal(mean, 4),
                coefficient: String::new(),
            })
            .collect(),
        voided: stored.voided,
        counted: outcome.counted,
        pending: outcome.pending,
        in_correction: outcome.in_correction,
        withheld_reason: withheld(outcome.withheld).into(),
        in_question: outcome.in_question,
        index_with_questioned: outcome
            .questioned
            .as_ref()
            .map(|p| p.value.clone())
            .unwrap_or_default(),
    };
    let subject = subject::survey_result(&survey.name);
    state(
        subject,
        subject::SURVEY_RESULT_TYPE,
        stored.version,
        Some(payload.encode_to_vec()),
    )
}

/// A computed score.
#[derive(Debug)]
pub struct Score {
    /// The index, rounded once, with its category; `None` when it is withheld because of too few people.
    pub published: Option<Published>,
    /// Exact values of its components, such as elements.
    pub components: Vec<(String, Rational)>,
    /// What one point of each component contributes to the exact index; none where the index is not their sum.
    pub coefficients: Vec<(String, Rational)>,
    /// Number of responses behind it.
    pub sample_size: i64,
    /// Number of people whose response or void is not in it yet.
    pub pending: i64,
    /// Number of responses in question, which are not in it, and the rounded index if they were accepted, which is empty
    /// when nothing or too little is in question.
    pub questioned: (i64, String),
    /// Minimum sample; 0 for an agency.
    pub sample_minimum: i64,
    /// Standard error, four decimals; empty where none exists.
    pub standard_error: String,
    /// Number of units counted and expected; zeros for the score of a unit.
    pub units: (i64, i64),
    /// How the scores of several units were aggregated; empty for the score of a unit.
    pub aggregation: String,
    /// Instrument and version.
    pub instrument: String,
    /// Whether it is final.
    pub settled: bool,
    /// Whether it was recorded from an earlier publication instead of computed.
    pub recorded: bool,
}

/// Why a result has no figures, as published.
pub fn withheld(withheld: Option<Withheld>) -> event::WithheldReason {
    match withheld {
        None => event::WithheldReason::Unspecified,
        Some(Withheld::TooFew) => event::WithheldReason::TooFew,
        Some(Withheld::FirstStep) => event::WithheldReason::FirstStep,
    }
}

/// The event of a score; a withdrawal when there is no score any more.
fn score_state(key: Key, version: i64, score: Option<&Score>) -> State {
    let event = match score {
        Some(score) => score_message(key, score).event(),
        None => key.withdrawn(),
    };
    state(event.subject, event.event_type, version, event.payload)
}

fn score_message(key: Key, score: &Score) -> score::Score {
    let published = score.published.as_ref();
    let value = published.map(|p| &p.exact);
    let too_few = published.is_none().then_some(Withheld::TooFew);
    let (counted, expected) = score.units;
    let components = score.components.iter();
    let coefficients = score.coefficients.iter();
    key.score(Figures {
        exact: value.map(number::exact).unwrap_or_default(),
        fraction: value.map(number::fraction).unwrap_or_default(),
        value: published.map(|p| p.value.clone()).unwrap_or_default(),
        category: published.map(|p| p.grade.clone()).unwrap_or_default(),
        instrument: score.instrument.clone(),
        settled: score.settled,
    })
    .components(components.map(|(key, value)| (key, number::decimal(value, 4))))
    .coefficients(coefficients.map(|(key, value)| (key, number::fraction(value))))
    .sample(score.sample_size, score.sample_minimum)
    .released(score.sample_size, score.pending, withheld(too_few))
    .questioned(score.questioned.0, score.questioned.1.clone())
    .standard_error(score.standard_error.clone())
    .units(counted, expected, &score.aggregation)
    .recorded(score.recorded)
}

/// The score of a unit; a withdrawal when there is no score any more.
pub fn unit_score(unit: &name::Unit, period: &str, version: i64, value: Option<&Score>) -> State {
    score_state(Key::new(NAME, METRIC, period, unit), version, value)
}

/// The score of an agency; a withdrawal when there is no score any more.
pub fn agency_score(agency: &name::Agency, period: &str, version: i64, value: Option<&Score>) -> State {
    score_state(Key::new(NAME, METRIC, period, agency), version, value)
}

/// The means of the elements, as components of a score.
pub fn components<'a>(elements: impl Iterator<Item = (&'a str, &'a Tally)>) -> Vec<(String, Rational)> {
    elements
        .filter_map(|(key, tally)| Some((key.to_owned(), index::element_mean(tally)?)))
        .collect()
}
