//! Converts the definition of a survey to the message of its form.

use prima_platform::{clock::to_proto, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::{
    domain::{
        asked::Asked,
        instrument::{self, Instrument, Wording},
        survey::{State, Survey},
    },
    rpc::profile,
};

/// The form of a survey in this state; `unit` is the name of its unit and `service` the public service that is known already.
///
/// # Errors
///
/// The instrument of the survey is not known.
pub fn form(
    survey: &Survey,
    unit: String,
    service: String,
    state: State,
) -> Result<pb::Questionnaire, Failure> {
    let known = instrument::find(&survey.instrument)
        .ok_or_else(|| Failure::internal(format!("instrument {} is not known", survey.instrument)))?;
    let questions = survey.asked.iter();
    Ok(pb::Questionnaire {
        survey: survey.name.to_string(),
        display_name: survey.display_name.clone(),
        unit_display_name: unit,
        period: survey.period.to_string(),
        is_open: state == State::Open,
        open_time: survey.open_at.map(to_proto),
        close_time: survey.close_at.map(to_proto),
        min_score: known.min.into(),
        max_score: known.max.into(),
        questions: questions
            .map(|asked| question(asked, known, survey.wording))
            .collect(),
        profile_fields: known.profile.iter().map(profile::field).collect(),
        service,
    })
}

fn question(asked: &Asked, instrument: &Instrument, wording: Wording) -> pb::Question {
    let element = instrument.element(&asked.key);
    let (question, answers) = match (&asked.own, element) {
        (Some(own), _) => (own.question.as_str(), own.answers.as_slice()),
        (None, Some(element)) => element.worded(wording),
        (None, None) => ("", &[][..]),
    };
    let aspect = element.and_then(|element| element.aspect.as_deref());
    let aspect = instrument
        .aspects
        .iter()
        .find(|known| Some(known.key.as_str()) == aspect);
    let official = element.and_then(|element| element.official.clone());
    let (official_question, official_answers) = official.unwrap_or_default();
    pb::Question {
        key: asked.key.clone(),
        code: asked.code.clone(),
        display_name: asked.name(Some(instrument)).to_owned(),
        question: question.to_owned(),
        answers: answers.to_vec(),
        optional: asked.optional,
        aspect_display_name: aspect.map(|aspect| aspect.name.clone()).unwrap_or_default(),
        official_question,
        official_answers,
    }
}
