//! The parts of a survey's definition, and instruments: proto to domain and back.

use std::collections::BTreeSet;

use prima_platform::failure::Violation;
use prima_proto::survey::v1 as pb;

use crate::domain::{
    index::WeightVariant,
    instrument::{Element, Instrument},
    number,
    survey::{AccessMode, Asked, OWN_PREFIX, OwnElement, ServicePopulation},
};

/// The variant asked for; `None` when it is left to the instrument.
pub fn weights(value: i32, faults: &mut Vec<Violation>) -> Option<WeightVariant> {
    match pb::WeightVariant::try_from(value) {
        Ok(pb::WeightVariant::Unspecified) => None,
        Ok(pb::WeightVariant::Exact) => Some(WeightVariant::Exact),
        Ok(pb::WeightVariant::WeightVariant0111) => Some(WeightVariant::W0111),
        Ok(pb::WeightVariant::WeightVariant011) => Some(WeightVariant::W011),
        Ok(pb::WeightVariant::MeanOfAspectMeans) => Some(WeightVariant::MeanOfAspectMeans),
        Ok(pb::WeightVariant::MeanOfAllAnswers) => Some(WeightVariant::MeanOfAllAnswers),
        Err(_) => {
            faults.push(unknown("survey.weight_variant".into()));
            None
        }
    }
}

/// A variant for a caller.
pub fn weight_variant(weights: WeightVariant) -> pb::WeightVariant {
    match weights {
        WeightVariant::Exact => pb::WeightVariant::Exact,
        WeightVariant::W0111 => pb::WeightVariant::WeightVariant0111,
        WeightVariant::W011 => pb::WeightVariant::WeightVariant011,
        WeightVariant::MeanOfAspectMeans => pb::WeightVariant::MeanOfAspectMeans,
        WeightVariant::MeanOfAllAnswers => pb::WeightVariant::MeanOfAllAnswers,
    }
}

fn unknown(field: String) -> Violation {
    Violation::new(field, "is unknown", "tidak dikenal")
}

/// An element to ask. What the service sets for elements of the instrument is ignored.
pub fn asked(element: pb::SurveyElement) -> Asked {
    let own = element.key.starts_with(OWN_PREFIX).then_some(OwnElement {
        name: element.display_name,
        question: element.question,
        answers: element.answers,
    });
    Asked {
        key: element.key,
        code: element.code,
        optional: element.optional,
        own,
    }
}

/// An element for a caller.
pub fn element(asked: &Asked, instrument: Option<&Instrument>) -> pb::SurveyElement {
    let own = asked.own.clone().unwrap_or_default();
    let known = instrument.and_then(|i| i.element(&asked.key));
    pb::SurveyElement {
        key: asked.key.clone(),
        code: asked.code.clone(),
        optional: asked.optional,
        display_name: asked.name(instrument).to_owned(),
        question: own.question,
        answers: own.answers,
        aspect: known.and_then(|e| e.aspect.clone()).unwrap_or_default(),
    }
}

/// The ways in. One that is unknown or comes again is a fault.
pub fn access(modes: &[i32], faults: &mut Vec<Violation>) -> BTreeSet<AccessMode> {
    let mut known = BTreeSet::new();
    for (at, mode) in modes.iter().enumerate() {
        let field = format!("survey.access_modes[{at}]");
        let mode = match pb::AccessMode::try_from(*mode) {
            Ok(pb::AccessMode::Agent) => AccessMode::Agent,
            Ok(pb::AccessMode::Token) => AccessMode::Token,
            Ok(pb::AccessMode::Link) => AccessMode::Link,
            Ok(pb::AccessMode::Kiosk) => AccessMode::Kiosk,
            Ok(pb::AccessMode::Unspecified) | Err(_) => {
                faults.push(unknown(field));
                continue;
            }
        };
        if !known.insert(mode) {
            faults.push(Violation::new(
                field,
                "comes more than once",
                "Cara pengisian disebut lebih dari sekali",
            ));
        }
    }
    known
}

/// A way in for a caller.
pub fn access_mode(mode: AccessMode) -> pb::AccessMode {
    match mode {
        AccessMode::Agent => pb::AccessMode::Agent,
        AccessMode::Token => pb::AccessMode::Token,
        AccessMode::Link => pb::AccessMode::Link,
        AccessMode::Kiosk => pb::AccessMode::Kiosk,
    }
}

/// Users per public service.
pub fn service_populations(given: Vec<pb::ServicePopulation>) -> Vec<ServicePopulation> {
    let one = |p: pb::ServicePopulation| ServicePopulation {
        service: p.service,
        population: p.population,
    };
    given.into_iter().map(one).collect()
}

/// Users of one public service for a caller.
pub fn service_population(one: &ServicePopulation) -> pb::ServicePopulation {
    pb::ServicePopulation {
        service: one.service.clone(),
        population: one.population,
    }
}

/// An instrument for a caller.
pub fn instrument(instrument: &Instrument) -> pb::Instrument {
    pb::Instrument {
        id: instrument.id.clone(),
        display_name: instrument.title.clone(),
        citations: instrument.citations.clone(),
        min_score: instrument.min.into(),
        max_score: instrument.max.into(),
        elements: instrument.elements.iter().map(instrument_element).collect(),
        aspects: instrument
            .aspects
            .iter()
            .map(|a| pb::Aspect {
                key: a.key.clone(),
                display_name: a.name.clone(),
            })
            .collect(),
        categories: instrument
            .categories
            .iter()
            .map(|c| pb::Category {
                grade: c.grade.clone(),
                display_name: c.name.clone(),
                lower: number::decimal(&c.lower, 2),
            })
            .collect(),
        weight_variants: instrument
            .variants
            .iter()
            .map(|v| v.as_str().to_owned())
            .collect(),
        own_elements: instrument.own_elements,
        profile_fields: instrument
            .profile
            .iter()
            .map(|f| pb::ProfileField {
                key: f.key.clone(),
                display_name: f.label.clone(),
                choices: f
                    .choices
                    .iter()
                    .map(|c| pb::Choice {
                        code: c.code.clone(),
                        display_name: c.label.clone(),
                    })
                    .collect(),
            })
            .collect(),
        minimum_respondents: instrument.minimum,
        metric: instrument.metric.clone().unwrap_or_default(),
    }
}

fn instrument_element(element: &Element) -> pb::InstrumentElement {
    pb::InstrumentElement {
        key: element.key.clone(),
        code: element.code.clone(),
        form_code: element.form_code.clone(),
        display_name: element.name.clone(),
        question: element.question.clone(),
        answers: element.answers.clone(),
        aspect: element.aspect.clone().unwrap_or_default(),
    }
}
