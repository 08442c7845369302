//! Suggestions and criticism.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn list(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListCommentsRequest,
) -> Result<pb::ListCommentsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
