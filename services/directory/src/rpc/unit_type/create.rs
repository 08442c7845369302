//! Defines a unit type of an agency.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message;
use crate::{
    domain::{
        text,
        unit_type::{self, AgencyType},
    },
    store,
};

/// A checked new unit type; whether its agency exists is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    request_id: String,
    name: name::UnitType,
    display_name: String,
    national: Option<String>,
}

impl Command for Create {
    type App = Context;
    type Message = v1::CreateUnitTypeRequest;
    type Answer = v1::CreateUnitTypeResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let parent = faults.take(request::one::<name::Agency>("parent", &message.parent));
        let id = faults.take(request::new_id("unit_type_id", &message.unit_type_id, name::id));
        if let Some(id) = &id {
            faults.take(unit_type::new_key("unit_type_id", id));
        }
        let Some(given) = faults.required("unit_type", message.unit_type) else {
            return Err(faults.refused());
        };
        let display_name =
            faults.take(text::DISPLAY_NAME.check("unit_type.display_name", &given.display_name));
        let national = faults.take(request::optional(&given.national_unit_type, |raw| {
            unit_type::built_in("unit_type.national_unit_type", raw)
        }));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name::UnitType {
                    agency: parent?.agency,
                    unit_type: id?,
                },
                display_name: display_name?,
                national: national?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = v1::CreateUnitTypeRequest {
            parent: self.name.agency_name().to_string(),
            unit_type_id: self.name.unit_type.clone(),
            unit_type: Some(v1::UnitType {
                display_name: self.display_name.clone(),
                national_unit_type: self.national.clone().unwrap_or_default(),
                ..v1::UnitType::default()
            }),
            ..v1::CreateUnitTypeRequest::default()
        };
        Some(IdempotencyKey::new("CreateUnitType", &self.request_id, &body))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        // No lock is needed, because agencies are never deleted.
        let agency = self.name.agency_name();
        found(store::agency_get(work.txn, &agency).await?, &agency)?;
        let now = work.now();
        let unit_type = AgencyType {
            name: self.name,
            display_name: self.display_name,
            national: self.national,
            version: work.next_version(0),
            created_at: now,
            updated_at: now,
        };
        if !store::unit_type_insert_in_txn(work.txn, &unit_type).await? {
            return Err(Failure::already_exists(&unit_type.name.to_string()));
        }
        Ok(v1::CreateUnitTypeResponse {
            unit_type: Some(message::defined(&unit_type)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(edit: impl FnOnce(&mut v1::CreateUnitTypeRequest, &mut v1::UnitType)) -> Create {
        let mut message = v1::CreateUnitTypeRequest {
            request_id: "t1".into(),
            parent: "agencies/3271".into(),
            unit_type_id: "balai-kota".into(),
            unit_type: None,
        };
        let mut unit_type = v1::UnitType {
            display_name: "Balai Kota".into(),
            ..Default::default()
        };
        edit(&mut message, &mut unit_type);
        message.unit_type = Some(unit_type);
        Create::parse(message, DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_repeat_is_recognised_by_its_parsed_body() {
        let first = parsed(|_, _| ());
        let same = parsed(|_, unit_type| {
            unit_type.display_name = " Balai Kota ".into();
            // Fields that only the service sets are ignored.
            unit_type.key = "x".into();
            unit_type.etag = "7".into();
        });
        assert_eq!(same.idempotency_key(), first.idempotency_key());
        for other in [
            parsed(|message, _| message.request_id = "t2".into()),
            parsed(|message, _| message.parent = "agencies/3272".into()),
            parsed(|message, _| message.unit_type_id = "balai".into()),
            parsed(|_, unit_type| unit_type.display_name = "Balai".into()),
            parsed(|_, unit_type| unit_type.national_unit_type = "lainnya".into()),
        ] {
            assert_ne!(other.idempotency_key(), first.idempotency_key());
        }
    }
}
