//! Levels: of the unit itself, of evaluators, after an objection.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::index::v1 as pb;

use crate::app::App;

pub async fn submit_self_assessment(
    _app: &App,
    _caller: &Caller,
    _r: pb::SubmitSelfAssessmentRequest,
) -> Result<pb::SubmitSelfAssessmentResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn submit_evaluation(
    _app: &App,
    _caller: &Caller,
    _r: pb::SubmitEvaluationRequest,
) -> Result<pb::SubmitEvaluationResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn file_objection(
    _app: &App,
    _caller: &Caller,
    _r: pb::FileObjectionRequest,
) -> Result<pb::FileObjectionResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn decide_objection(
    _app: &App,
    _caller: &Caller,
    _r: pb::DecideObjectionRequest,
) -> Result<pb::DecideObjectionResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
