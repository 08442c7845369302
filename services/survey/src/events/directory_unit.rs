//! `prima.directory.unit`: which units exist, and so how many an agency should have.

use std::collections::BTreeSet;

use async_trait::async_trait;
use prima_platform::{
    bus::Delivery,
    consume::{Handler, HandlerError, Source},
    db::Txn,
    derived::Derived,
};
use prima_proto::{event::v1::UnitState, name};
use prost::Message;

use crate::store::{
    agency_score::{AgencyPeriod, agencies_mark},
    unit::{unit_remove, unit_save},
};

/// Keeps the table `directory_unit`.
pub struct UnitHandler {
    derived: Derived,
}

impl UnitHandler {
    /// A handler that wakes `derived` when the units that an agency should have change.
    pub fn new(derived: Derived) -> Self {
        Self { derived }
    }
}

/// The unit that a subject `prima.directory.unit.<agency>.<unit>` names.
fn named(subject: &str) -> Option<name::Unit> {
    let (agency, unit) = subject.strip_prefix("prima.directory.unit.")?.split_once('.')?;
    name::Unit::parse(&format!("agencies/{agency}/units/{unit}")).ok()
}

#[async_trait]
impl Handler for UnitHandler {
    fn name(&self) -> &'static str {
        "survey-directory-unit"
    }

    fn revision(&self) -> i64 {
        1
    }

    fn source(&self) -> Source {
        Source::new("directory", &["prima.directory.unit.>"])
    }

    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
        let event = &delivery.event;
        let unit = named(&event.subject)
            .ok_or_else(|| HandlerError::Permanent(format!("subject {} names no unit", event.subject)))?;
        if event.withdrawn {
            unit_remove(txn, &unit).await?;
        } else {
            let state = UnitState::decode(event.payload.as_slice())
                .map_err(|e| HandlerError::Permanent(format!("payload: {e}")))?;
            unit_save(txn, &unit, &state.close_date).await?;
        }
        // Every period in which the agency has a score may expect another number of units now. Which those are is
        // looked up after this transaction: a period that is committed beside it would be missed here.
        agencies_mark(txn, &BTreeSet::from([AgencyPeriod::all(&unit.agency)])).await?;
        Ok(())
    }

    fn committed(&self) {
        self.derived.committed();
    }
}
