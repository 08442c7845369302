//! A service's copy of another service's states, in a table of its own.

use async_trait::async_trait;
use prost::Message;

use super::{Handler, HandlerError, Source};
use crate::{
    bus::{Delivery, Event},
    db::{DbErr, Txn},
};

/// One kind of states that another service publishes.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// Name of the consumer; it must never change.
    pub name: &'static str,
    /// Service that publishes them.
    pub service: &'static str,
    /// Subject filter, `prima.<service>.<kind>.>`.
    pub filter: &'static str,
}

/// Keeps the last state of each subject of a feed until its owner withdraws it. A mirror is the [`Handler`] of its
/// feed.
#[async_trait]
pub trait Mirror: Send + Sync + 'static {
    /// Key of a subject.
    type Key: Send + Sync;
    /// Payload of the events.
    type State: Message + Default;

    /// The feed that is mirrored.
    fn feed(&self) -> Feed;

    /// Revision of what is stored of a state. A release that stores more of it raises it: then all states are applied again,
    /// also those that a process of the release before stores beside it.
    fn revision(&self) -> i64 {
        1
    }

    /// Key of a subject; `ids` is the part for which the filter has `>`. `None` when it is malformed.
    fn key(ids: &str) -> Option<Self::Key>;

    /// Stores a state.
    async fn save(&self, txn: &Txn, key: &Self::Key, event: &Event, state: Self::State) -> Result<(), DbErr>;

    /// Deletes a state that its owner has withdrawn.
    async fn remove(&self, txn: &Txn, key: &Self::Key, event: &Event) -> Result<(), DbErr>;

    /// Flags as dirty the figures that are computed from the states of `key`.
    async fn changed(&self, _txn: &Txn, _key: &Self::Key) -> Result<(), DbErr> {
        Ok(())
    }

    /// Called after a commit: wakes the runners.
    fn committed(&self) {}
}

#[async_trait]
impl<M: Mirror> Handler for M {
    fn name(&self) -> &'static str {
        self.feed().name
    }

    fn revision(&self) -> i64 {
        Mirror::revision(self)
    }

    fn source(&self) -> Source {
        let feed = self.feed();
        Source::new(feed.service, &[feed.filter])
    }

    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
        let event = &delivery.event;
        let prefix = self.feed().filter.trim_end_matches('>');
        let key = event.subject.strip_prefix(prefix).and_then(M::key);
        let Some(key) = key else {
            let problem = format!("subject {} has no valid key", event.subject);
            return Err(HandlerError::Permanent(problem));
        };
        if event.withdrawn {
            self.remove(txn, &key, event).await?;
        } else {
            let state = M::State::decode(event.payload.as_slice())
                .map_err(|error| HandlerError::Permanent(format!("payload: {error}")))?;
            self.save(txn, &key, event, state).await?;
        }
        Ok(self.changed(txn, &key).await?)
    }

    fn committed(&self) {
        Mirror::committed(self);
    }
}
