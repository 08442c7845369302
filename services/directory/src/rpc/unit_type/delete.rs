//! Deletes a unit type of an agency that no unit has.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, Work},
    etag,
    failure::{Failure, found},
    request,
    service::Context,
};
use prima_proto::{directory::v1, name};

use crate::{domain::unit_type::InUse, store};

/// Which unit type is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    name: name::UnitType,
    etag: String,
}

impl Command for Delete {
    type App = Context;
    type Message = v1::DeleteUnitTypeRequest;
    type Answer = v1::DeleteUnitTypeResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self {
            name: request::name("name", &message.name)?,
            etag: message.etag,
        })
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        // Under this lock no unit gets the type.
        let locked = store::unit_type_lock_in_txn(work.txn, &self.name).await?;
        let unit_type = found(locked, &self.name)?;
        etag::check(&self.etag, unit_type.version, &self.name)?;
        if let Some(unit) = store::units_of_type(work.txn, &self.name)
            .await?
            .into_iter()
            .next()
        {
            let unit_type = self.name;
            return Err(InUse { unit_type, unit }.into());
        }
        store::unit_type_delete_in_txn(work.txn, &self.name).await?;
        Ok(v1::DeleteUnitTypeResponse {})
    }
}
