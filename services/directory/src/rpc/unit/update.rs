//! Changes a unit that still works.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    command::{Command, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message;
use crate::{
    domain::{text, unit::Change, unit_type},
    events::publish,
    store,
};

/// What to change in which unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    name: name::Unit,
    etag: String,
    change: Change,
}

impl Command for Update {
    type App = Context;
    type Message = v1::UpdateUnitRequest;
    type Answer = v1::UpdateUnitResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let mask = faults.mask(message.update_mask, &["display_name", "unit_type"]);
        let Some(given) = faults.required("unit", message.unit) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name("unit.name", &given.name));
        let change = Change {
            display_name: faults.masked(&mask, "display_name", || {
                text::DISPLAY_NAME.check("unit.display_name", &given.display_name)
            }),
            unit_type: faults.masked(&mask, "unit_type", || {
                unit_type::key("unit.unit_type", &given.unit_type)
            }),
        };
        faults.build(|| {
            Some(Self {
                name: name?,
                etag: given.etag,
                change,
            })
        })
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Operator, Role::Admin], &self.name.agency)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::unit_lock_in_txn(work.txn, &self.name).await?;
        let mut unit = found(locked, &self.name)?;
        etag::check(&self.etag, unit.version, &self.name)?;
        unit.change(self.change)?;
        unit.version = work.next_version(unit.version);
        unit.updated_at = work.now();
        store::unit_save_in_txn(work.txn, &unit).await?;
        work.stage(publish::unit(work.txn, &unit).await?);
        Ok(v1::UpdateUnitResponse {
            unit: Some(message::unit(&unit)),
        })
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_that_the_mask_does_not_name_is_left_alone() {
        let message = |paths: &[&str]| v1::UpdateUnitRequest {
            unit: Some(v1::Unit {
                name: "agencies/3271/units/dpmptsp".into(),
                display_name: " DPMPTSP ".into(),
                unit_type: "kantor".into(),
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        let update = Update::parse(message(&["display_name"]), DateTime::UNIX_EPOCH).unwrap();
        let renamed = Change {
            display_name: Some("DPMPTSP".into()),
            unit_type: None,
        };
        assert_eq!(update.change, renamed);
        assert!(Update::parse(message(&["unit_type"]), DateTime::UNIX_EPOCH).is_err());
    }
}
