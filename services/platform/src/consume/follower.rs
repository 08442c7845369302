//! A follower: each replica reads the last state of every subject and then each change, and keeps the states in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Received, Source};
use crate::{
    bus::{self, Batch, Bus, Delivery, StreamInfo},
    clock::Clock,
    telemetry, trace,
};

const CHECK: Duration = Duration::from_secs(1);
/// How long no state may arrive before the follower checks whether one is missing.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);
/// States that are applied at once.
const BATCH: usize = 256;

/// The in-memory state that a follower maintains.
pub trait Projection: Send + Sync + 'static {
    /// Applies a state unless a newer one was applied; the same state may be delivered again.
    fn apply(&self, delivery: &Delivery);

    /// Applies states that were in the stream before it was followed, of which there may be millions.
    fn apply_all(&self, deliveries: Vec<Delivery>) {
        for delivery in &deliveries {
            self.apply(delivery);
        }
    }

    /// Version of the newest state that was applied of a subject, if it may come from an earlier stream.
    fn version(&self, _subject: &str) -> Option<i64> {
        None
    }

    /// Called when a complete stream of `source` was read from its beginning, with its subjects and their versions.
    /// States of other subjects no longer exist, although no withdrawal was published: the owner's database was
    /// restored while the bus had lost its data.
    fn retain(&self, _source: &Source, _subjects: &Received) {}
}

/// How current the state of a follower is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Services whose streams are not read to their end now, or are not complete.
    pub waiting_for: Vec<String>,
    /// When the last state was applied, if any.
    pub as_of: Option<DateTime<Utc>>,
    /// Up to where each stream was applied, ordered by service; a stream of which nothing was applied is absent.
    pub positions: Vec<Position>,
}

/// Up to where a stream was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The service that owns the stream.
    pub service: String,
    /// When the stream was created, unix nanoseconds. Only sequences of the same stream can be compared.
    pub created: i64,
    /// Sequence of the last state that was applied.
    pub sequence: u64,
    /// Number of states that this process has received from the stream.
    pub states: u64,
}

/// A position up to which all states of a stream are kept elsewhere, so that the stream can be followed from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// When the stream was created, unix nanoseconds.
    pub created: i64,
    /// Sequence of the last state that is kept.
    pub sequence: u64,
    /// When its message was stored, unix nanoseconds.
    pub stored: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    caught_up: bool,
    complete: bool,
    /// Creation time of the stream and sequence of the last state that was applied; they stay when the stream is lost.
    last: Option<(i64, u64)>,
    states: u64,
    /// Whether every state up to `last` was applied, and those that left the stream were removed.
    settled: bool,
    saved: Option<Saved>,
}

/// Progress by service, and when the last state was applied.
type Sources = (BTreeMap<String, Progress>, Option<DateTime<Utc>>);

#[derive(Debug)]
struct Inner {
    sources: Mutex<Sources>,
    fresh: watch::Sender<bool>,
}

/// Reports how current a follower's state is; cheap to clone.
#[derive(Debug, Clone)]
pub struct Freshness(Arc<Inner>);

impl Freshness {
    fn new(services: impl Iterator<Item = String>) -> Self {
        let sources = services.map(|s| (s, Progress::default())).collect();
        Self(Arc::new(Inner {
            sources: Mutex::new((sources, None)),
            fresh: watch::Sender::new(false),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How current the state is now.
    pub fn now(&self) -> Stale {
        let inner = self.lock();
        let waiting = inner
            .0
            .iter()
            .filter(|(_, p)| !(p.caught_up && p.complete))
            .map(|(s, _)| s.clone());
        let positions = inner
            .0
            .iter()
            .filter_map(|(service, progress)| position(service, progress));
        Stale {
            waiting_for: waiting.collect(),
            as_of: inner.1,
            positions: positions.collect(),
        }
    }

    /// The positions up to which all states were applied, and none is applied that its owner no longer has: whoever
    /// saves all states that were applied until now may go on from there.
    pub fn settled(&self) -> Vec<Position> {
        let inner = self.lock();
        let settled = inner.0.iter().filter(|(_, progress)| progress.settled);
        settled
            .filter_map(|(service, progress)| position(service, progress))
            .collect()
    }

    /// Records from where the stream of `service` can be followed when it is followed next.
    pub fn save(&self, service: &str, saved: Saved) {
        if let Some(progress) = self.lock().0.get_mut(service) {
            progress.saved = Some(saved);
        }
    }

    fn saved(&self, service: &str) -> Option<Saved> {
        self.lock().0.get(service)?.saved
    }

    /// Watch channel: true while every stream is complete and read to its end.
    pub fn fresh(&self) -> watch::Receiver<bool> {
        self.0.fresh.subscribe()
    }

    /// Records when a loaded snapshot was current.
    pub fn snapshot(&self, as_of: Option<DateTime<Utc>>) {
        self.lock().1 = as_of;
    }

    fn update(&self, service: &str, change: impl FnOnce(&mut Progress)) {
        let mut inner = self.lock();
        if let Some(progress) = inner.0.get_mut(service) {
            change(progress);
        }
        let fresh = inner.0.values().all(|p| p.caught_up && p.complete);
        drop(inner);
        self.0
            .fresh
            .send_if_modified(|was| std::mem::replace(was, fresh) != fresh);
    }

    /// Records that states were applied. `at` is the creation time of their stream, the sequence of the last of them, and
    /// their number; `None` for states that were received before.
    fn applied(&self, service: &str, at: Option<(i64, u64, u64)>, now: DateTime<Utc>) {
        let mut inner = self.lock();
        inner.1 = Some(now);
        if let (Some((created, sequence, count)), Some(progress)) = (at, inner.0.get_mut(service)) {
            progress.last = Some((created, sequence));
            progress.states += count;
        }
    }
}

fn position(service: &str, progress: &Progress) -> Option<Position> {
    let (created, sequence) = progress.last?;
    Some(Position {
        service: service.to_owned(),
        created,
        sequence,
        states: progress.states,
    })
}

/// Follows several services' streams into one projection.
pub struct Follower<P> {
    bus: Arc<dyn Bus>,
    clock: Clock,
    name: &'static str,
    sources: Vec<Source>,
    projection: Arc<P>,
    freshness: Freshness,
}

impl<P: Projection> Follower<P> {
    /// A follower called `name` of `sources`.
    pub fn new(
        bus: Arc<dyn Bus>,
        clock: Clock,
        name: &'static str,
        sources: Vec<Source>,
        projection: Arc<P>,
    ) -> Self {
        let freshness = Freshness::new(sources.iter().map(|s| s.service.clone()));
        Self {
            bus,
            clock,
            name,
            sources,
            projection,
            freshness,
        }
    }

    /// How current the projection is.
    pub fn freshness(&self) -> Freshness {
        self.freshness.clone()
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let all = futures::future::join_all(self.sources.iter().map(|s| self.follow(s)));
        tokio::select! { () = stop.cancelled() => {} _ = all => {} }
    }

    async fn follow(&self, source: &Source) {
        // No `backon`: sessions follow each other for ever, also those that ended well.
        loop {
            let error = match self.session(source).await {
                Ok(()) => continue,
                Err(error) => error,
            };
            self.freshness.update(&source.service, |p| {
                (p.caught_up, p.complete, p.settled) = (false, false, false);
            });
            match error {
                bus::Error::NoStream(service) => tracing::debug!(%service, "follower: no stream yet"),
                error => {
                    tracing::warn!(follower = self.name, service = %source.service, %error, "follower: trying again")
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Follows one stream until it is lost, stalled, or replaced by another one.
    async fn session(&self, source: &Source) -> Result<(), bus::Error> {
        let gone = || bus::Error::NoStream(source.service.clone());
        let stream = self.bus.stream(&source.service).await?.ok_or_else(gone)?;
        self.freshness
            .update(&source.service, |p| p.complete = stream.complete);
        let kept = self.kept(source, &stream).await?;
        let mut seen = kept.unwrap_or(0);
        let mut follow = self
            .bus
            .follow_after(&source.service, &source.filters, seen)
            .await?;
        let mut connection = self.bus.connection();
        let mut heard = Instant::now();
        // Subjects and versions received so far; `None` after a complete stream was read to its end, at whatever start of
        // this process or an earlier one.
        let mut received = match kept {
            Some(_) => None,
            None => Some(Received::default()),
        };
        self.freshness.update(&source.service, |p| {
            p.settled = kept.is_some();
            if p.settled {
                p.last = Some((stream.created, seen));
            }
        });
        let mut caught_up = false;
        let mut check = tokio::time::interval(CHECK);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                changed = connection.changed() => {
                    changed.map_err(bus::Error::unavailable)?;
                    let now = *connection.borrow_and_update();
                    if !now.up {
                        self.freshness.update(&source.service, |p| p.caught_up = false);
                    }
                    return Err(bus::Error::Unavailable("the connection changed".into()));
                }
                _ = check.tick() => {
                    let now = self.bus.stream(&source.service).await?.ok_or_else(gone)?;
                    if now.created != stream.created {
                        return Err(gone());
                    }
                    if caught_up && now.complete && received.is_some() && !self.behind(source, seen).await? {
                        let received = received.take().unwrap_or_default();
                        self.revert(source, &received).await?;
                        self.projection.retain(source, &received);
                        self.freshness.update(&source.service, |p| p.settled = true);
                    }
                    self.freshness.update(&source.service, |p| p.complete = now.complete);
                    // The watchdog. The newer sequences may be those of other subjects, so it checks our filters.
                    if now.last_sequence > seen && heard.elapsed() > SILENCE_LIMIT {
                        if self.behind(source, seen).await? {
                            return Err(bus::Error::Unavailable("a state was not delivered; subscribing again".into()));
                        }
                        heard = Instant::now();
                    }
                }
                batch = follow.batch(BATCH) => {
                    let Batch { deliveries, caught_up: reaches_end } = batch?;
                    if let Some(last) = deliveries.last() {
                        seen = last.sequence;
                        heard = Instant::now();
                        if let Some(received) = &mut received {
                            for Delivery { event, .. } in &deliveries {
                                received.insert(&event.subject, event.version);
                            }
                        }
                        let at = (stream.created, seen, deliveries.len() as u64);
                        self.apply_all(deliveries, caught_up);
                        self.freshness.applied(&source.service, Some(at), self.clock.now());
                    }
                    if reaches_end {
                        caught_up = true;
                        self.freshness.update(&source.service, |p| p.caught_up = true);
                    }
                }
            }
        }
    }

    /// The sequence up to which all states of the stream are kept; `None` when it has to be read from its beginning.
    ///
    /// The last message that is kept must still be in the stream, as it was stored then: a stream that was restored from a
    /// backup, or emptied, may have other messages with the same sequences, and one that was created again has others.
    async fn kept(&self, source: &Source, stream: &StreamInfo) -> Result<Option<u64>, bus::Error> {
        let Some(saved) = self.freshness.saved(&source.service) else {
            return Ok(None);
        };
        let may_be_there = saved.created == stream.created && saved.sequence <= stream.last_sequence;
        let stored = match may_be_there {
            true => self.bus.stored(&source.service, saved.sequence).await?,
            false => None,
        };
        if stored != Some(saved.stored) {
            tracing::info!(
                follower = self.name,
                service = %source.service,
                "the stream no longer has the last state that is kept; reading it from its beginning"
            );
            return Ok(None);
        }
        Ok(Some(saved.sequence))
    }

    /// Applies the states of a complete stream of whose subjects a newer state was applied: the owner's database was
    /// restored while the bus had lost its data. Such a state is applied with the version after the lost one; the
    /// owner's next version is higher.
    async fn revert(&self, source: &Source, received: &Received) -> Result<(), bus::Error> {
        for (subject, version) in received.iter() {
            let Some(applied) = self
                .projection
                .version(subject)
                .filter(|applied| *applied > version)
            else {
                continue;
            };
            let Some(mut delivery) = self.bus.fetch(&source.service, subject).await? else {
                continue;
            };
            if delivery.event.version < applied {
                tracing::warn!(%subject, applied, version, "the owner has an older state; reverting to it");
                delivery.event.version = applied.saturating_add(1);
                self.apply(&delivery);
                self.freshness.applied(&source.service, None, self.clock.now());
            }
        }
        Ok(())
    }

    /// Whether the stream has a state that matches the filters with a sequence above `seen`.
    async fn behind(&self, source: &Source, seen: u64) -> Result<bool, bus::Error> {
        for filter in &source.filters {
            let last = self.bus.last(&source.service, filter).await?;
            if last.is_some_and(|head| head.sequence > seen) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Applies states. Each that is published while the stream is followed is traced; those that were in it before would
    /// be as many spans as there are subjects.
    fn apply_all(&self, deliveries: Vec<Delivery>, is_followed: bool) {
        if is_followed {
            for delivery in &deliveries {
                self.apply(delivery);
            }
            return;
        }
        let consumed = deliveries.len() as u64;
        self.projection.apply_all(deliveries);
        telemetry::meters()
            .consumed
            .add(consumed, &[KeyValue::new("consumer", self.name)]);
    }

    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        let span = tracing::info_span!(
            "process",
            otel.name = format!("process {}", event.event_type),
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.operation.name = "process",
            messaging.consumer.group.name = self.name,
            prima.version = event.version
        );
        trace::set_parent(&span, event.traceparent.as_deref());
        span.in_scope(|| self.projection.apply(delivery));
        telemetry::meters()
            .consumed
            .add(1, &[KeyValue::new("consumer", self.name)]);
    }
}
