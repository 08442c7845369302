//! Registers an agency.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::{message, province};
use crate::{
    domain::{
        agency::{self, Agency, Kind},
        text,
    },
    events::publish,
    store,
};

/// A checked new agency; whether its province exists is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    request_id: String,
    name: name::Agency,
    display_name: String,
    kind: Kind,
    parent: Option<name::Agency>,
}

impl Command for Create {
    type App = Context;
    type Message = v1::CreateAgencyRequest;
    type Answer = v1::CreateAgencyResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let id = faults.take(request::new_id("agency_id", &message.agency_id, name::agency_id));
        let Some(given) = faults.required("agency", message.agency) else {
            return Err(faults.refused());
        };
        let display_name = faults.take(text::DISPLAY_NAME.check("agency.display_name", &given.display_name));
        let kind = faults.take(message::kind("agency.kind", given.kind));
        let parent = faults.take(request::optional(&given.parent, |raw| {
            request::name("agency.parent", raw)
        }));
        if let (Some(kind), Some(parent)) = (kind, &parent) {
            faults.take(agency::check_parent("agency.parent", kind, parent.as_ref()));
        }
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name::Agency { agency: id? },
                display_name: display_name?,
                kind: kind?,
                parent: parent?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = v1::CreateAgencyRequest {
            agency_id: self.name.agency.clone(),
            agency: Some(v1::Agency {
                display_name: self.display_name.clone(),
                kind: message::kind_message(self.kind).into(),
                parent: message::parent(self.parent.as_ref()),
                ..v1::Agency::default()
            }),
            ..v1::CreateAgencyRequest::default()
        };
        Some(IdempotencyKey::new("CreateAgency", &self.request_id, &body))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        province::check(work.txn, self.parent.as_ref()).await?;
        let now = work.now();
        let agency = Agency {
            name: self.name,
            display_name: self.display_name,
            kind: self.kind,
            parent: self.parent,
            version: work.next_version(0),
            created_at: now,
            updated_at: now,
        };
        if !store::agency_insert_in_txn(work.txn, &agency).await? {
            return Err(Failure::already_exists(&agency.name.to_string()));
        }
        work.stage(publish::agency(&agency));
        Ok(v1::CreateAgencyResponse {
            agency: Some(message::agency(&agency)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(edit: impl FnOnce(&mut v1::CreateAgencyRequest, &mut v1::Agency)) -> Result<Create, Failure> {
        let mut message = v1::CreateAgencyRequest {
            request_id: "a1".into(),
            agency_id: "3271".into(),
            agency: None,
        };
        let mut agency = v1::Agency {
            display_name: "Kota Bogor".into(),
            kind: v1::AgencyKind::Kota.into(),
            parent: "agencies/32".into(),
            ..Default::default()
        };
        edit(&mut message, &mut agency);
        message.agency = Some(agency);
        Create::parse(message, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_repeat_is_recognised_by_its_parsed_body() {
        let first = parsed(|_, _| ()).unwrap();
        let same = parsed(|_, agency| {
            agency.display_name = " Kota Bogor ".into();
            // Fields that only the service sets are ignored.
            agency.name = "agencies/other".into();
            agency.etag = "7".into();
        });
        assert_eq!(same.unwrap().idempotency_key(), first.idempotency_key());
        for other in [
            parsed(|message, _| message.request_id = "a2".into()),
            parsed(|message, _| message.agency_id = "3272".into()),
            parsed(|_, agency| agency.display_name = "Bogor".into()),
            parsed(|_, agency| agency.kind = v1::AgencyKind::Kabupaten.into()),
            parsed(|_, agency| agency.parent = "agencies/31".into()),
        ] {
            assert_ne!(other.unwrap().idempotency_key(), first.idempotency_key());
        }
    }

    #[test]
    fn the_province_fits_the_kind() {
        let fault = parsed(|_, agency| agency.parent = String::new()).unwrap_err();
        assert_eq!(fault.violations[0].field, "agency.parent");
        // Without a kind, the province is not checked against it.
        let fault = parsed(|_, agency| agency.kind = 0).unwrap_err();
        let fields: Vec<&str> = fault.violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["agency.kind"]);
    }
}
