//! Reads desks.

use prima_platform::{failure::Failure, request};
use prima_proto::complaint::v1;

use super::message;
use crate::{context::App, store::desk::desk_get};

/// The desk of a unit.
pub async fn get(app: &App, request: v1::GetDeskRequest) -> Result<v1::GetDeskResponse, Failure> {
    let unit = request::name("unit", &request.unit)?;
    let stored = desk_get(app.context.db.reader(), &unit).await?;
    Ok(v1::GetDeskResponse {
        desk: Some(message::desk(&unit, &stored)),
    })
}
