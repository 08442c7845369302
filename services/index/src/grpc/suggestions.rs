//! Levels that live data supports.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::index::v1 as pb;

use crate::app::App;

pub async fn list_suggestions(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListSuggestionsRequest,
) -> Result<pb::ListSuggestionsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
