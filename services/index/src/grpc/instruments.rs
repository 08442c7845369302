//! Instruments: listed, checked, added; and indexes that are only simulated.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::index::v1 as pb;

use crate::app::App;

pub async fn list_instruments(
    _app: &App,
    _caller: &Caller,
    _r: pb::ListInstrumentsRequest,
) -> Result<pb::ListInstrumentsResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn get_instrument(
    _app: &App,
    _caller: &Caller,
    _r: pb::GetInstrumentRequest,
) -> Result<pb::GetInstrumentResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn check_instrument(
    _app: &App,
    _caller: &Caller,
    _r: pb::CheckInstrumentRequest,
) -> Result<pb::CheckInstrumentResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn add_instrument(
    _app: &App,
    _caller: &Caller,
    _r: pb::AddInstrumentRequest,
) -> Result<pb::AddInstrumentResponse, Failure> {
    Err(Failure::internal("not built yet"))
}

pub async fn simulate_index(
    _app: &App,
    _caller: &Caller,
    _r: pb::SimulateIndexRequest,
) -> Result<pb::SimulateIndexResponse, Failure> {
    Err(Failure::internal("not built yet"))
}
