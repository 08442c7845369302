//! Mirrors of other services: the last state of every subject of one kind is kept in the table `fact`, and the unit's
//! assessments are flagged as dirty. A service that is not deployed has no stream; only its worker waits for that
//! stream.

use std::marker::PhantomData;

use async_trait::async_trait;
use prima_platform::{
    bus::Event,
    consume::{Feed, Mirror},
    db::{DbErr, Txn},
    derived::Derived,
};
use prima_proto::{name, subject};
use prost::Message;

use crate::{
    domain::{facts::Facts, sourced::EventRef},
    store::{Fact, fact_remove_in_txn, fact_save_in_txn, unit_flag_dirty_in_txn},
};

/// A state from which facts of a unit are read.
pub trait FactState: Message + Default + 'static {
    /// The stream and subjects that it comes from.
    const FEED: Feed;

    /// Adds it to the facts of its unit.
    fn add(self, origin: EventRef, facts: &mut Facts);
}

/// Stores the states of one kind.
pub struct FactMirror<S> {
    derived: Derived,
    state: PhantomData<fn() -> S>,
}

impl<S> FactMirror<S> {
    /// A mirror that wakes the runner of the indexes.
    pub fn new(derived: &Derived) -> Self {
        Self {
            derived: derived.clone(),
            state: PhantomData,
        }
    }
}

#[async_trait]
impl<S: FactState> Mirror for FactMirror<S> {
    type Key = name::Unit;
    type State = S;

    fn feed(&self) -> Feed {
        S::FEED
    }

    fn key(ids: &str) -> Option<name::Unit> {
        subject::unit_in(ids)
    }

    async fn save(&self, txn: &Txn, unit: &name::Unit, event: &Event, _: S) -> Result<(), DbErr> {
        let fact = Fact {
            subject: event.subject.clone(),
            service: S::FEED.service.to_owned(),
            agency: unit.agency.clone(),
            unit: unit.unit.clone(),
            version: event.version,
            payload: event.payload.clone(),
        };
        fact_save_in_txn(txn, fact).await
    }

    async fn remove(&self, txn: &Txn, _: &name::Unit, event: &Event) -> Result<(), DbErr> {
        fact_remove_in_txn(txn, &event.subject).await
    }

    async fn changed(&self, txn: &Txn, unit: &name::Unit) -> Result<(), DbErr> {
        unit_flag_dirty_in_txn(txn, unit).await
    }

    fn committed(&self) {
        self.derived.committed();
    }
}
