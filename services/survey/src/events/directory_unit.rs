//! `prima.directory.unit`: the units of each agency, from which the number of expected units follows.

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

/// Keeps the table `directory_unit` and flags the scores of an agency as dirty when its units change.
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

    /// The second stores the name.
    fn revision(&self) -> i64 {
        2
    }

    fn key(ids: &str) -> Option<name::Unit> {
        subject::unit_in(ids)
    }

    async fn save(&self, txn: &Txn, unit: &name::Unit, _: &Event, state: UnitState) -> Result<(), DbErr> {
        unit_save_in_txn(txn, unit, &state.display_name, &state.close_date).await
    }

    async fn remove(&self, txn: &Txn, unit: &name::Unit, _: &Event) -> Result<(), DbErr> {
        unit_remove_in_txn(txn, unit).await
    }

    async fn changed(&self, txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
        // The number of expected units may change in every period in which the agency has a score. The runner looks these
        // periods up after this transaction, because a period that is committed concurrently would be missed here.
        agencies_mark_in_txn(txn, &BTreeSet::from([AgencyPeriod::all(&unit.agency)])).await
    }

    fn committed(&self) {
        self.0.committed();
    }
}
