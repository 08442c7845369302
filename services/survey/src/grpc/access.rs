//! Tokens, links and devices.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::survey::v1 as pb;

use crate::app::App;

pub async fn issue_tokens(
    _app: &App,
    _caller: &Caller,
    _r: pb::IssueTokensRequest,
) -> Result<pb::IssueTokensResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_token_batches(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListTokenBatchesRequest,
) -> Result<pb::ListTokenBatchesResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn revoke_token_batch(
    _app: &App,
    _caller: &Caller,
    _r: pb::RevokeTokenBatchRequest,
) -> Result<pb::RevokeTokenBatchResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn issue_link(
    _app: &App,
    _caller: &Caller,
    _r: pb::IssueLinkRequest,
) -> Result<pb::IssueLinkResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn register_device(
    _app: &App,
    _caller: &Caller,
    _r: pb::RegisterDeviceRequest,
) -> Result<pb::RegisterDeviceResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn list_devices(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListDevicesRequest,
) -> Result<pb::ListDevicesResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn revoke_device(
    _app: &App,
    _caller: &Caller,
    _r: pb::RevokeDeviceRequest,
) -> Result<pb::RevokeDeviceResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
