//! Converts results and publications of surveys from and to messages.

use chrono::{DateTime, Utc};
use prima_platform::clock::{from_micros, to_proto};
use prima_proto::survey::v1 as pb;

use crate::{
    derived::outcome::Outcome,
    domain::{
        certainty::SampleStatus,
        index, instrument, number,
        publication::{Draft, Medium},
        tally::Tally,
    },
    rpc::{enums, publication},
    store::survey::Stored,
};

/// A result as its message.
pub fn result(stored: &Stored, outcome: &Outcome, now: DateTime<Utc>) -> pb::Result {
    let survey = &stored.survey;
    let tallies: Vec<_> = outcome.elements.iter().map(|e| e.tally).collect();
    let weights = instrument::find(&survey.instrument)
        .and_then(|i| index::weights(i, &survey.asked, &tallies, survey.weights))
        .unwrap_or_default();
    let published = outcome.published.as_ref();
    let certainty = outcome.certainty.as_ref();
    let known = instrument::find(&survey.instrument);
    pb::Result {
        survey: survey.name.to_string(),
        survey_display_name: survey.display_name.clone(),
        period: survey.period.to_string(),
        instrument: survey.instrument.clone(),
        weight_variant: enums::weight_variant(survey.weights) as i32,
        respondents: stored.respondents,
        index: published.map(|p| p.value.clone()).unwrap_or_default(),
        index_exact: published.map(|p| number::fraction(&p.exact)).unwrap_or_default(),
        category: published.map(|p| p.grade.clone()).unwrap_or_default(),
        category_display_name: published.map(|p| p.name.clone()).unwrap_or_default(),
        elements: outcome
            .elements
            .iter()
            .enumerate()
            .map(|(at, e)| {
                let mean = index::element_mean(&e.tally);
                pb::ElementResult {
                    key: e.key.clone(),
                    code: e.code.clone(),
                    display_name: e.name.clone(),
                    answers: e.tally.answers(),
                    total: e.tally.total(),
                    mean: mean.as_ref().map(|m| number::decimal(m, 4)).unwrap_or_default(),
                    weighted_mean: mean
                        .as_ref()
                        .zip(weights.get(at))
                        .map(|(mean, weight)| number::decimal(&(mean * weight), 4))
                        .unwrap_or_default(),
                    counts: counts(known, &e.tally),
                    aspect: e.aspect.clone(),
                }
            })
            .collect(),
        state: enums::state(survey.state(now)) as i32,
        minimum_respondents: survey.minimum(),
        version: stored.version,
        update_time: Some(to_proto(from_micros(stored.counted_at.max(stored.updated_at)))),
        disclosed_respondents: outcome.counted,
        standard_error: certainty.map(|c| c.standard_error.clone()).unwrap_or_default(),
        interval_low: certainty.map(|c| c.low.clone()).unwrap_or_default(),
        interval_high: certainty.map(|c| c.high.clone()).unwrap_or_default(),
        sample_status: sample_status(outcome.sample) as i32,
        population: survey.population,
        aspects: outcome
            .aspects
            .iter()
            .map(|a| pb::AspectResult {
                key: a.key.clone(),
                display_name: a.name.clone(),
                mean: a.mean.as_ref().map(|m| number::decimal(m, 4)).unwrap_or_default(),
            })
            .collect(),
        voided: stored.voided,
        publication: outcome.aftermath.published.as_ref().map(publication::message),
        counted: outcome.counted,
        pending: outcome.pending,
        in_correction: outcome.in_correction,
        withheld_reason: enums::withheld(outcome.withheld).into(),
        in_question: outcome.in_question,
        index_with_questioned: outcome
            .questioned
            .as_ref()
            .map(|p| p.value.clone())
            .unwrap_or_default(),
    }
}

fn sample_status(status: SampleStatus) -> pb::SampleStatus {
    match status {
        SampleStatus::Undeclared => pb::SampleStatus::Undeclared,
        SampleStatus::UnderMinimum => pb::SampleStatus::UnderMinimum,
        SampleStatus::Met => pb::SampleStatus::Met,
    }
}

/// The number of answers with each score of the instrument.
fn counts(known: Option<&instrument::Instrument>, tally: &Tally) -> Vec<i64> {
    let scores = known.map_or(0..=0, |i| usize::from(i.min)..=usize::from(i.max));
    tally.counts.get(scores).map(<[i64]>::to_vec).unwrap_or_default()
}

/// An unchecked publication from its message.
pub fn draft(date: String, media: Vec<pb::Medium>) -> Draft {
    let medium = |m: pb::Medium| Medium {
        kind: m.kind,
        link: m.link,
        description: m.description,
    };
    Draft {
        date,
        media: media.into_iter().map(medium).collect(),
    }
}
