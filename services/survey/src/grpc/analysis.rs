//! What lies behind a result.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn analyze(
    _app: &App,
    _caller: &Caller,
    _r: pb::AnalyzeResultRequest,
) -> Result<pb::AnalyzeResultResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
