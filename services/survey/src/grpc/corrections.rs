//! Voids.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn void(
    _app: &App,
    _caller: &Caller,
    _r: pb::VoidResponsesRequest,
) -> Result<pb::VoidResponsesResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_voids(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListVoidsRequest,
) -> Result<pb::ListVoidsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
