//! Registers a unit.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::{kind, message};
use crate::{
    domain::{
        text,
        unit::{State, Unit},
        unit_type,
    },
    events::publish,
    store,
};

const UNIT_TYPE: &str = "unit.unit_type";

/// A checked new unit; whether its agency exists, and has defined a type that is not built-in, is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    request_id: String,
    name: name::Unit,
    display_name: String,
    unit_type: String,
}

impl Command for Create {
    type App = Context;
    type Message = v1::CreateUnitRequest;
    type Answer = v1::CreateUnitResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let parent = faults.take(request::name::<name::Agency>("parent", &message.parent));
        let id = faults.take(request::new_id("unit_id", &message.unit_id, name::id));
        let Some(given) = faults.required("unit", message.unit) else {
            return Err(faults.refused());
        };
        let display_name = faults.take(text::DISPLAY_NAME.check("unit.display_name", &given.display_name));
        let unit_type = faults.take(unit_type::key(UNIT_TYPE, &given.unit_type, parent.is_some()));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name::Unit {
                    agency: parent?.agency,
                    unit: id?,
                },
                display_name: display_name?,
                unit_type: unit_type?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = v1::CreateUnitRequest {
            parent: self.name.agency_name().to_string(),
            unit_id: self.name.unit.clone(),
            unit: Some(v1::Unit {
                display_name: self.display_name.clone(),
                unit_type: self.unit_type.clone(),
                ..v1::Unit::default()
            }),
            ..v1::CreateUnitRequest::default()
        };
        Some(IdempotencyKey::new("CreateUnit", &self.request_id, &body))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        // No lock is needed, because agencies are never deleted.
        let agency = self.name.agency_name();
        found(store::agency_get(work.txn, &agency).await?, &agency)?;
        let defined = kind::lock(work.txn, &agency, UNIT_TYPE, &self.unit_type).await?;
        let now = work.now();
        let unit = Unit {
            name: self.name,
            display_name: self.display_name,
            unit_type: self.unit_type,
            state: State::Active,
            version: work.next_version(0),
            created_at: now,
            updated_at: now,
        };
        if !store::unit_insert_in_txn(work.txn, &unit).await? {
            return Err(Failure::already_exists(&unit.name.to_string()));
        }
        work.stage(publish::new_unit(&unit, defined.as_ref()));
        Ok(v1::CreateUnitResponse {
            unit: Some(message::unit(&unit)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(edit: impl FnOnce(&mut v1::CreateUnitRequest, &mut v1::Unit)) -> Create {
        let mut message = v1::CreateUnitRequest {
            request_id: "u1".into(),
            parent: "agencies/3271".into(),
            unit_id: "dpmptsp".into(),
            unit: None,
        };
        let mut unit = v1::Unit {
            display_name: "DPMPTSP Kota Bogor".into(),
            unit_type: "dpmptsp".into(),
            ..Default::default()
        };
        edit(&mut message, &mut unit);
        message.unit = Some(unit);
        Create::parse(message, DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_repeat_is_recognised_by_its_parsed_body() {
        let first = parsed(|_, _| ());
        let same = parsed(|_, unit| {
            unit.display_name.push('\n');
            unit.close_date = "ignored".into();
        });
        assert_eq!(same.idempotency_key(), first.idempotency_key());
        for other in [
            parsed(|message, _| message.request_id = "u2".into()),
            parsed(|message, _| message.parent = "agencies/3272".into()),
            parsed(|message, _| message.unit_id = "mpp".into()),
            parsed(|_, unit| unit.display_name = "DPMPTSP".into()),
            parsed(|_, unit| unit.unit_type = "mpp".into()),
        ] {
            assert_ne!(other.idempotency_key(), first.idempotency_key());
        }
    }
}
