//! `prima.directory.agency`: which agencies exist, and so have the obligation.

use async_trait::async_trait;
use prima_platform::{
    bus::Delivery,
    consume::{Handler, HandlerError, Source},
    db::Txn,
};
use prima_proto::name;

use crate::store::directory::agency_save;

/// Keeps the table `directory_agency`.
pub struct AgencyHandler;

#[async_trait]
impl Handler for AgencyHandler {
    fn name(&self) -> &'static str {
        "innovation-directory-agency"
    }

    fn revision(&self) -> i64 {
        1
    }

    fn source(&self) -> Source {
        Source::new("directory", &["prima.directory.agency.>"])
    }

    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
        let event = &delivery.event;
        let id = event.subject.strip_prefix("prima.directory.agency.");
        let agency = id.and_then(|id| name::Agency::parse(&format!("agencies/{id}")).ok());
        let agency = agency
            .ok_or_else(|| HandlerError::Permanent(format!("subject {} names no agency", event.subject)))?;
        agency_save(txn, &agency.agency, !event.withdrawn).await?;
        Ok(())
    }

    // An agency alone has no score: that comes with its units.
    fn committed(&self) {}
}
