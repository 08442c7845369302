//! Reads working hours.

use prima_platform::{failure::Failure, request};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{context::App, store::agency_hours::hours_of};

/// The hours of an agency, or the default; every caller may read them.
pub async fn get(
    app: &App,
    request: v1::GetAgencyHoursRequest,
) -> Result<v1::GetAgencyHoursResponse, Failure> {
    let agency = request::one::<name::Agency>("agency", &request.agency)?;
    let db = app.context.db.reader();
    let own = hours_of(db, &agency.agency).await?.is_some();
    let work_time = app.settings.work_time(db, &agency.agency).await?;
    Ok(v1::GetAgencyHoursResponse {
        hours: Some(message::hours(&agency, work_time.hours(), own)),
    })
}
