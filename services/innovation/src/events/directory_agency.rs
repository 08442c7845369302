//! `prima.directory.agency`: the agencies that exist, which have the obligation.

use async_trait::async_trait;
use prima_platform::{
    bus::Event,
    consume::{Feed, Mirror},
    db::{DbErr, Txn},
};
use prima_proto::{event::v1::AgencyState, name};

use crate::store::directory_agency::{agency_remove_in_txn, agency_save_in_txn};

/// Updates the table `directory_agency`. An agency gets a score only with its units, so no score is recomputed here.
pub struct AgencyHandler;

#[async_trait]
impl Mirror for AgencyHandler {
    type Key = name::Agency;
    type State = AgencyState;

    fn feed(&self) -> Feed {
        Feed {
            name: "innovation-directory-agency",
            service: "directory",
            filter: "prima.directory.agency.>",
        }
    }

    fn key(ids: &str) -> Option<name::Agency> {
        name::Agency::parse(&format!("agencies/{ids}")).ok()
    }

    async fn save(&self, txn: &Txn, agency: &name::Agency, _: &Event, _: AgencyState) -> Result<(), DbErr> {
        agency_save_in_txn(txn, agency).await
    }

    async fn remove(&self, txn: &Txn, agency: &name::Agency, _: &Event) -> Result<(), DbErr> {
        agency_remove_in_txn(txn, agency).await
    }
}
