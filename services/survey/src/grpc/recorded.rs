//! Results that were published before this system computed them.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn record(
    _app: &App,
    _caller: &Caller,
    _r: pb::RecordResultRequest,
) -> Result<pb::RecordResultResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListRecordedResultsRequest,
) -> Result<pb::ListRecordedResultsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
