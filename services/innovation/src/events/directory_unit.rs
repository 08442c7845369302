//! `prima.directory.unit`: the units that exist, which are the units that an agency should cover.

use std::collections::BTreeSet;

use async_trait::async_trait;
use prima_platform::{
    bus::Event,
    consume::{Feed, Mirror},
    db::{DbErr, Txn},
    derived::Derived,
};
use prima_proto::{event::v1::UnitState, name, subject};

use crate::store::{
    agency_score::{AgencyYear, agencies_flag_dirty_in_txn},
    directory_unit::{unit_remove_in_txn, unit_save_in_txn},
};

/// Updates the table `directory_unit`, and wakes the runner of the agency scores.
pub struct UnitHandler(pub Derived);

#[async_trait]
impl Mirror for UnitHandler {
    type Key = name::Unit;
    type State = UnitState;

    fn feed(&self) -> Feed {
        Feed {
            name: "innovation-directory-unit",
            service: "directory",
            filter: "prima.directory.unit.>",
        }
    }

    fn key(ids: &str) -> Option<name::Unit> {
        subject::unit_in(ids)
    }

    async fn save(&self, txn: &Txn, unit: &name::Unit, _: &Event, state: UnitState) -> Result<(), DbErr> {
        unit_save_in_txn(txn, unit, state.close_date).await
    }

    async fn remove(&self, txn: &Txn, unit: &name::Unit, _: &Event) -> Result<(), DbErr> {
        unit_remove_in_txn(txn, unit).await
    }

    /// The number of units may have changed in every year in which the agency has a score.
    async fn changed(&self, txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
        agencies_flag_dirty_in_txn(txn, &BTreeSet::from([AgencyYear::all(&unit.agency)])).await
    }

    fn committed(&self) {
        self.0.committed();
    }
}
