//! Proto to domain, with all violations at once; and back.

mod definition;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, from_proto, to_proto},
    failure::{Failure, Violation},
    request_id,
};
use prima_proto::{name, survey::v1 as pb};

use crate::{
    app::{create_survey::CreateSurvey, result::Outcome},
    domain::{
        certainty::SampleStatus,
        index, instrument, number,
        survey::{Change, Draft, State},
        tally::Tally,
    },
    store::survey::{Filter, Stored},
};

pub use definition::instrument as instrument_message;

/// The fault of a malformed name.
pub fn violation(field: &str, error: &name::Error) -> Violation {
    Violation::new(field, error.to_string(), error.localized())
}

/// Stands for every id in the parent of a list, so it is nobody's.
pub const ALL: &str = "-";

/// The fault of an id that stands for all.
pub fn nobody(field: &str) -> Violation {
    Violation::new(
        field,
        "`-` stands for all and can't be an id",
        "`-` berarti semua, bukan id",
    )
}

/// Name of a survey, or the fault of `field`.
pub fn survey_name(field: &str, text: &str) -> Result<name::Survey, Violation> {
    name::Survey::parse(text).map_err(|e| violation(field, &e))
}

/// Name of a kiosk, or the fault of `field`.
pub fn device_name(field: &str, text: &str) -> Result<name::Device, Violation> {
    name::Device::parse(text).map_err(|e| violation(field, &e))
}

/// A time, or nothing and the fault of `field`.
pub fn time(
    field: &str,
    value: Option<&prost_types::Timestamp>,
    faults: &mut Vec<Violation>,
) -> Option<DateTime<Utc>> {
    let value = value?;
    let parsed = from_proto(value);
    if parsed.is_none() {
        faults.push(Violation::new(field, "is out of range", "di luar rentang"));
    }
    parsed
}

/// The request of CreateSurvey. Faults of the definition itself are found by the domain, so they are joined here.
pub fn create(request: pb::CreateSurveyRequest, now: DateTime<Utc>) -> Result<CreateSurvey, Failure> {
    let mut faults = Vec::new();
    let digest = request_id::digest(&request);
    faults.extend(request_id::check("request_id", &request.request_id).err());
    let unit = name::Unit::parse(&request.parent)
        .map_err(|e| faults.push(violation("parent", &e)))
        .ok();
    if unit.as_ref().is_some_and(|u| u.agency == ALL || u.unit == ALL) {
        faults.push(nobody("parent"));
    }
    match name::token(&request.survey_id, name::TOKEN_MAX) {
        Ok(ALL) => faults.push(nobody("survey_id")),
        Ok(_) => {}
        Err(error) => faults.push(violation("survey_id", &error)),
    }
    let survey = request.survey.unwrap_or_default();
    let draft = Draft {
        display_name: survey.display_name,
        period: survey.period,
        instrument: survey.instrument,
        weights: definition::weights(survey.weight_variant, &mut faults),
        asked: survey.elements.into_iter().map(definition::asked).collect(),
        open_at: time("survey.open_time", survey.open_time.as_ref(), &mut faults),
        close_at: time("survey.close_time", survey.close_time.as_ref(), &mut faults),
        population: survey.population,
        service_populations: definition::service_populations(survey.service_populations),
        access: definition::access(&survey.access_modes, &mut faults),
    };
    let Some(unit) = unit.filter(|_| faults.is_empty()) else {
        let stand_in = name::Survey {
            unit: name::Unit {
                agency: "0".into(),
                unit: "0".into(),
            },
            survey: "0".into(),
        };
        faults.extend(
            crate::domain::survey::create(stand_in, draft, now)
                .err()
                .unwrap_or_default(),
        );
        return Err(faults.into());
    };
    let name = name::Survey {
        unit,
        survey: request.survey_id,
    };
    Ok(CreateSurvey {
        request_id: request.request_id,
        digest,
        name,
        draft,
    })
}

/// The request of UpdateSurvey: name, etag, change.
pub fn update(request: pb::UpdateSurveyRequest) -> Result<(name::Survey, String, Change), Failure> {
    let mut faults = Vec::new();
    let survey = request.survey.unwrap_or_default();
    let name = survey_name("survey.name", &survey.name)
        .map_err(|v| faults.push(v))
        .ok();
    let mut change = Change::default();
    let paths = request.update_mask.unwrap_or_default().paths;
    if paths.is_empty() {
        faults.push(Violation::new(
            "update_mask",
            "must name at least one field",
            "harus menyebut satu bidang",
        ));
    }
    for path in paths {
        match path.as_str() {
            "display_name" => change.display_name = Some(survey.display_name.clone()),
            "open_time" => {
                change.open_at = Some(time("survey.open_time", survey.open_time.as_ref(), &mut faults));
            }
            "close_time" => {
                change.close_at = Some(time("survey.close_time", survey.close_time.as_ref(), &mut faults));
            }
            "population" => change.population = Some(survey.population),
            "service_populations" => {
                let services = survey.service_populations.clone();
                change.service_populations = Some(definition::service_populations(services));
            }
            "access_modes" => {
                change.access = Some(definition::access(&survey.access_modes, &mut faults));
            }
            other => faults.push(Violation::new(
                "update_mask",
                format!(
                    "`{other}` can't be changed; display_name, open_time, close_time, population, \
                     service_populations and access_modes can"
                ),
                format!("`{other}` tidak dapat diubah"),
            )),
        }
    }
    match name {
        Some(name) if faults.is_empty() => Ok((name, survey.etag, change)),
        _ => Err(faults.into()),
    }
}

/// `Ok` when `sent` is empty or the current etag.
pub fn check_etag(what: &str, sent: &str, current: i64) -> Result<(), Failure> {
    if sent.is_empty() || sent == current.to_string() {
        Ok(())
    } else {
        Err(Failure::stale_etag(what))
    }
}

/// Agency and unit of a list's parent; empty where it is `-`.
pub fn parent(text: &str) -> Result<(String, String), Violation> {
    let any = |id: &str| if id == "-" { String::new() } else { id.to_owned() };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["agencies", "-", "units", "-"] => Ok((String::new(), String::new())),
        ["agencies", agency, "units", unit]
            if *agency != "-"
                && name::token(agency, name::AGENCY_MAX).is_ok()
                && (*unit == "-" || name::token(unit, name::TOKEN_MAX).is_ok()) =>
        {
            Ok((any(agency), any(unit)))
        }
        _ => Err(Violation::new(
            "parent",
            "must be agencies/{agency}/units/{unit}, agencies/{agency}/units/- or agencies/-/units/-",
            "harus berbentuk agencies/{agency}/units/{unit}, agencies/{agency}/units/- atau agencies/-/units/-",
        )),
    }
}

/// Filter and page of a list.
pub fn list(
    parent_text: &str,
    size: i32,
    token: &str,
    period: &str,
) -> Result<(Filter, prima_platform::page::Page), Failure> {
    let mut faults = Vec::new();
    let parent = parent(parent_text).map_err(|v| faults.push(v)).ok();
    let page = prima_platform::page::Page::parse(size, token, &[parent_text, period])
        .map_err(|v| faults.extend(v))
        .ok();
    if !period.is_empty() && period.parse::<crate::domain::period::Period>().is_err() {
        faults.push(Violation::new(
            "period",
            "is not a period",
            "bukan periode yang benar",
        ));
    }
    match (parent, page) {
        (Some((agency, unit)), Some(page)) if faults.is_empty() => {
            let after = page.after.clone();
            Ok((
                Filter {
                    agency,
                    unit,
                    period: period.to_owned(),
                    after,
                    limit: page.limit(),
                },
                page,
            ))
        }
        _ => Err(faults.into()),
    }
}

fn state(state: State) -> pb::SurveyState {
    match state {
        State::Scheduled => pb::SurveyState::Scheduled,
        State::Open => pb::SurveyState::Open,
        State::Closed => pb::SurveyState::Closed,
    }
}

/// A survey for a caller.
pub fn survey(stored: &Stored, unit_confirmed: bool, now: DateTime<Utc>) -> pb::Survey {
    let survey = &stored.survey;
    let known = instrument::find(&survey.instrument);
    pb::Survey {
        name: survey.name.to_string(),
        display_name: survey.display_name.clone(),
        period: survey.period.to_string(),
        instrument: survey.instrument.clone(),
        weight_variant: definition::weight_variant(survey.weights) as i32,
        elements: survey
            .asked
            .iter()
            .map(|a| definition::element(a, known))
            .collect(),
        open_time: survey.open_at.map(to_proto),
        close_time: survey.close_at.map(to_proto),
        population: survey.population,
        state: state(survey.state(now)) as i32,
        unit_confirmed,
        etag: stored.etag.to_string(),
        create_time: Some(to_proto(from_micros(stored.created_at))),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
        access_modes: survey
            .access
            .iter()
            .map(|mode| definition::access_mode(*mode) as i32)
            .collect(),
        service_populations: survey
            .service_populations
            .iter()
            .map(definition::service_population)
            .collect(),
    }
}

/// A result for a caller.
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
        weight_variant: definition::weight_variant(survey.weights) as i32,
        respondents: stored.respondents,
        index: published.map(|p| p.value.clone()).unwrap_or_default(),
        index_exact: published
            .filter(|_| outcome.whole)
            .map(|p| number::fraction(&p.exact))
            .unwrap_or_default(),
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
        state: state(survey.state(now)) as i32,
        minimum_respondents: survey.minimum(),
        version: stored.version,
        update_time: Some(to_proto(from_micros(stored.counted_at.max(stored.updated_at)))),
        disclosed_respondents: outcome.disclosed,
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
        publication: outcome.facts.publication.clone(),
    }
}

fn sample_status(status: SampleStatus) -> pb::SampleStatus {
    match status {
        SampleStatus::Undeclared => pb::SampleStatus::Undeclared,
        SampleStatus::UnderMinimum => pb::SampleStatus::UnderMinimum,
        SampleStatus::Met => pb::SampleStatus::Met,
    }
}

/// Answers per score, over the scores that the instrument has.
fn counts(known: Option<&instrument::Instrument>, tally: &Tally) -> Vec<i64> {
    let scores = known.map_or(0..=0, |i| usize::from(i.min)..=usize::from(i.max));
    tally.counts.get(scores).map(<[i64]>::to_vec).unwrap_or_default()
}
