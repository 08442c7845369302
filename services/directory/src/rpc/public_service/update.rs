//! Changes the name or the description of a public service of an active unit.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message;
use crate::{
    domain::{public_service::Change, text},
    events::publish,
    rpc::update,
    store,
};

/// A change of a public service.
pub type Update = update::Update<name::PublicService, Change>;

impl Command for Update {
    type App = Context;
    type Message = v1::UpdatePublicServiceRequest;
    type Answer = v1::UpdatePublicServiceResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let mask = faults.mask(message.update_mask, &["display_name", "description"]);
        let Some(given) = faults.required("public_service", message.public_service) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name("public_service.name", &given.name));
        let change = Change {
            display_name: faults.masked(&mask, "display_name", || {
                text::DISPLAY_NAME.check("public_service.display_name", &given.display_name)
            }),
            description: faults.masked(&mask, "description", || {
                text::DESCRIPTION.check("public_service.description", &given.description)
            }),
        };
        Self::build(faults, name, given.etag, change)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::unit_lock_in_txn(work.txn, &self.name.unit).await?;
        let mut unit = found(locked, &self.name)?;
        let stored = store::public_service_get(work.txn, &self.name).await?;
        let mut service = found(stored, &self.name)?;
        etag::check(&self.etag, service.version, &self.name)?;
        unit.check_active()?;
        service.change(self.change);
        unit.version = work.next_version(unit.version);
        service.version = unit.version;
        service.updated_at = work.now();
        store::public_service_save_in_txn(work.txn, &service).await?;
        store::unit_save_in_txn(work.txn, &unit).await?;
        work.stage(publish::size_checked_unit(work.txn, &unit).await?);
        Ok(v1::UpdatePublicServiceResponse {
            public_service: Some(message::public_service(&service)),
        })
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_outside_the_mask_is_not_changed() {
        let message = |paths: &[&str]| v1::UpdatePublicServiceRequest {
            public_service: Some(v1::PublicService {
                name: "agencies/3271/units/dpmptsp/services/nib".into(),
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        let update = Update::parse(message(&["description"]), DateTime::UNIX_EPOCH).unwrap();
        let cleared = Change {
            display_name: None,
            description: Some(String::new()),
        };
        assert_eq!(update.change, cleared);
        assert!(Update::parse(message(&["display_name"]), DateTime::UNIX_EPOCH).is_err());
    }
}
