//! Evidence and action plans.

use prima_platform::{caller::Caller, failure::Failure, grpc::WatchStream};
use prima_proto::index::v1 as pb;
use tonic::Streaming;

use crate::app::App;

pub async fn list_evidence(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListEvidenceRequest,
) -> Result<pb::ListEvidenceResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn create_action(
    _app: &App,
    _caller: &Caller,
    _r: pb::CreateActionRequest,
) -> Result<pb::CreateActionResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn complete_action(
    _app: &App,
    _caller: &Caller,
    _r: pb::CompleteActionRequest,
) -> Result<pb::CompleteActionResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_actions(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListActionsRequest,
) -> Result<pb::ListActionsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn attach_evidence(
    _app: &App,
    _caller: Caller,
    _stream: Streaming<pb::AttachEvidenceRequest>,
) -> Result<pb::AttachEvidenceResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn read_evidence(
    _app: &App,
    _caller: &Caller,
    _r: pb::ReadEvidenceRequest,
) -> Result<WatchStream<pb::ReadEvidenceResponse>, Failure> {
    Err(Failure::internal("not built yet"))
}
