//! Records the service charter of a unit as a new revision. Its facts are part of the unit's event.

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
    domain::{charter::Charter, revision::Revision},
    events::publish,
    store,
};

/// A checked charter; whether its unit exists is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    request_id: String,
    name: name::Unit,
    charter: Charter,
}

impl Command for Publish {
    type App = Context;
    type Message = v1::PublishServiceCharterRequest;
    type Answer = v1::PublishServiceCharterResponse;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let Some(given) = faults.required("charter", message.charter) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name::<name::Unit>("charter.unit", &given.unit));
        let agency = name.as_ref().map_or("", |name| name.agency.as_str());
        let today = day_of_agency(agency, now);
        let charter = faults.take_all(Charter::check(&message::draft(given), today));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name?,
                charter: charter?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = message::without_revision(&self.name, &self.charter);
        Some(IdempotencyKey::new(
            "PublishServiceCharter",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::unit_lock_in_txn(work.txn, &self.name).await?;
        let mut unit = found(locked, &self.name)?;
        unit.check_active()?;
        unit.version = work.next_version(unit.version);
        let revision = Revision {
            number: store::revision_next_number::<Charter>(work.txn, &self.name).await?,
            owner: self.name,
            document: self.charter,
            created_at: work.now(),
        };
        store::revision_insert_in_txn(work.txn, &revision, work.caller.subject()).await?;
        store::unit_save_in_txn(work.txn, &unit).await?;
        work.stage(publish::size_checked_unit(work.txn, &unit).await?);
        Ok(v1::PublishServiceCharterResponse {
            charter: Some(message::charter(&revision)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(edit: impl FnOnce(&mut v1::ServiceCharter)) -> Publish {
        let mut charter = v1::ServiceCharter {
            unit: "agencies/3271/units/dpmptsp".into(),
            text: "Kami sanggup".into(),
            states_ability: true,
            ..Default::default()
        };
        edit(&mut charter);
        let message = v1::PublishServiceCharterRequest {
            request_id: "c1".into(),
            charter: Some(charter),
        };
        Publish::parse(message, DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_repeat_is_recognised_by_its_parsed_body() {
        let first = parsed(|_| ());
        let same = parsed(|charter| {
            charter.text.push('\n');
            charter.revision = 7;
        });
        assert_eq!(same.idempotency_key(), first.idempotency_key());
        assert_ne!(
            parsed(|charter| charter.states_duty = true).idempotency_key(),
            first.idempotency_key()
        );
        assert_ne!(
            parsed(|charter| charter.text.push('.')).idempotency_key(),
            first.idempotency_key()
        );
    }
}
