//! Registers a public service of an active unit.

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
    domain::{public_service::PublicService, text},
    events::publish,
    store,
};

/// A checked new public service; whether its unit exists is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    request_id: String,
    name: name::PublicService,
    display_name: String,
    description: String,
}

impl Command for Create {
    type App = Context;
    type Message = v1::CreatePublicServiceRequest;
    type Answer = v1::CreatePublicServiceResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let parent = faults.take(request::name("parent", &message.parent));
        let id = faults.take(request::new_id(
            "public_service_id",
            &message.public_service_id,
            name::id,
        ));
        let Some(given) = faults.required("public_service", message.public_service) else {
            return Err(faults.refused());
        };
        let display_name =
            faults.take(text::DISPLAY_NAME.check("public_service.display_name", &given.display_name));
        let description =
            faults.take(text::DESCRIPTION.check("public_service.description", &given.description));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name::PublicService {
                    unit: parent?,
                    service: id?,
                },
                display_name: display_name?,
                description: description?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = v1::CreatePublicServiceRequest {
            parent: self.name.unit.to_string(),
            public_service_id: self.name.service.clone(),
            public_service: Some(v1::PublicService {
                display_name: self.display_name.clone(),
                description: self.description.clone(),
                ..v1::PublicService::default()
            }),
            ..v1::CreatePublicServiceRequest::default()
        };
        Some(IdempotencyKey::new(
            "CreatePublicService",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::unit_lock_in_txn(work.txn, &self.name.unit).await?;
        let mut unit = found(locked, &self.name.unit)?;
        unit.check_active()?;
        unit.version = work.next_version(unit.version);
        let now = work.now();
        let service = PublicService {
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            version: unit.version,
            created_at: now,
            updated_at: now,
        };
        if !store::public_service_insert_in_txn(work.txn, &service).await? {
            return Err(Failure::already_exists(&service.name.to_string()));
        }
        store::unit_save_in_txn(work.txn, &unit).await?;
        work.stage(publish::size_checked_unit(work.txn, &unit).await?);
        Ok(v1::CreatePublicServiceResponse {
            public_service: Some(message::public_service(&service)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(edit: impl FnOnce(&mut v1::CreatePublicServiceRequest, &mut v1::PublicService)) -> Create {
        let mut message = v1::CreatePublicServiceRequest {
            request_id: "s1".into(),
            parent: "agencies/3271/units/dpmptsp".into(),
            public_service_id: "nib".into(),
            public_service: None,
        };
        let mut service = v1::PublicService {
            display_name: "NIB".into(),
            description: "Nomor Induk\nBerusaha".into(),
            ..Default::default()
        };
        edit(&mut message, &mut service);
        message.public_service = Some(service);
        Create::parse(message, DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_repeat_is_recognised_by_its_parsed_body() {
        let first = parsed(|_, _| ());
        assert_eq!(
            parsed(|_, s| s.description.push(' ')).idempotency_key(),
            first.idempotency_key()
        );
        for other in [
            parsed(|message, _| message.request_id = "s2".into()),
            parsed(|message, _| message.parent = "agencies/3271/units/mpp".into()),
            parsed(|message, _| message.public_service_id = "imb".into()),
            parsed(|_, service| service.display_name = "IMB".into()),
            parsed(|_, service| service.description = "Nomor Induk Berusaha".into()),
        ] {
            assert_ne!(other.idempotency_key(), first.idempotency_key());
        }
    }
}
