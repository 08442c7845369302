//! Indexes as they stand, explained and verified.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::index::v1 as pb;

use crate::app::App;

pub async fn get_index(
    _app: &App,
    _caller: &Caller,
    _r: pb::GetIndexRequest,
) -> Result<pb::GetIndexResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_indexes(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListIndexesRequest,
) -> Result<pb::ListIndexesResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn explain_index(
    _app: &App,
    _caller: &Caller,
    _r: pb::ExplainIndexRequest,
) -> Result<pb::ExplainIndexResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn verify_index(
    _app: &App,
    _caller: &Caller,
    _r: pb::VerifyIndexRequest,
) -> Result<pb::VerifyIndexResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_recommendations(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListRecommendationsRequest,
) -> Result<pb::ListRecommendationsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
