//! Changes the name or the province of an agency.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::{message, province};
use crate::{
    domain::{agency::Change, text},
    events::publish,
    rpc::update,
    store,
};

/// A change of an agency.
pub type Update = update::Update<name::Agency, Change>;

impl Command for Update {
    type App = Context;
    type Message = v1::UpdateAgencyRequest;
    type Answer = v1::UpdateAgencyResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let mask = faults.mask(message.update_mask, &["display_name", "parent"]);
        let Some(given) = faults.required("agency", message.agency) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name("agency.name", &given.name));
        let change = Change {
            display_name: faults.masked(&mask, "display_name", || {
                text::DISPLAY_NAME.check("agency.display_name", &given.display_name)
            }),
            parent: faults.masked(&mask, "parent", || {
                request::optional(&given.parent, |raw| request::name("agency.parent", raw))
            }),
        };
        Self::build(faults, name, given.etag, change)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::agency_lock_in_txn(work.txn, &self.name).await?;
        let mut agency = found(locked, &self.name)?;
        etag::check(&self.etag, agency.version, &self.name)?;
        agency.change(self.change)?;
        province::check(work.txn, agency.parent.as_ref()).await?;
        agency.version = work.next_version(agency.version);
        agency.updated_at = work.now();
        store::agency_save_in_txn(work.txn, &agency).await?;
        work.stage(publish::agency(&agency));
        Ok(v1::UpdateAgencyResponse {
            agency: Some(message::agency(&agency)),
        })
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_outside_the_mask_is_not_changed() {
        let message = |paths: &[&str]| v1::UpdateAgencyRequest {
            agency: Some(v1::Agency {
                name: "agencies/3271".into(),
                display_name: "\u{0}".into(),
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        let update = Update::parse(message(&["parent"]), DateTime::UNIX_EPOCH).unwrap();
        let cleared = Change {
            display_name: None,
            parent: Some(None),
        };
        assert_eq!(update.change, cleared);
        assert!(Update::parse(message(&["display_name"]), DateTime::UNIX_EPOCH).is_err());
    }
}
