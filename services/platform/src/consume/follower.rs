//! A follower: each replica reads the last state of every subject and then each change, and keeps the states in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::Source;
use crate::{
    bus::{self, Bus, Delivery, Step},
    clock::Clock,
    telemetry, trace,
};

const CHECK: Duration = Duration::from_secs(1);
/// How long no state may arrive before the follower checks whether one is missing.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// The in-memory state that a follower maintains.
pub trait Projection: Send + Sync + 'static {
    /// Applies a state unless a newer one was applied; the same state may be delivered again.
    fn apply(&self, delivery: &Delivery);

    /// Version of the newest state that was applied of a subject, if it may come from an earlier stream.
    fn version(&self, _subject: &str) -> Option<i64> {
        None
    }

    /// Called when a complete stream of `source` was read from its beginning, with its subjects and their versions.
    /// States of other subjects no longer exist, although no withdrawal was published: the owner's database was
    /// restored while the bus had lost its data.
    fn retain(&self, _source: &Source, _subjects: &HashMap<String, i64>) {}
}

/// How current the state of a follower is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Services whose streams are not read to their end now, or are not complete.
    pub waiting_for: Vec<String>,
    /// When the last state was applied, if any.
    pub as_of: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    caught_up: bool,
    complete: bool,
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

    /// How current the state is now.
    pub fn now(&self) -> Stale {
        let inner = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = inner
            .0
            .iter()
            .filter(|(_, p)| !(p.caught_up && p.complete))
            .map(|(s, _)| s.clone());
        Stale {
            waiting_for: waiting.collect(),
            as_of: inner.1,
        }
    }

    /// Watch channel: true while every stream is complete and read to its end.
    pub fn fresh(&self) -> watch::Receiver<bool> {
        self.0.fresh.subscribe()
    }

    /// Records when a loaded snapshot was current.
    pub fn snapshot(&self, as_of: Option<DateTime<Utc>>) {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner).1 = as_of;
    }

    fn update(&self, service: &str, change: impl FnOnce(&mut Progress)) {
        let mut inner = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = inner.0.get_mut(service) {
            change(progress);
        }
        let fresh = inner.0.values().all(|p| p.caught_up && p.complete);
        drop(inner);
        self.0
            .fresh
            .send_if_modified(|was| std::mem::replace(was, fresh) != fresh);
    }

    fn applied(&self, at: DateTime<Utc>) {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(at);
    }
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
            self.freshness
                .update(&source.service, |p| *p = Progress::default());
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
        let mut follow = self.bus.follow(&source.service, &source.filters).await?;
        let mut connection = self.bus.connection();
        let mut seen = 0;
        let mut heard = Instant::now();
        // Subjects and versions received so far; `None` after a complete stream was read to its end.
        let mut received = Some(HashMap::new());
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
                step = follow.next() => match step? {
                    Step::CaughtUp => {
                        caught_up = true;
                        self.freshness.update(&source.service, |p| p.caught_up = true);
                    }
                    Step::Event(delivery) => {
                        seen = delivery.sequence;
                        if let Some(received) = &mut received {
                            received.insert(delivery.event.subject.clone(), delivery.event.version);
                        }
                        heard = Instant::now();
                        self.apply(&delivery);
                    }
                }
            }
        }
    }

    /// Applies the states of a complete stream of whose subjects a newer state was applied: the owner's database was
    /// restored while the bus had lost its data. Such a state is applied with the version after the lost one; the
    /// owner's next version is higher.
    async fn revert(&self, source: &Source, received: &HashMap<String, i64>) -> Result<(), bus::Error> {
        for (subject, version) in received {
            let Some(applied) = self
                .projection
                .version(subject)
                .filter(|applied| applied > version)
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
        self.freshness.applied(self.clock.now());
        telemetry::meters()
            .consumed
            .add(1, &[KeyValue::new("consumer", self.name)]);
    }
}
