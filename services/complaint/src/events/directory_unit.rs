//! Consumes `prima.directory.unit` to know which units exist.

use async_trait::async_trait;
use prima_platform::{
    bus::Event,
    consume::{Feed, Mirror},
    db::{DbErr, Txn},
};
use prima_proto::{name, subject};

use crate::store::directory_unit::{unit_remove_in_txn, unit_save_in_txn};

/// Keeps the table `directory_unit` in step with the directory.
pub struct Units;

#[async_trait]
impl Mirror for Units {
    type Key = name::Unit;
    /// Only the existence of a unit matters here, so its attributes are not decoded.
    type State = ();

    fn feed(&self) -> Feed {
        Feed {
            name: "complaint-directory-unit",
            service: "directory",
            filter: "prima.directory.unit.>",
        }
    }

    fn key(ids: &str) -> Option<name::Unit> {
        subject::unit_in(ids)
    }

    async fn save(&self, txn: &Txn, unit: &name::Unit, _: &Event, (): ()) -> Result<(), DbErr> {
        unit_save_in_txn(txn, unit).await
    }

    async fn remove(&self, txn: &Txn, unit: &name::Unit, _: &Event) -> Result<(), DbErr> {
        unit_remove_in_txn(txn, unit).await
    }
}
