//! Results of units and agencies in a period.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn unit(
    _app: &App,
    _caller: &Caller,
    _r: pb::GetUnitResultRequest,
) -> Result<pb::GetUnitResultResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn agency(
    _app: &App,
    _caller: &Caller,
    _r: pb::GetAgencyResultRequest,
) -> Result<pb::GetAgencyResultResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
