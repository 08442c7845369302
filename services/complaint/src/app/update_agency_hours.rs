//! Sets the working hours of an agency. Open deadlines are computed again after it.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, Once, require_coordinator};
use crate::{
    domain::worktime::Hours,
    grpc::render_settings,
    store::{
        Lock,
        settings::{By, calendar_raise, calendar_version, hours_add, hours_of},
    },
};

const METHOD: &str = "complaint.UpdateAgencyHours";

/// Hours that an agency sets.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The agency.
    pub agency: name::Agency,
    /// Its hours.
    pub hours: Hours,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::UpdateAgencyHoursResponse, Failure> {
    let agency = &new.agency.agency;
    require_coordinator(caller, agency)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    calendar_version(&txn, Lock::Update).await?;
    // Hours that stay as they are make no new version: one lets every open deadline be looked at.
    if hours_of(&txn, agency).await? != Some(new.hours) {
        let version = calendar_raise(&txn).await?;
        let by = By {
            actor: caller.subject().to_owned(),
            at: app.now(),
        };
        hours_add(&txn, version, agency, &new.hours, &by).await?;
    }
    let answer = v1::UpdateAgencyHoursResponse {
        hours: Some(render_settings::hours(&new.agency, &new.hours, true)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
