//! Cycles and the units enrolled.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::index::v1 as pb;

use crate::app::App;

pub async fn open_cycle(
    _app: &App,
    _caller: &Caller,
    _r: pb::OpenCycleRequest,
) -> Result<pb::OpenCycleResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn get_cycle(
    _app: &App,
    _caller: &Caller,
    _r: pb::GetCycleRequest,
) -> Result<pb::GetCycleResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_cycles(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListCyclesRequest,
) -> Result<pb::ListCyclesResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn enroll_unit(
    _app: &App,
    _caller: &Caller,
    _r: pb::EnrollUnitRequest,
) -> Result<pb::EnrollUnitResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn get_assessment(
    _app: &App,
    _caller: &Caller,
    _r: pb::GetAssessmentRequest,
) -> Result<pb::GetAssessmentResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_assessments(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListAssessmentsRequest,
) -> Result<pb::ListAssessmentsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn finalize_cycle(
    _app: &App,
    _caller: &Caller,
    _r: pb::FinalizeCycleRequest,
) -> Result<pb::FinalizeCycleResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
