//! The bus: for each service one stream that holds the last state of every subject.
//!
//! Two implementations behind [`Bus`], held to one suite (`testing::bus_suite`): [`memory`] for a single process,
//! [`jetstream`] for NATS.

pub mod jetstream;
pub mod memory;
mod subscription;
mod version;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::sync::watch;

/// Why the bus did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no stream for this service yet.
    #[error("no stream of service `{0}`")]
    NoStream(String),
    /// The subject's last message has another sequence than expected.
    #[error("the last message of the subject has another sequence")]
    Fenced,
    /// The stream takes no new subject: it is full.
    #[error("the stream is full")]
    Full,
    /// The server takes no message of this size, whenever it is sent.
    #[error("{subject} is larger than the bus takes: {reason}")]
    TooLarge {
        /// Names the aggregate.
        subject: String,
        /// Its size and the server's limit.
        reason: String,
    },
    /// The bus did not answer, or refused for a passing reason.
    #[error("bus: {0}")]
    Unavailable(String),
    /// The server is too old or wrongly set up.
    #[error("bus: {0}")]
    Unfit(String),
}

impl Error {
    /// Wraps the text of another error as a passing one.
    pub fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// One state to publish.
#[derive(Debug, Clone)]
pub struct Event {
    /// Names the aggregate.
    pub subject: String,
    /// Type of the payload.
    pub event_type: String,
    /// Revision of the payload's rendering.
    pub revision: i64,
    /// Version of the aggregate.
    pub version: i64,
    /// True for the last state of an aggregate that ended.
    pub withdrawn: bool,
    /// Protobuf.
    pub payload: Vec<u8>,
    /// When it is sent, RFC 3339.
    pub time: String,
    /// Trace context of this hop.
    pub traceparent: Option<String>,
    /// Trace context of what caused the state.
    pub origin: Option<String>,
}

/// The last message of a subject, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The subject.
    pub subject: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// Version of the aggregate.
    pub version: i64,
    /// Whether it says that the aggregate ended.
    pub withdrawn: bool,
}

/// A stream as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// When it was created, unix nanoseconds: another value is another stream.
    pub created: i64,
    /// Last sequence given.
    pub last_sequence: u64,
    /// Messages in it.
    pub messages: u64,
    /// Whether its owner has reconciled it at least once.
    pub complete: bool,
    /// Which database fills it; `None` before the first claim.
    pub owner: Option<Owner>,
}

/// The database that fills a stream, and the relay that works for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// Identity of the database; a copy of the database has it too.
    pub identity: String,
    /// Grows with every relay that began to fill the stream.
    pub epoch: i64,
    /// That relay.
    pub holder: String,
}

/// A question of a relay that is about to fill a stream: is anybody else filling it?
pub struct Question {
    /// The relay that asks.
    pub holder: String,
    /// Takes the answer; dropped when there is none.
    pub reply: Box<dyn Reply>,
}

/// Answers one [`Question`].
#[async_trait]
pub trait Reply: Send {
    /// Sends the answer.
    async fn send(self: Box<Self>, answer: String) -> Result<(), Error>;
}

/// A durable consumer as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerInfo {
    /// Everything up to this sequence is acknowledged.
    pub acknowledged: u64,
    /// Last sequence that was handed to a worker.
    pub delivered: u64,
    /// States that wait to be handed out.
    pub pending: u64,
    /// States that workers have and did not answer.
    pub outstanding: u64,
}

/// One state received.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Service that owns the stream.
    pub service: String,
    /// What was published.
    pub event: Event,
    /// Its place in the stream.
    pub sequence: u64,
}

/// What a follower receives.
#[derive(Debug)]
pub enum Step {
    /// A state; the last of its subject at that moment.
    Event(Box<Delivery>),
    /// Everything that the stream held has been received. Said at least once, also when the stream is empty.
    CaughtUp,
}

/// Receives every subject's last state and then each change, in order of sequence, without acknowledging.
#[async_trait]
pub trait Follow: Send {
    /// The next step; waits for it. After an error the follower is used up.
    async fn next(&mut self) -> Result<Step, Error>;
}

/// States that the workers of one consumer may have and not answer; above that none is handed out.
pub const OUTSTANDING: u64 = 4096;

/// What a worker says of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Ack,
    /// Send it again after this time.
    Retry(Duration),
    /// Never send it again.
    Drop,
}

/// Answers one delivery.
#[async_trait]
pub trait Settle: Send {
    /// Tells the bus; a lost answer leads to another delivery.
    async fn settle(self: Box<Self>, verdict: Verdict) -> Result<(), Error>;
}

/// A delivery to be answered.
pub struct Job {
    /// What was received.
    pub delivery: Delivery,
    /// How often it has been delivered, from 1.
    pub attempt: u64,
    /// Answers it.
    pub settle: Box<dyn Settle>,
}

/// Receives states for a durable consumer that replicas share.
#[async_trait]
pub trait Work: Send {
    /// At least one delivery, at most `limit`; waits. After an error the worker is used up.
    async fn next(&mut self, limit: usize) -> Result<Vec<Job>, Error>;
}

/// Whether the bus is there; `epoch` grows with every reconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connection {
    /// Connected now.
    pub up: bool,
    /// Number of connects so far.
    pub epoch: u64,
}

/// The bus. `service` names the owner of a stream.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Creates the stream of `service` when it is missing; only its owner calls this.
    async fn ensure_stream(&self, service: &str) -> Result<StreamInfo, Error>;
    /// The stream of `service`, or `None`.
    async fn stream(&self, service: &str) -> Result<Option<StreamInfo>, Error>;
    /// Notes that the owner has reconciled the stream.
    async fn set_complete(&self, service: &str) -> Result<(), Error>;
    /// Notes which database fills the stream from now on.
    async fn claim(&self, service: &str, owner: &Owner) -> Result<(), Error>;
    /// Asks whether another relay fills the stream; the first answer, or `None` when nobody answers.
    async fn ask(&self, service: &str, holder: &str) -> Result<Option<String>, Error>;
    /// What others ask with [`Bus::ask`], until the stream is dropped.
    async fn questions(&self, service: &str) -> Result<BoxStream<'static, Question>, Error>;
    /// Publishes when the subject's last sequence is `expected` (0: none); returns the new sequence.
    async fn publish(&self, service: &str, event: &Event, expected: u64) -> Result<u64, Error>;
    /// The last message of a subject, or of all that match a filter, or `None`.
    async fn last(&self, service: &str, subject: &str) -> Result<Option<Head>, Error>;
    /// The last message of a subject, whole.
    async fn fetch(&self, service: &str, subject: &str) -> Result<Option<Delivery>, Error>;
    /// The last message of every subject.
    async fn heads(&self, service: &str) -> Result<BoxStream<'static, Result<Head, Error>>, Error>;
    /// Follows the subjects that match `filters`.
    async fn follow(&self, service: &str, filters: &[String]) -> Result<Box<dyn Follow>, Error>;
    /// Joins the durable consumer `name`; `restart` forgets its position first.
    async fn work(
        &self,
        service: &str,
        name: &str,
        filters: &[String],
        restart: bool,
    ) -> Result<Box<dyn Work>, Error>;
    /// The durable consumer `name`; `None` when it does not exist.
    async fn consumer(&self, service: &str, name: &str) -> Result<Option<ConsumerInfo>, Error>;
    /// Up to where the durable consumer `name` has acknowledged everything; `None` when it does not exist.
    async fn acknowledged(&self, service: &str, name: &str) -> Result<Option<u64>, Error> {
        Ok(self.consumer(service, name).await?.map(|c| c.acknowledged))
    }
    /// Fails when the server, once connected, can't be used.
    fn fit(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Tells of the connection.
    fn connection(&self) -> watch::Receiver<Connection>;
}

/// Whether `subject` matches `filter` (`*` one token, `>` the rest).
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

/// Connects to the bus that the configuration names.
pub async fn connect(config: &crate::config::Bus, name: &str) -> Result<Arc<dyn Bus>, Error> {
    if config.url == "memory:" {
        Ok(Arc::new(memory::Memory::default()))
    } else {
        Ok(Arc::new(jetstream::JetStream::connect(config, name).await?))
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
