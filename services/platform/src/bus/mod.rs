//! The bus: for each service one stream with the last state of every subject.
//!
//! [`Bus`] has two implementations, [`memory`] for a single process and [`jetstream`] for NATS. Both must pass one test
//! suite (`testing::bus_suite`).

pub mod jetstream;
pub mod memory;
mod options;
mod subscription;
mod version;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::sync::watch;

/// Why an operation on the bus failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no stream for this service yet.
    #[error("no stream of service `{0}`")]
    NoStream(String),
    /// The subject's last message has another sequence than expected.
    #[error("the last message of the subject has another sequence")]
    Fenced,
    /// The stream is full: it accepts no new subject.
    #[error("the stream is full")]
    Full,
    /// The message is larger than the server accepts; a retry can't succeed.
    #[error("{subject} is larger than the bus accepts: {reason}")]
    TooLarge {
        /// Bus subject, which names the aggregate.
        subject: String,
        /// Its size and the server's limit.
        reason: String,
    },
    /// The bus did not respond, or refused for a transient reason.
    #[error("bus: {0}")]
    Unavailable(String),
    /// The server is too old or misconfigured.
    #[error("bus: {0}")]
    Unfit(String),
}

impl Error {
    /// A transient error with the text of another error.
    pub fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// One state to publish.
#[derive(Debug, Clone)]
pub struct Event {
    /// Bus subject, which names the aggregate.
    pub subject: String,
    /// Type of the payload.
    pub event_type: String,
    /// Revision of the payload's rendering.
    pub revision: i64,
    /// Version of the aggregate.
    pub version: i64,
    /// True for the last state of an aggregate that ended.
    pub withdrawn: bool,
    /// Protobuf message.
    pub payload: Vec<u8>,
    /// When it was sent, RFC 3339.
    pub time: String,
    /// Trace context of this hop.
    pub traceparent: Option<String>,
    /// Trace context of the command that caused the state.
    pub origin: Option<String>,
}

/// The last message of a subject, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The subject.
    pub subject: String,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// Version of the aggregate.
    pub version: i64,
    /// Whether it is a withdrawal: the aggregate has ended.
    pub withdrawn: bool,
}

/// Current properties of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// When it was created, unix nanoseconds. Another value means that it is another stream.
    pub created: i64,
    /// Sequence of the last message.
    pub last_sequence: u64,
    /// Number of messages.
    pub messages: u64,
    /// Whether its owner has reconciled it at least once.
    pub complete: bool,
    /// The database that fills it; `None` before the first claim.
    pub owner: Option<Owner>,
}

/// The database that fills a stream, and the relay that works for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// Identity of the database; a copy of the database has the same one.
    pub identity: String,
    /// Fencing token: each relay that begins to fill the stream raises it.
    pub epoch: i64,
    /// The relay that began last.
    pub holder: String,
}

/// A question of a relay that is about to fill a stream: does another relay fill it?
pub struct Question {
    /// The relay that asks.
    pub holder: String,
    /// Sends the answer; dropped when there is none.
    pub reply: Box<dyn Reply>,
}

/// Answers one [`Question`].
#[async_trait]
pub trait Reply: Send {
    /// Sends the answer.
    async fn send(self: Box<Self>, answer: String) -> Result<(), Error>;
}

/// Current properties of a durable consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerInfo {
    /// All states up to this sequence are acknowledged.
    pub acknowledged: u64,
    /// Last sequence that was delivered to a worker.
    pub delivered: u64,
    /// Number of states that are not delivered yet.
    pub pending: u64,
    /// Number of states that are delivered and not acknowledged.
    pub outstanding: u64,
}

/// A state that was received.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Service that owns the stream.
    pub service: String,
    /// The published state.
    pub event: Event,
    /// Its sequence in the stream.
    pub sequence: u64,
}

/// What a follower receives.
#[derive(Debug)]
pub enum Step {
    /// A state; the last of its subject at that moment.
    Event(Box<Delivery>),
    /// All states that were in the stream have been received. Reported at least once, also for an empty stream.
    CaughtUp,
}

/// What a follower receives at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// States in order of sequence.
    pub deliveries: Vec<Delivery>,
    /// After these, all states that were in the stream have been received.
    pub caught_up: bool,
}

/// Receives every subject's last state and then each change, in order of sequence, without acknowledging.
#[async_trait]
pub trait Follow: Send {
    /// Waits for the next step. After an error the follower can't be used any more.
    async fn next(&mut self) -> Result<Step, Error>;

    /// Waits for the next step, and takes up to `limit` states that have arrived. After an error the follower can't be
    /// used any more.
    async fn batch(&mut self, limit: usize) -> Result<Batch, Error>;
}

/// Most states of one consumer that may be delivered and not acknowledged; then no more are delivered.
pub const OUTSTANDING: u64 = 4096;

/// Result of processing a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was processed.
    Ack,
    /// Deliver it again after this time.
    Retry(Duration),
    /// Never deliver it again.
    Drop,
}

/// Settles one delivery.
#[async_trait]
pub trait Settle: Send {
    /// Reports the result to the bus. If the report is lost, the state is delivered again.
    async fn settle(self: Box<Self>, verdict: Verdict) -> Result<(), Error>;
}

/// A delivery that must be settled.
pub struct Job {
    /// The delivery.
    pub delivery: Delivery,
    /// Number of this delivery attempt, from 1.
    pub attempt: u64,
    /// Settles it.
    pub settle: Box<dyn Settle>,
}

/// Receives states for a durable consumer that replicas share.
#[async_trait]
pub trait Work: Send {
    /// Waits for at least one delivery; returns at most `limit`. After an error the worker can't be used any more.
    async fn next(&mut self, limit: usize) -> Result<Vec<Job>, Error>;
}

/// State of the connection to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connection {
    /// Whether it is connected now.
    pub up: bool,
    /// Number of connects so far; grows with every reconnect.
    pub epoch: u64,
}

/// The bus. `service` names the owner of a stream.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Creates the stream of `service` when it is missing; only its owner calls this.
    async fn ensure_stream(&self, service: &str) -> Result<StreamInfo, Error>;
    /// The stream of `service`, or `None`.
    async fn stream(&self, service: &str) -> Result<Option<StreamInfo>, Error>;
    /// Records that the owner has reconciled the stream.
    async fn set_complete(&self, service: &str) -> Result<(), Error>;
    /// Records the database that fills the stream from now on.
    async fn claim(&self, service: &str, owner: &Owner) -> Result<(), Error>;
    /// Asks whether another relay fills the stream; the first answer, or `None` when no relay answers.
    async fn ask(&self, service: &str, holder: &str) -> Result<Option<String>, Error>;
    /// The questions that other relays ask with [`Bus::ask`], until the returned stream is dropped.
    async fn questions(&self, service: &str) -> Result<BoxStream<'static, Question>, Error>;
    /// Publishes if the subject's last sequence is `expected` (0: the subject has no message); returns the new
    /// sequence.
    async fn publish(&self, service: &str, event: &Event, expected: u64) -> Result<u64, Error>;
    /// The last message of a subject, or of all that match a filter, or `None`.
    async fn last(&self, service: &str, subject: &str) -> Result<Option<Head>, Error>;
    /// The last message of a subject, with its payload.
    async fn fetch(&self, service: &str, subject: &str) -> Result<Option<Delivery>, Error>;
    /// The last message of every subject.
    async fn heads(&self, service: &str) -> Result<BoxStream<'static, Result<Head, Error>>, Error>;
    /// Follows the subjects that match `filters`.
    async fn follow(&self, service: &str, filters: &[String]) -> Result<Box<dyn Follow>, Error> {
        self.follow_after(service, filters, 0).await
    }
    /// Follows the subjects that match `filters`, without the states up to the sequence `after`.
    async fn follow_after(
        &self,
        service: &str,
        filters: &[String],
        after: u64,
    ) -> Result<Box<dyn Follow>, Error>;
    /// When the message with this sequence was stored, unix nanoseconds; another value means that it is another message.
    /// `None` when the stream does not have it: a newer state has replaced it, or it was lost.
    async fn stored(&self, service: &str, sequence: u64) -> Result<Option<i64>, Error>;
    /// Joins the durable consumer `name`; `restart` deletes its position first.
    async fn work(
        &self,
        service: &str,
        name: &str,
        filters: &[String],
        restart: bool,
    ) -> Result<Box<dyn Work>, Error>;
    /// The durable consumer `name`; `None` when it does not exist.
    async fn consumer(&self, service: &str, name: &str) -> Result<Option<ConsumerInfo>, Error>;
    /// The sequence up to which the durable consumer `name` has acknowledged all states; `None` when it does not exist.
    async fn acknowledged(&self, service: &str, name: &str) -> Result<Option<u64>, Error> {
        Ok(self.consumer(service, name).await?.map(|c| c.acknowledged))
    }
    /// Fails when the server that is connected can't be used.
    fn fit(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Watch channel of the state of the connection.
    fn connection(&self) -> watch::Receiver<Connection>;
}

/// Whether `subject` matches `filter` (`*` matches one token, `>` all remaining ones).
pub fn matches(filter: &str, subject: &str) -> bool {
    let mut subject = subject.split('.');
    for token in filter.split('.') {
        match (token, subject.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (token, Some(other)) if token == other => {}
            _ => return false,
        }
    }
    subject.next().is_none()
}

/// Connects `service` to the bus that the configuration names.
pub async fn connect(config: &crate::config::Bus, service: &str) -> Result<Arc<dyn Bus>, Error> {
    if config.url == "memory:" {
        Ok(Arc::new(memory::Memory::default()))
    } else {
        Ok(Arc::new(jetstream::JetStream::connect(config, service).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn filters_match_as_on_nats() {
        assert!(matches("prima.*.score.>", "prima.survey.score.skm.2024.unit.1.a"));
        assert!(!matches("prima.*.score.>", "prima.survey.result.1.a.b"));
        assert!(!matches("prima.survey.>", "prima.survey"));
        assert!(matches("a.b", "a.b") && !matches("a.b", "a.b.c") && !matches("a.b.c", "a.b"));
    }
}
