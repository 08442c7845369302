//! Scores that other bodies publish.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::index::v1 as pb;

use crate::app::App;

pub async fn list_external_metrics(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListExternalMetricsRequest,
) -> Result<pb::ListExternalMetricsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn record_external_score(
    _app: &App,
    _caller: &Caller,
    _r: pb::RecordExternalScoreRequest,
) -> Result<pb::RecordExternalScoreResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_external_scores(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListExternalScoresRequest,
) -> Result<pb::ListExternalScoresResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
