//! What a service keeps of another one's states, in a table of its own.

use async_trait::async_trait;
use prost::Message;

use super::{Handler, HandlerError, Source};
use crate::{
    bus::{Delivery, Event},
    db::{DbErr, Txn},
};

/// One kind of states of another service.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// Name of the consumer; it never changes.
    pub name: &'static str,
    /// Service that tells them.
    pub service: &'static str,
    /// Their subjects, `prima.<service>.<kind>.>`.
    pub filter: &'static str,
}

/// Keeps the last state of each subject of a feed, for as long as its owner has it. A mirror is the [`Handler`] of its feed.
#[async_trait]
pub trait Mirror: Send + Sync + 'static {
    /// What the subjects name.
    type Key: Send + Sync;
    /// Payload of the events.
    type State: Message + Default;

    /// What is kept.
    fn feed(&self) -> Feed;

    /// What a subject names whose end, where the filter has its `>`, is `ids`.
    fn key(ids: &str) -> Option<Self::Key>;

    /// Keeps a state.
    async fn save(&self, txn: &Txn, key: &Self::Key, event: &Event, state: Self::State) -> Result<(), DbErr>;

    /// Forgets a state that its owner has withdrawn.
    async fn remove(&self, txn: &Txn, key: &Self::Key, event: &Event) -> Result<(), DbErr>;

    /// Marks what is computed from the states of `key`.
    async fn changed(&self, _txn: &Txn, _key: &Self::Key) -> Result<(), DbErr> {
        Ok(())
    }

    /// Called after a commit: wakes whoever computes.
    fn committed(&self) {}
}

#[async_trait]
impl<M: Mirror> Handler for M {
    fn name(&self) -> &'static str {
        self.feed().name
    }

    fn revision(&self) -> i64 {
        1
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
            let problem = format!("subject {} names nothing that is kept", event.subject);
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
