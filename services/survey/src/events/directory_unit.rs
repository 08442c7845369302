//! `prima.directory.unit`: which units exist, and so how many an agency should have.

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
    agency_score::{AgencyPeriod, agencies_mark_in_txn},
    unit::{unit_remove_in_txn, unit_save_in_txn},
};

/// Keeps the table `directory_unit`, and wakes the runner when the units that an agency should have change.
pub struct UnitMirror(pub Derived);

#[async_trait]
impl Mirror for UnitMirror {
    type Key = name::Unit;
    type State = UnitState;

    fn feed(&self) -> Feed {
        Feed {
            name: "survey-directory-unit",
            service: "directory",
            filter: "prima.directory.unit.>",
        }
    }

    fn key(ids: &str) -> Option<name::Unit> {
        subject::unit_in(ids)
    }

    async fn save(&self, txn: &Txn, unit: &name::Unit, _: &Event, state: UnitState) -> Result<(), DbErr> {
        unit_save_in_txn(txn, unit, &state.close_date).await
    }

    async fn remove(&self, txn: &Txn, unit: &name::Unit, _: &Event) -> Result<(), DbErr> {
        unit_remove_in_txn(txn, unit).await
    }

    async fn changed(&self, txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
        // Every period in which the agency has a score may expect another number of units now. Which those are is
        // looked up after this transaction: a period that is committed beside it would be missed here.
        agencies_mark_in_txn(txn, &BTreeSet::from([AgencyPeriod::all(&unit.agency)])).await
    }

    fn committed(&self) {
        self.0.committed();
    }
}
