//! Publication and follow-up plans.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn publish(
    _app: &App,
    _caller: &Caller,
    _r: pb::PublishResultRequest,
) -> Result<pb::PublishResultResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn create_follow_up(
    _app: &App,
    _caller: &Caller,
    _r: pb::CreateFollowUpRequest,
) -> Result<pb::CreateFollowUpResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn complete_follow_up(
    _app: &App,
    _caller: &Caller,
    _r: pb::CompleteFollowUpRequest,
) -> Result<pb::CompleteFollowUpResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_follow_ups(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListFollowUpsRequest,
) -> Result<pb::ListFollowUpsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
