//! Sets the working hours of an agency. Open deadlines are then recomputed by `derived/due_reports.rs`.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    domain::worktime::Hours,
    rpc::once,
    store::{
        By, Lock,
        agency_hours::{hours_add_in_txn, hours_of},
        calendar_state::{calendar_raise_in_txn, calendar_version},
    },
};

/// Parsed hours.
pub struct Update {
    once: IdempotencyKey,
    agency: name::Agency,
    hours: Hours,
}

impl Command for Update {
    type App = App;
    type Message = v1::UpdateAgencyHoursRequest;
    type Answer = v1::UpdateAgencyHoursResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.UpdateAgencyHours", &raw.request_id, &raw));
        let Some(given) = faults.required("hours", raw.hours) else {
            return Err(faults.refused());
        };
        let agency = faults.take(request::one::<name::Agency>("hours.agency", &given.agency));
        let hours = message::given(&given, &mut faults);
        faults.build(|| {
            Some(Self {
                once: once?,
                agency: agency?,
                hours: hours?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let txn = work.txn;
        let agency = &self.agency.agency;
        calendar_version(txn, Lock::Update).await?;
        // Unchanged hours make no new version, because each version makes the system recompute every open deadline.
        if hours_of(txn, agency).await? != Some(self.hours) {
            let version = calendar_raise_in_txn(txn).await?;
            let by = By::from(&*work);
            hours_add_in_txn(txn, version, agency, &self.hours, &by).await?;
        }
        Ok(v1::UpdateAgencyHoursResponse {
            hours: Some(message::hours(&self.agency, &self.hours, true)),
        })
    }
}
