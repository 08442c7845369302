//! The bus inside one process, without storage: it is empty at the start, and reconciliation fills it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    Batch, Bus, Connection, ConsumerInfo, Delivery, Error, Event, Follow, Head, Job, Owner, Question, Reply,
    Settle, Step, StreamInfo, Verdict, Work, matches,
};
use crate::clock::Clock;

#[derive(Default)]
struct Consumer {
    filters: Vec<String>,
    cursor: u64,
    /// Deliveries that are not acknowledged: by sequence the number of attempts, and when the next one is due (`None`
    /// while a worker has it).
    open: BTreeMap<u64, (u64, Option<Instant>)>,
}

#[derive(Default)]
struct Stream {
    created: i64,
    complete: bool,
    owner: Option<Owner>,
    next: u64,
    messages: BTreeMap<u64, Event>,
    subjects: HashMap<String, u64>,
    consumers: HashMap<String, Consumer>,
}

#[derive(Default)]
struct Shared {
    streams: Mutex<HashMap<String, Stream>>,
    /// The relay that answers questions about the owner of a stream, by service.
    owners: Mutex<HashMap<String, mpsc::Sender<Question>>>,
    changed: watch::Sender<u64>,
}

/// The bus inside one process.
#[derive(Clone)]
pub struct Memory {
    /// When it was created, unix nanoseconds: its streams are others than those of an earlier process.
    created: i64,
    shared: Arc<Shared>,
    connection: Arc<watch::Sender<Connection>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            created: Clock::system().now().timestamp_nanos_opt().unwrap_or_default(),
            shared: Arc::default(),
            connection: Arc::new(watch::Sender::new(Connection { up: true, epoch: 1 })),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Stream>> {
        // No code that holds the lock can panic in the middle of a change.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, service: &str, f: impl FnOnce(&mut Stream) -> T) -> Result<T, Error> {
        self.lock()
            .get_mut(service)
            .map(f)
            .ok_or_else(|| Error::NoStream(service.to_owned()))
    }

    fn wake(&self) {
        self.changed.send_modify(|n| *n += 1);
    }
}

fn head(sequence: u64, event: &Event) -> Head {
    Head {
        subject: event.subject.clone(),
        sequence,
        version: event.version,
        withdrawn: event.withdrawn,
    }
}

fn info(stream: &Stream) -> StreamInfo {
    StreamInfo {
        created: stream.created,
        last_sequence: stream.next,
        messages: stream.messages.len() as u64,
        complete: stream.complete,
        owner: stream.owner.clone(),
    }
}

impl Memory {
    /// Loses all streams, as a bus whose disk failed; for tests of recovery.
    pub fn lose_everything(&self) {
        self.shared.lock().clear();
        self.connection.send_modify(|c| c.epoch += 1);
        self.shared.wake();
    }
}

#[async_trait]
impl Bus for Memory {
    async fn ensure_stream(&self, service: &str) -> Result<StreamInfo, Error> {
        let epoch = self.connection.borrow().epoch;
        let mut streams = self.shared.lock();
        let stream = streams.entry(service.to_owned()).or_insert_with(|| Stream {
            created: self.created.saturating_add_unsigned(epoch),
            ..Stream::default()
        });
        Ok(info(stream))
    }

    async fn stream(&self, service: &str) -> Result<Option<StreamInfo>, Error> {
        Ok(self.shared.lock().get(service).map(info))
    }

    async fn set_complete(&self, service: &str) -> Result<(), Error> {
        self.shared.with(service, |s| s.complete = true)?;
        self.shared.wake();
        Ok(())
    }

    async fn claim(&self, service: &str, owner: &Owner) -> Result<(), Error> {
        self.shared.with(service, |s| s.owner = Some(owner.clone()))
    }

    async fn ask(&self, service: &str, holder: &str) -> Result<Option<String>, Error> {
        let owners = || self.shared.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(owner) = owners().get(service).cloned() else {
            return Ok(None);
        };
        let (reply, answer) = oneshot::channel();
        let question = Question {
            holder: holder.to_owned(),
            reply: Box::new(Direct(reply)),
        };
        // The channel is closed when the relay has ended.
        if owner.send(question).await.is_err() {
            return Ok(None);
        }
        Ok(answer.await.ok())
    }

    async fn questions(&self, service: &str) -> Result<BoxStream<'static, Question>, Error> {
        let (asking, asked) = mpsc::channel(1);
        let mut owners = self.shared.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(service.to_owned(), asking);
        let next = async |mut asked: mpsc::Receiver<Question>| asked.recv().await.map(|q| (q, asked));
        Ok(stream::unfold(asked, next).boxed())
    }

    async fn publish(&self, service: &str, event: &Event, expected: u64) -> Result<u64, Error> {
        let sequence = self.shared.with(service, |stream| {
            let last = stream.subjects.get(&event.subject).copied().unwrap_or(0);
            if last != expected {
                return Err(Error::Fenced);
            }
            stream.messages.remove(&last);
            stream.next += 1;
            stream.messages.insert(stream.next, event.clone());
            stream.subjects.insert(event.subject.clone(), stream.next);
            Ok(stream.next)
        })??;
        self.shared.wake();
        Ok(sequence)
    }

    async fn last(&self, service: &str, subject: &str) -> Result<Option<Head>, Error> {
        self.shared.with(service, |s| match s.subjects.get(subject) {
            Some(seq) => s.messages.get(seq).map(|event| head(*seq, event)),
            None => s
                .messages
                .iter()
                .rev()
                .find(|(_, e)| matches(subject, &e.subject))
                .map(|(seq, e)| head(*seq, e)),
        })
    }

    async fn fetch(&self, service: &str, subject: &str) -> Result<Option<Delivery>, Error> {
        self.shared.with(service, |s| {
            let sequence = s.subjects.get(subject)?;
            Some(delivery(service, *sequence, s.messages.get(sequence)?))
        })
    }

    async fn heads(&self, service: &str) -> Result<BoxStream<'static, Result<Head, Error>>, Error> {
        let heads: Vec<Result<Head, Error>> = self.shared.with(service, |s| {
            s.messages
                .iter()
                .map(|(seq, event)| Ok(head(*seq, event)))
                .collect()
        })?;
        Ok(stream::iter(heads).boxed())
    }

    async fn follow_after(
        &self,
        service: &str,
        filters: &[String],
        after: u64,
    ) -> Result<Box<dyn Follow>, Error> {
        let created = self.shared.with(service, |s| s.created)?;
        Ok(Box::new(Follower {
            shared: self.shared.clone(),
            changed: self.shared.changed.subscribe(),
            service: service.to_owned(),
            filters: filters.to_vec(),
            created,
            cursor: after,
            caught_up: false,
        }))
    }

    async fn stored(&self, service: &str, sequence: u64) -> Result<Option<i64>, Error> {
        self.shared.with(service, |s| {
            let is_there = s.messages.contains_key(&sequence);
            is_there.then_some(s.created)
        })
    }

    async fn work(
        &self,
        service: &str,
        name: &str,
        filters: &[String],
        restart: bool,
    ) -> Result<Box<dyn Work>, Error> {
        let created = self.shared.with(service, |s| {
            if restart {
                s.consumers.remove(name);
            }
            let consumer = s.consumers.entry(name.to_owned()).or_default();
            consumer.filters = filters.to_vec();
            // A worker that joins takes over the deliveries of a lost one.
            for (_, due) in consumer.open.values_mut() {
                due.get_or_insert_with(Instant::now);
            }
            s.created
        })?;
        Ok(Box::new(Worker {
            shared: self.shared.clone(),
            changed: self.shared.changed.subscribe(),
            service: service.to_owned(),
            name: name.to_owned(),
            filters: filters.to_vec(),
            created,
        }))
    }

    async fn consumer(&self, service: &str, name: &str) -> Result<Option<ConsumerInfo>, Error> {
        self.shared.with(service, |s| {
            let consumer = s.consumers.get(name)?;
            let waiting = s.messages.range(consumer.cursor + 1..);
            let waiting = waiting.filter(|(_, event)| wanted(&consumer.filters, &event.subject));
            Some(ConsumerInfo {
                acknowledged: consumer
                    .open
                    .keys()
                    .next()
                    .map_or(consumer.cursor, |first| first.saturating_sub(1)),
                delivered: consumer.cursor,
                pending: waiting.count() as u64,
                outstanding: consumer.open.len() as u64,
            })
        })
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}

/// Sends a reply inside this process.
struct Direct(oneshot::Sender<String>);

#[async_trait]
impl Reply for Direct {
    async fn send(self: Box<Self>, answer: String) -> Result<(), Error> {
        // The relay that asked may have ended.
        let _gone = self.0.send(answer);
        Ok(())
    }
}

fn wanted(filters: &[String], subject: &str) -> bool {
    filters.iter().any(|f| matches(f, subject))
}

fn delivery(service: &str, sequence: u64, event: &Event) -> Delivery {
    Delivery {
        service: service.to_owned(),
        event: event.clone(),
        sequence,
    }
}

struct Follower {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    service: String,
    filters: Vec<String>,
    created: i64,
    cursor: u64,
    caught_up: bool,
}

#[async_trait]
impl Follow for Follower {
    async fn next(&mut self) -> Result<Step, Error> {
        loop {
            self.changed.mark_unchanged();
            let (cursor, filters, created, service) =
                (self.cursor, &self.filters, self.created, &self.service);
            let found = self.shared.with(service, |s| {
                if s.created != created {
                    return Err(Error::NoStream(service.clone()));
                }
                let next = s
                    .messages
                    .range(cursor + 1..)
                    .find(|(_, event)| wanted(filters, &event.subject));
                Ok(next.map(|(seq, event)| delivery(service, *seq, event)))
            })??;
            if let Some(found) = found {
                self.cursor = found.sequence;
                return Ok(Step::Event(Box::new(found)));
            }
            if !self.caught_up {
                self.caught_up = true;
                return Ok(Step::CaughtUp);
            }
            self.changed.changed().await.map_err(Error::unavailable)?;
        }
    }

    async fn batch(&mut self, _limit: usize) -> Result<Batch, Error> {
        Ok(match self.next().await? {
            Step::Event(delivery) => Batch {
                deliveries: vec![*delivery],
                caught_up: false,
            },
            Step::CaughtUp => Batch {
                deliveries: Vec::new(),
                caught_up: true,
            },
        })
    }
}

/// A delivery with its attempt.
type Taken = (Delivery, u64);

struct Worker {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    service: String,
    name: String,
    filters: Vec<String>,
    created: i64,
}

impl Worker {
    /// The deliveries that are due now, each with its attempt, and when the next retry is due.
    fn take(&self, limit: usize) -> Result<(Vec<Taken>, Option<Instant>), Error> {
        let now = Instant::now();
        self.shared.with(&self.service, |stream| {
            if stream.created != self.created {
                return Err(Error::NoStream(self.service.clone()));
            }
            let Stream {
                messages, consumers, ..
            } = stream;
            let Some(consumer) = consumers.get_mut(&self.name) else {
                return Err(Error::NoStream(self.service.clone()));
            };
            let mut jobs = Vec::new();
            // A state that was replaced need not be delivered again: its successor will be.
            consumer.open.retain(|seq, _| messages.contains_key(seq));
            for (seq, (attempt, due)) in &mut consumer.open {
                if jobs.len() < limit && due.is_some_and(|d| d <= now) {
                    *attempt += 1;
                    *due = None;
                    if let Some(event) = messages.get(seq) {
                        jobs.push((delivery(&self.service, *seq, event), *attempt));
                    }
                }
            }
            for (seq, event) in messages.range(consumer.cursor + 1..) {
                if jobs.len() >= limit {
                    break;
                }
                consumer.cursor = *seq;
                if wanted(&self.filters, &event.subject) {
                    consumer.open.insert(*seq, (1, None));
                    jobs.push((delivery(&self.service, *seq, event), 1));
                }
            }
            Ok((jobs, consumer.open.values().filter_map(|(_, due)| *due).min()))
        })?
    }
}

#[async_trait]
impl Work for Worker {
    async fn next(&mut self, limit: usize) -> Result<Vec<Job>, Error> {
        loop {
            self.changed.mark_unchanged();
            let (jobs, due) = self.take(limit)?;
            if !jobs.is_empty() {
                return Ok(jobs
                    .into_iter()
                    .map(|(delivery, attempt)| Job {
                        settle: Box::new(Acknowledgement {
                            shared: self.shared.clone(),
                            service: self.service.clone(),
                            name: self.name.clone(),
                            sequence: delivery.sequence,
                        }),
                        delivery,
                        attempt,
                    })
                    .collect());
            }
            let wait = due.map_or(Duration::from_secs(3600), |d| {
                d.saturating_duration_since(Instant::now())
            });
            tokio::select! {
                changed = self.changed.changed() => changed.map_err(Error::unavailable)?,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

struct Acknowledgement {
    shared: Arc<Shared>,
    service: String,
    name: String,
    sequence: u64,
}

#[async_trait]
impl Settle for Acknowledgement {
    async fn settle(self: Box<Self>, verdict: Verdict) -> Result<(), Error> {
        self.shared.with(&self.service, |stream| {
            let Some(consumer) = stream.consumers.get_mut(&self.name) else {
                return;
            };
            match verdict {
                Verdict::Ack | Verdict::Drop => {
                    consumer.open.remove(&self.sequence);
                }
                Verdict::Retry(delay) => {
                    if let Some((_, due)) = consumer.open.get_mut(&self.sequence) {
                        *due = Some(Instant::now() + delay);
                    }
                }
            }
        })?;
        if matches!(verdict, Verdict::Retry(_)) {
            self.shared.wake();
        }
        Ok(())
    }
}
