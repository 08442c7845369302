//! Records the service standard of a public service as a new revision. Its facts are part of the unit's event.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name, zone::day_of_agency};

use super::message;
use crate::{
    domain::{revision::Revision, standard::Standard},
    events::publish,
    store,
};

/// A checked standard; whether its public service exists is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    request_id: String,
    name: name::PublicService,
    standard: Standard,
}

impl Command for Publish {
    type App = Context;
    type Message = v1::PublishServiceStandardRequest;
    type Answer = v1::PublishServiceStandardResponse;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let Some(given) = faults.required("standard", message.standard) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name::<name::PublicService>(
            "standard.service",
            &given.service,
        ));
        let agency = name.as_ref().map_or("", |name| name.unit.agency.as_str());
        let today = day_of_agency(agency, now);
        let standard = faults.take_all(Standard::check(&message::draft(given), today));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name?,
                standard: standard?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = message::without_revision(&self.name, &self.standard);
        Some(IdempotencyKey::new(
            "PublishServiceStandard",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::unit_lock_in_txn(work.txn, &self.name.unit).await?;
        let mut unit = found(locked, &self.name)?;
        found(store::public_service_get(work.txn, &self.name).await?, &self.name)?;
        unit.check_active()?;
        unit.version = work.next_version(unit.version);
        let revision = Revision {
            number: store::revision_next_number::<Standard>(work.txn, &self.name).await?,
            owner: self.name,
            document: self.standard,
            created_at: work.now(),
        };
        store::revision_insert_in_txn(work.txn, &revision, work.caller.subject()).await?;
        store::unit_save_in_txn(work.txn, &unit).await?;
        work.stage(publish::size_checked_unit(work.txn, &unit).await?);
        Ok(v1::PublishServiceStandardResponse {
            standard: Some(message::standard(&revision)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(edit: impl FnOnce(&mut v1::ServiceStandard), now: &str) -> Result<Publish, Failure> {
        let mut standard = v1::ServiceStandard {
            service: "agencies/3271/units/dpmptsp/services/nib".into(),
            components: [("cost".to_owned(), "Gratis".to_owned())].into(),
            enact_date: "2024-02-29".into(),
            decree: "065/12".into(),
            ..Default::default()
        };
        edit(&mut standard);
        let message = v1::PublishServiceStandardRequest {
            request_id: "s1".into(),
            standard: Some(standard),
        };
        Publish::parse(message, now.parse().unwrap())
    }

    #[test]
    fn a_repeat_is_recognised_by_its_parsed_body() {
        let now = "2024-03-01T00:00:00Z";
        let first = parsed(|_| (), now).unwrap();
        let same = parsed(
            |standard| {
                standard.decree.push(' ');
                standard.revision = 7;
            },
            now,
        );
        assert_eq!(same.unwrap().idempotency_key(), first.idempotency_key());
        let other = parsed(|standard| standard.decree = "065/13".into(), now);
        assert_ne!(other.unwrap().idempotency_key(), first.idempotency_key());
    }

    #[test]
    fn today_is_the_day_where_the_agency_is() {
        // A day begins seven hours before the day in UTC in Bogor, and nine hours before in Jayapura.
        for (agency, begins, before) in [
            ("3271", "2024-02-28T17:00:00Z", "2024-02-28T16:59:59Z"),
            ("9171", "2024-02-28T15:00:00Z", "2024-02-28T14:59:59Z"),
        ] {
            let service = format!("agencies/{agency}/units/dpmptsp/services/nib");
            let at = |time| parsed(|standard| standard.service.clone_from(&service), time);
            assert!(at(begins).is_ok());
            let early = at(before).unwrap_err();
            assert_eq!(early.violations[0].field, "standard.enact_date");
        }
    }
}
