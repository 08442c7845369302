//! Subscriptions to JetStream: a follower receives in order, a worker acknowledges each state.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{self, AckKind, consumer::pull},
};
use async_trait::async_trait;
use futures::{FutureExt, StreamExt, stream::BoxStream};

use super::{
    Batch, Delivery, Error, Follow, Head, Job, Reply, Settle, Step, Verdict, Work,
    wire::{delivery, head},
};

/// How long the next head of a stream may take.
const HEAD: Duration = Duration::from_secs(20);

/// The heads that an ordered subscription receives, until none is `pending`.
pub(super) fn heads(messages: pull::Ordered, pending: u64) -> BoxStream<'static, Result<Head, Error>> {
    let state = (pending > 0).then_some(messages);
    futures::stream::unfold(state, |state| async {
        let mut messages = state?;
        let next = match tokio::time::timeout(HEAD, messages.next()).await {
            Ok(Some(next)) => next.map_err(Error::unavailable),
            Ok(None) => Err(Error::Unavailable("the reading of heads ended early".into())),
            Err(_) => Err(Error::Unavailable("the reading of heads stalled".into())),
        };
        let read = next.and_then(|message| {
            let info = message.info().map_err(Error::unavailable)?;
            let empty = HeaderMap::new();
            let found = head(
                &message.subject,
                info.stream_sequence,
                message.headers.as_ref().unwrap_or(&empty),
            );
            Ok((found, info.pending))
        });
        match read {
            Ok((found, 0)) => Some((Ok(found), None)),
            Ok((found, _)) => Some((Ok(found), Some(messages))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// Receives states in order, without acknowledging them.
pub(super) struct Follower {
    pub(super) service: String,
    pub(super) messages: pull::Ordered,
    pub(super) caught_up: bool,
    pub(super) reported: bool,
}

/// A message of an ordered subscription, or why there is none.
type Next = Option<Result<jetstream::Message, pull::OrderedError>>;

impl Follower {
    fn delivery(&mut self, next: Next) -> Result<Delivery, Error> {
        let message = next
            .ok_or_else(|| Error::Unavailable("the subscription ended".into()))?
            .map_err(Error::unavailable)?;
        let (sequence, pending) = {
            let info = message.info().map_err(Error::unavailable)?;
            (info.stream_sequence, info.pending)
        };
        self.caught_up |= pending == 0;
        Ok(received(&self.service, &message, sequence))
    }

    /// Whether the end of the stream is reached now, for the first time.
    fn reaches_end(&mut self) -> bool {
        self.caught_up && !std::mem::replace(&mut self.reported, self.caught_up)
    }
}

#[async_trait]
impl Follow for Follower {
    async fn next(&mut self) -> Result<Step, Error> {
        if self.reaches_end() {
            return Ok(Step::CaughtUp);
        }
        let next = self.messages.next().await;
        Ok(Step::Event(Box::new(self.delivery(next)?)))
    }

    async fn batch(&mut self, limit: usize) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        if self.reaches_end() {
            batch.caught_up = true;
            return Ok(batch);
        }
        let mut next = self.messages.next().await;
        loop {
            batch.deliveries.push(self.delivery(next)?);
            if self.reaches_end() {
                batch.caught_up = true;
                return Ok(batch);
            }
            if batch.deliveries.len() >= limit {
                return Ok(batch);
            }
            match self.messages.next().now_or_never() {
                Some(more) => next = more,
                None => return Ok(batch),
            }
        }
    }
}

/// Receives the states of a durable consumer.
pub(super) struct Worker {
    pub(super) service: String,
    pub(super) messages: pull::Stream,
}

impl Worker {
    fn job(&self, message: jetstream::Message) -> Result<Job, Error> {
        let (sequence, attempt) = {
            let info = message.info().map_err(Error::unavailable)?;
            (info.stream_sequence, u64::try_from(info.delivered).unwrap_or(1))
        };
        let delivery = received(&self.service, &message, sequence);
        let (_, acker) = message.split();
        Ok(Job {
            delivery,
            attempt,
            settle: Box::new(Acknowledgement(acker)),
        })
    }
}

#[async_trait]
impl Work for Worker {
    async fn next(&mut self, limit: usize) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        let mut next = self.messages.next().await;
        loop {
            let message = next
                .ok_or_else(|| Error::Unavailable("the subscription ended".into()))?
                .map_err(Error::unavailable)?;
            jobs.push(self.job(message)?);
            if jobs.len() >= limit {
                return Ok(jobs);
            }
            // States that have arrived in the meantime are processed in the same transaction.
            match self.messages.next().now_or_never() {
                Some(more) => next = more,
                None => return Ok(jobs),
            }
        }
    }
}

fn received(service: &str, message: &async_nats::Message, sequence: u64) -> Delivery {
    let empty = HeaderMap::new();
    let headers = message.headers.as_ref().unwrap_or(&empty);
    delivery(service, &message.subject, sequence, headers, &message.payload)
}

struct Acknowledgement(jetstream::message::Acker);

#[async_trait]
impl Settle for Acknowledgement {
    async fn settle(self: Box<Self>, verdict: Verdict) -> Result<(), Error> {
        let kind = match verdict {
            Verdict::Ack => AckKind::Ack,
            Verdict::Retry(delay) => AckKind::Nak(Some(delay)),
            Verdict::Drop => AckKind::Term,
        };
        self.0.ack_with(kind).await.map_err(Error::unavailable)
    }
}

/// Replies to a NATS request.
pub(super) struct Request {
    pub(super) client: async_nats::Client,
    pub(super) reply: async_nats::Subject,
}

#[async_trait]
impl Reply for Request {
    async fn send(self: Box<Self>, answer: String) -> Result<(), Error> {
        self.client
            .publish(self.reply, answer.into())
            .await
            .map_err(Error::unavailable)
    }
}
