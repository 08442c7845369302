//! `prima.directory.unit`: which units exist.

use async_trait::async_trait;
use prima_platform::{
    bus::Delivery,
    consume::{Handler, HandlerError, Source},
    db::Txn,
};
use prima_proto::name;

use crate::store::directory::{unit_remove, unit_save};

/// Keeps the table `directory_unit`.
pub struct UnitHandler;

/// The unit that a subject `prima.directory.unit.<agency>.<unit>` names.
fn named(subject: &str) -> Option<name::Unit> {
    let (agency, unit) = subject.strip_prefix("prima.directory.unit.")?.split_once('.')?;
    name::Unit::parse(&format!("agencies/{agency}/units/{unit}")).ok()
}

#[async_trait]
impl Handler for UnitHandler {
    fn name(&self) -> &'static str {
        "complaint-directory-unit"
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
            unit_save(txn, &unit).await?;
        }
        Ok(())
    }

    fn committed(&self) {}
}
