//! Converts surveys from and to messages.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    request::{Choice, Faults},
};
use prima_proto::survey::v1 as pb;

use crate::{
    domain::{
        asked::{Asked, OWN_PREFIX, OwnElement},
        draft::Draft,
        instrument::{self, Instrument, Wording},
        survey::{AccessMode, ServicePopulation},
        weights::WeightVariant,
    },
    rpc::{enums, field::time},
    store::{survey::Stored, survey_change::Model as Change},
};

const WEIGHTS: Choice = Choice {
    english: "weight variant",
    indonesian: "Bobot unsur",
};
const WORDING: Choice = Choice {
    english: "wording",
    indonesian: "Rumusan pertanyaan",
};
const ACCESS: Choice = Choice {
    english: "access mode",
    indonesian: "Cara pengisian",
};

/// An unchecked survey from its message. Fields that cannot be parsed are reported here; the domain checks the others.
pub fn draft(survey: pb::Survey, faults: &mut Faults) -> Draft {
    Draft {
        display_name: survey.display_name,
        period: survey.period,
        instrument: survey.instrument,
        weights: weights(survey.weight_variant, faults),
        asked: survey.elements.into_iter().map(asked).collect(),
        open_at: faults.or_default(time("survey.open_time", survey.open_time.as_ref())),
        close_at: faults.or_default(time("survey.close_time", survey.close_time.as_ref())),
        population: survey.population,
        service_populations: service_populations(survey.service_populations),
        access: access(&survey.access_modes, faults),
        wording: wording(survey.wording, faults),
    }
}

/// The given wording; that of this system when unspecified.
fn wording(value: i32, faults: &mut Faults) -> Wording {
    let given = WORDING.optional("survey.wording", value, |wording| match wording {
        pb::Wording::Unspecified => None,
        pb::Wording::Plain => Some(Wording::Plain),
        pb::Wording::Official => Some(Wording::Official),
    });
    faults.or_default(given).unwrap_or_default()
}

/// The given weight variant; `None` means the default of the instrument.
fn weights(value: i32, faults: &mut Faults) -> Option<WeightVariant> {
    faults.or_default(
        WEIGHTS.optional("survey.weight_variant", value, |variant| match variant {
            pb::WeightVariant::Unspecified => None,
            pb::WeightVariant::Exact => Some(WeightVariant::Exact),
            pb::WeightVariant::WeightVariant0111 => Some(WeightVariant::W0111),
            pb::WeightVariant::WeightVariant011 => Some(WeightVariant::W011),
            pb::WeightVariant::WeightVariant0071 => Some(WeightVariant::W0071),
            pb::WeightVariant::MeanOfAspectMeans => Some(WeightVariant::MeanOfAspectMeans),
            pb::WeightVariant::MeanOfAllAnswers => Some(WeightVariant::MeanOfAllAnswers),
        }),
    )
}

/// An element to ask. Fields that the service sets for elements of the instrument are ignored.
fn asked(element: pb::SurveyElement) -> Asked {
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

/// An element as its message. Question and answers of an element of the instrument are those of the regulation when the
/// survey shows them; its own ones are in the instrument.
fn element(asked: &Asked, instrument: Option<&Instrument>, wording: Wording) -> pb::SurveyElement {
    let known = instrument.and_then(|i| i.element(&asked.key));
    let (question, answers) = match (&asked.own, known) {
        (Some(own), _) => (own.question.as_str(), own.answers.as_slice()),
        (None, Some(known)) if wording == Wording::Official => known.worded(wording),
        (None, _) => ("", &[][..]),
    };
    pb::SurveyElement {
        key: asked.key.clone(),
        code: asked.code.clone(),
        optional: asked.optional,
        display_name: asked.name(instrument).to_owned(),
        question: question.to_owned(),
        answers: answers.to_vec(),
        aspect: known.and_then(|e| e.aspect.clone()).unwrap_or_default(),
    }
}

/// The given access modes. An unknown or repeated one is a fault.
pub fn access(modes: &[i32], faults: &mut Faults) -> BTreeSet<AccessMode> {
    let mut known = BTreeSet::new();
    for (at, mode) in modes.iter().enumerate() {
        let field = format!("survey.access_modes[{at}]");
        let mode = faults.take(ACCESS.required(&field, *mode, |mode| match mode {
            pb::AccessMode::Unspecified => None,
            pb::AccessMode::Agent => Some(AccessMode::Agent),
            pb::AccessMode::Token => Some(AccessMode::Token),
            pb::AccessMode::Link => Some(AccessMode::Link),
            pb::AccessMode::Kiosk => Some(AccessMode::Kiosk),
        }));
        if mode.is_some_and(|mode| !known.insert(mode)) {
            faults.add(
                field,
                "is given more than once",
                "Cara pengisian disebut lebih dari sekali",
            );
        }
    }
    known
}

/// An access mode as its enumeration value.
fn access_mode(mode: AccessMode) -> pb::AccessMode {
    match mode {
        AccessMode::Agent => pb::AccessMode::Agent,
        AccessMode::Token => pb::AccessMode::Token,
        AccessMode::Link => pb::AccessMode::Link,
        AccessMode::Kiosk => pb::AccessMode::Kiosk,
    }
}

/// The declared populations of public services.
pub fn service_populations(given: Vec<pb::ServicePopulation>) -> Vec<ServicePopulation> {
    let one = |p: pb::ServicePopulation| ServicePopulation {
        service: p.service,
        population: p.population,
        own_sample: true,
    };
    given.into_iter().map(one).collect()
}

/// The declared population of one public service as its message.
fn service_population(one: &ServicePopulation) -> pb::ServicePopulation {
    pb::ServicePopulation {
        service: one.service.clone(),
        population: one.population,
    }
}

/// A survey as its message.
pub fn survey(stored: &Stored, unit_confirmed: bool, now: DateTime<Utc>) -> pb::Survey {
    let survey = &stored.survey;
    let known = instrument::find(&survey.instrument);
    pb::Survey {
        name: survey.name.to_string(),
        display_name: survey.display_name.clone(),
        period: survey.period.to_string(),
        instrument: survey.instrument.clone(),
        weight_variant: enums::weight_variant(survey.weights) as i32,
        elements: survey
            .asked
            .iter()
            .map(|a| element(a, known, survey.wording))
            .collect(),
        open_time: survey.open_at.map(to_proto),
        close_time: survey.close_at.map(to_proto),
        population: survey.population,
        state: enums::state(survey.state(now)) as i32,
        unit_confirmed,
        etag: etag::of(stored.etag),
        create_time: Some(to_proto(from_micros(stored.created_at))),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
        access_modes: survey
            .access
            .iter()
            .map(|mode| access_mode(*mode) as i32)
            .collect(),
        service_populations: survey
            .service_populations
            .iter()
            .map(service_population)
            .collect(),
        wording: match survey.wording {
            Wording::Plain => pb::Wording::Plain,
            Wording::Official => pb::Wording::Official,
        }
        .into(),
        citations: survey.citations().into_iter().map(str::to_owned).collect(),
    }
}

/// A reopening as its message.
pub fn change(change: &Change) -> pb::SurveyChange {
    pb::SurveyChange {
        number: change.number,
        change_time: Some(to_proto(from_micros(change.changed_at))),
        actor: change.actor.clone(),
        reason: change.reason.clone(),
        closed_time: Some(to_proto(from_micros(change.closed_at))),
        close_time: change.close_at.map(|at| to_proto(from_micros(at))),
    }
}
