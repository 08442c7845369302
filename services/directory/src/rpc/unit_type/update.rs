//! Changes a unit type of an agency, and with it what is published of every unit that has it.

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
    domain::{
        text,
        unit_type::{self, AgencyType, Change},
    },
    events::publish,
    rpc::update,
    store,
};

/// A change of a unit type.
pub type Update = update::Update<name::UnitType, Change>;

impl Command for Update {
    type App = Context;
    type Message = v1::UpdateUnitTypeRequest;
    type Answer = v1::UpdateUnitTypeResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let mask = faults.mask(message.update_mask, &["display_name", "national_unit_type"]);
        let Some(given) = faults.required("unit_type", message.unit_type) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name("unit_type.name", &given.name));
        let change = Change {
            display_name: faults.masked(&mask, "display_name", || {
                text::DISPLAY_NAME.check("unit_type.display_name", &given.display_name)
            }),
            national: faults.masked(&mask, "national_unit_type", || {
                request::optional(&given.national_unit_type, |raw| {
                    unit_type::built_in("unit_type.national_unit_type", raw)
                })
            }),
        };
        Self::build(faults, name, given.etag, change)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = store::unit_type_lock_in_txn(work.txn, &self.name).await?;
        let mut unit_type = found(locked, &self.name)?;
        etag::check(&self.etag, unit_type.version, &self.name)?;
        unit_type.change(self.change);
        unit_type.version = work.next_version(unit_type.version);
        unit_type.updated_at = work.now();
        store::unit_type_save_in_txn(work.txn, &unit_type).await?;
        publish_units(work, &unit_type).await?;
        Ok(v1::UpdateUnitTypeResponse {
            unit_type: Some(message::defined(&unit_type)),
        })
    }
}

/// Stages the state of every unit of a locked type with a new version. No unit gets the type meanwhile, since that needs
/// the same lock; one that got another type before it was locked is left as it is.
async fn publish_units(work: &mut Work<'_, Context>, unit_type: &AgencyType) -> Result<(), Failure> {
    for name in store::units_of_type(work.txn, &unit_type.name).await? {
        let Some(mut unit) = store::unit_lock_in_txn(work.txn, &name).await? else {
            continue;
        };
        if unit.unit_type != unit_type.name.unit_type {
            continue;
        }
        unit.version = work.next_version(unit.version);
        store::unit_save_in_txn(work.txn, &unit).await?;
        work.stage(publish::unit(work.txn, &unit).await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_outside_the_mask_is_not_changed() {
        let message = |paths: &[&str]| v1::UpdateUnitTypeRequest {
            unit_type: Some(v1::UnitType {
                name: "agencies/3271/unitTypes/balai-kota".into(),
                display_name: "\u{0}".into(),
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        let update = Update::parse(message(&["national_unit_type"]), DateTime::UNIX_EPOCH).unwrap();
        let cleared = Change {
            display_name: None,
            national: Some(None),
        };
        assert_eq!(update.change, cleared);
        assert!(Update::parse(message(&["display_name"]), DateTime::UNIX_EPOCH).is_err());
    }
}
