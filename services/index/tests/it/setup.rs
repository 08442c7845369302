//! What the tests of cycles set up: a cycle with its units and evaluators, and states of the survey service.

use std::time::Duration;

use prima_index::domain::instrument::{Instrument, built_in};
use prima_platform::{
    bus::{Bus, Event},
    caller::{Caller, Role},
    clock::{Clock, to_proto},
    testing::eventually,
};
use prima_proto::{
    event::v1::{ElementState, SurveyResultState},
    index::v1 as pb,
    name, subject,
};
use prost::Message;
use serde_json::Value;
use tonic::Request;

use crate::fixture::*;

/// Time limit of waits for asynchronous changes.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Hours from now at which the windows change: F-01 closes, F-02 and objections open.
pub const F02_OPENS: i64 = 10;
/// Hours from now after which all windows are closed.
pub const ALL_CLOSED: i64 = 20;

/// The instrument of the cycles.
pub fn pekppp() -> &'static Instrument {
    &built_in().iter().find(|(i, _)| i.id == "pekppp-2022").unwrap().0
}

/// The golden vectors.
pub fn golden() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/ipp.json"));
    serde_json::from_str(text).unwrap()
}

/// A request by a caller with this role in Kota Bogor.
pub fn as_role<T>(subject: &str, role: Role, message: T) -> Request<T> {
    by(
        Caller::new(subject.into(), vec![role], vec!["3271".into()]),
        message,
    )
}

/// A request by a caller with these roles in this agency.
pub fn holding<T>(subject: &str, roles: &[Role], agency: &str, message: T) -> Request<T> {
    let caller = Caller::new(subject.into(), roles.to_vec(), vec![agency.into()]);
    by(caller, message)
}

/// A request by an evaluator of every agency, who belongs to none.
pub fn evaluator<T>(subject: &str, message: T) -> Request<T> {
    holding(subject, &[Role::Evaluator], "*", message)
}

/// A window between two numbers of hours from now.
pub fn window(from: i64, to: i64) -> Option<pb::Window> {
    let at = |hours| Some(to_proto(Clock::system().now() + chrono::TimeDelta::hours(hours)));
    Some(pb::Window {
        open_time: at(from),
        close_time: at(to),
    })
}

/// A national cycle of 2025 whose F-01 is open.
pub fn cycle() -> pb::Cycle {
    pb::Cycle {
        display_name: "PEKPPP 2025".into(),
        scheme: pb::Scheme::Nasional as i32,
        year: "2025".into(),
        instrument: "pekppp-2022".into(),
        evaluation_date: "2025-06-30".into(),
        self_assessment_window: window(-1, F02_OPENS - 1),
        evaluation_window: window(F02_OPENS - 1, ALL_CLOSED - 1),
        objection_window: window(F02_OPENS - 1, ALL_CLOSED - 1),
        ..Default::default()
    }
}

/// Opens a cycle.
pub async fn open(t: &World, id: &str, cycle: pb::Cycle) -> pb::Cycle {
    let request = pb::OpenCycleRequest {
        request_id: format!("open-{id}"),
        cycle_id: id.into(),
        cycle: Some(cycle),
    };
    let answer = t.assessment.clone().open_cycle(admin(request)).await.unwrap();
    answer.into_inner().cycle.unwrap()
}

/// Enrolls a unit of Kota Bogor, and returns the name of its assessment.
pub async fn enroll(t: &World, cycle: &str, unit: &str, form: &str) -> String {
    let request = pb::EnrollUnitRequest {
        request_id: format!("enroll-{cycle}-{unit}"),
        cycle: format!("cycles/{cycle}"),
        unit: format!("agencies/3271/units/{unit}"),
        form: form.into(),
    };
    let answer = t.assessment.clone().enroll_unit(admin(request)).await.unwrap();
    answer.into_inner().assessment.unwrap().name
}

/// A request of levels for an assessment.
pub fn evaluation(id: &str, assessment: &str, levels: &[(String, i32)]) -> pb::SubmitEvaluationRequest {
    let one = |(indicator, level): &(String, i32)| pb::Evaluation {
        indicator: indicator.clone(),
        level: *level,
        note: "Sesuai bukti".into(),
        ..Default::default()
    };
    pb::SubmitEvaluationRequest {
        request_id: id.into(),
        assessment: assessment.into(),
        evaluations: levels.iter().map(one).collect(),
    }
}

/// Submits levels as `evaluator`.
pub async fn evaluate(
    t: &World,
    by: &str,
    id: &str,
    assessment: &str,
    levels: &[(String, i32)],
) -> pb::Assessment {
    let request = evaluator(by, evaluation(id, assessment, levels));
    let answer = t.assessment.clone().submit_evaluation(request).await.unwrap();
    answer.into_inner().assessment.unwrap()
}

/// Keys of the scored rows of a form.
pub fn scored(form: &str) -> Vec<String> {
    let form = pekppp().forms.as_ref().unwrap().get(form).unwrap();
    let rows = form.indicators.iter().filter(|i| !i.supplementary);
    rows.map(|i| i.key.clone()).collect()
}

/// The same level for every scored row.
pub fn all(form: &str, level: i32) -> Vec<(String, i32)> {
    scored(form).into_iter().map(|key| (key, level)).collect()
}

/// A closed survey of F-03 in which `respondents` gave `score` to every question.
pub fn f03(unit: &str, survey: &str, form: &str, respondents: i64, score: i64) -> SurveyResultState {
    let questions = &pekppp().forms.as_ref().unwrap().get(form).unwrap().questions;
    let element = |key: &String| ElementState {
        key: key.clone(),
        answers: respondents,
        total: respondents * score,
        ..Default::default()
    };
    SurveyResultState {
        name: format!("agencies/3271/units/{unit}/surveys/{survey}"),
        period: "2025".into(),
        instrument: format!("f03-{form}-2022"),
        weight_variant: "mean_of_aspect_means".into(),
        respondents,
        disclosed_respondents: respondents,
        elements: questions.iter().map(|q| element(&q.key)).collect(),
        closed_at: Some(to_proto(Clock::system().now())),
        ..Default::default()
    }
}

/// Publishes the state of a survey, or its withdrawal, as the survey service does.
pub async fn publish(t: &World, version: i64, state: &SurveyResultState, withdrawn: bool) {
    let subject = subject::survey_result(&name::Survey::parse(&state.name).unwrap());
    t.bus.ensure_stream("survey").await.unwrap();
    let last = t.bus.last("survey", &subject).await.unwrap();
    let event = Event {
        subject,
        event_type: "prima.survey.result".into(),
        revision: 1,
        version,
        withdrawn,
        payload: state.encode_to_vec(),
        time: String::new(),
        traceparent: None,
        origin: None,
    };
    let expected = last.map_or(0, |head| head.sequence);
    t.bus.publish("survey", &event, expected).await.unwrap();
}

/// The index of a unit, an agency or a cycle.
pub async fn index(t: &World, name: &str) -> pb::IndexSummary {
    let request = admin(pb::GetIndexRequest { name: name.into() });
    let answer = t.client.clone().get_index(request).await.unwrap();
    answer.into_inner().index.unwrap()
}

/// Waits until the index of `name` is `value`.
pub async fn becomes(t: &World, name: &str, value: &str) -> pb::IndexSummary {
    let found = eventually(DEADLINE, async || {
        Some(index(t, name).await).filter(|i| i.index == value)
    });
    let found = found.await;
    let now = index(t, name).await;
    assert!(found.is_some(), "{name} is not {value}: {now:?}");
    found.unwrap()
}

/// Asserts that a recomputed index equals the published one.
pub async fn verified(t: &World, name: &str) -> String {
    let request = admin(pb::VerifyIndexRequest { name: name.into() });
    let answer = t.client.clone().verify_index(request).await.unwrap().into_inner();
    assert!(answer.same, "{answer:?}");
    answer.published
}
