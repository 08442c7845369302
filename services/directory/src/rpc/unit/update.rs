//! Changes the name or the type of an active unit.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::{change, kind};
use crate::{
    domain::{text, unit::Change, unit_type},
    rpc::update,
};

const UNIT_TYPE: &str = "unit.unit_type";

/// A change of a unit.
pub type Update = update::Update<name::Unit, Change>;

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
                unit_type::key(UNIT_TYPE, &given.unit_type, name.is_some())
            }),
        };
        Self::build(faults, name, given.etag, change)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        if let Some(key) = &self.change.unit_type {
            kind::lock(work.txn, &self.name.agency_name(), UNIT_TYPE, key).await?;
        }
        let unit = change::unit(work, &self.name, &self.etag, |unit| unit.change(self.change)).await?;
        Ok(v1::UpdateUnitResponse { unit: Some(unit) })
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_outside_the_mask_is_not_changed() {
        let message = |paths: &[&str]| v1::UpdateUnitRequest {
            unit: Some(v1::Unit {
                name: "agencies/3271/units/dpmptsp".into(),
                display_name: " DPMPTSP ".into(),
                unit_type: "Kantor".into(),
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
