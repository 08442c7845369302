//! A worker: replicas share a durable consumer; each state is applied once, in a transaction, before it is
//! acknowledged.
//!
//! The effect of an acknowledged state may be lost nevertheless: a database that fails over or is restored loses
//! commits. So a worker also compares the states that it has applied with those in the stream (`compare`).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use opentelemetry::KeyValue;
use sea_orm::{ConnectionTrait, DbErr};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Source;
use crate::{
    bus::{self, Bus, ConsumerInfo, Delivery, Event, Job, OUTSTANDING, Verdict},
    clock::Clock,
    db::{self, Database, Txn, sql},
    failpoint, telemetry, trace,
};

const BATCH: usize = 64;
const WATCH: Duration = Duration::from_secs(2);
const COMPARE_EVERY: Duration = Duration::from_secs(600);
/// When to compare again after the database has failed.
const COMPARE_AFTER_FAILURE: Duration = Duration::from_secs(10);
/// How often a state is tried that the database refuses with an error that is not transient.
const TRIES: u64 = 3;

/// Why a state was not applied.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The state can never be applied; it becomes a dead letter.
    #[error("{0}")]
    Permanent(String),
    /// The database failed; the state is tried again.
    #[error("{0}")]
    Db(#[from] DbErr),
}

/// Applies the states that a worker receives.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Name of the consumer, unique in the database, `[a-z0-9-]`.
    fn name(&self) -> &'static str;
    /// Revision of the handler: raised by a release that must apply all states again.
    fn revision(&self) -> i64;
    /// The states that it consumes.
    fn source(&self) -> Source;
    /// Applies one state. It is never called with an older state, but with the same one again after a raised revision.
    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError>;
    /// Called after a commit: wakes the relay when states were staged.
    fn committed(&self);
}

/// Runs one handler.
pub struct Worker<H> {
    pub(super) db: Database,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) clock: Clock,
    pub(super) handler: H,
    compare_every: Duration,
}

impl<H: Handler> Worker<H> {
    /// A worker of `handler`.
    pub fn new(db: Database, bus: Arc<dyn Bus>, clock: Clock, handler: H) -> Self {
        Self {
            db,
            bus,
            clock,
            handler,
            compare_every: COMPARE_EVERY,
        }
    }

    /// How often the stream is compared with the applied states, besides at the start and after a reconnect.
    #[must_use]
    pub fn compare_every(self, compare_every: Duration) -> Self {
        Self {
            compare_every,
            ..self
        }
    }

    /// Name of the durable consumer: another revision is another consumer, which starts from the beginning.
    pub(super) fn durable(&self) -> String {
        format!("{}-r{}", self.handler.name(), self.handler.revision())
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.retry_dead_letters(false).await {
            tracing::warn!(consumer = self.handler.name(), %error, "dead letters not tried again");
        }
        let mut stuck_at = None;
        // No `backon`: sessions follow each other for ever, also those that ended well, and each hands `stuck_at` on.
        while !stop.is_cancelled() {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&mut stuck_at) => ended,
            };
            match ended {
                Err(bus::Error::NoStream(service)) => tracing::debug!(%service, "worker: no stream yet"),
                Err(error) => tracing::warn!(consumer = self.handler.name(), %error, "worker: trying again"),
                Ok(()) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
        }
    }

    /// Applies states until the bus, the stream or the consumer is lost or stalled.
    async fn session(&self, stuck_at: &mut Option<u64>) -> Result<(), bus::Error> {
        let Source { service, filters } = self.handler.source();
        let gone = || bus::Error::NoStream(service.clone());
        let mut connection = self.bus.connection();
        connection.mark_unchanged();
        let stream = self.bus.stream(&service).await?.ok_or_else(gone)?;
        let durable = self.durable();
        let consumer = self.bus.consumer(&service, &durable).await?;
        // A server that lost the end of a stream may have kept a consumer position beyond it. And a consumer that
        // delivers nothing, even after the worker has joined it again, does not recover by itself.
        let beyond = consumer.is_some_and(|c| c.acknowledged > stream.last_sequence);
        let stuck = consumer.is_some_and(|c| Some(c.delivered) == *stuck_at && c.pending > 0);
        if beyond || stuck {
            tracing::warn!(
                consumer = self.handler.name(),
                beyond,
                stuck,
                "the consumer is created again"
            );
        }
        *stuck_at = None;
        let mut work = self
            .bus
            .work(&service, &durable, &filters, beyond || stuck)
            .await?;
        let mut compare_at = Instant::now();
        let mut silence = Silence::default();
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if Instant::now() >= compare_at {
                let repaired = self.compare(&service, stream.created).await?;
                compare_at = Instant::now()
                    + if repaired {
                        self.compare_every
                    } else {
                        COMPARE_AFTER_FAILURE
                    };
            }
            tokio::select! {
                changed = connection.changed() => {
                    changed.map_err(bus::Error::unavailable)?;
                    return Err(bus::Error::Unavailable("the connection changed".into()));
                }
                jobs = work.next(BATCH) => {
                    silence.reset();
                    if !self.process(jobs?).await? {
                        // The database failed, and may have lost commits that it had acknowledged.
                        compare_at = compare_at.min(Instant::now() + COMPARE_AFTER_FAILURE);
                    }
                }
                _ = watch.tick() => {
                    let now = self.bus.stream(&service).await?;
                    if now.is_none_or(|s| s.created != stream.created) {
                        return Err(gone());
                    }
                    let Some(consumer) = self.bus.consumer(&service, &durable).await? else {
                        return Err(bus::Error::Unavailable("the consumer is gone".into()));
                    };
                    if silence.too_long(&consumer) {
                        *stuck_at = Some(consumer.delivered);
                        return Err(bus::Error::Unavailable("the consumer delivers nothing".into()));
                    }
                    self.retry_dead_letters(true).await.map_err(bus::Error::unavailable)?;
                }
            }
        }
    }

    /// Applies the jobs in one transaction; if that fails, each in one of its own. False when the database failed for
    /// some, which are delivered again.
    pub(super) async fn process(&self, mut jobs: Vec<Job>) -> Result<bool, bus::Error> {
        jobs.sort_by(|a, b| a.delivery.event.subject.cmp(&b.delivery.event.subject));
        if jobs.len() > 1 {
            let deliveries: Vec<&Delivery> = jobs.iter().map(|j| &j.delivery).collect();
            if self.apply(&deliveries).await.is_ok() {
                for job in jobs {
                    job.settle.settle(Verdict::Ack).await?;
                }
                return Ok(true);
            }
        }
        let mut all = true;
        for job in jobs {
            let applied = self.apply(&[&job.delivery]).await;
            let verdict = match applied {
                Ok(()) => Verdict::Ack,
                Err(error) => self.failed(&job.delivery.event, job.attempt, &error).await,
            };
            all &= !matches!(verdict, Verdict::Retry(_));
            job.settle.settle(verdict).await?;
        }
        Ok(all)
    }

    /// Decides about a state that was not applied: it is delivered again, or it becomes a dead letter.
    pub(super) async fn failed(&self, event: &Event, attempt: u64, error: &HandlerError) -> Verdict {
        // No `backon`: the bus counts the attempts and delivers the state again, to any replica.
        if error.may_succeed(attempt) {
            tracing::warn!(consumer = self.handler.name(), subject = %event.subject, attempt, %error,
                "not applied; trying again");
            return Verdict::Retry(Duration::from_millis(200 << attempt.min(8)));
        }
        match self.dead_letter(event, &error.to_string()).await {
            Ok(()) => Verdict::Drop,
            Err(error) => {
                let consumer = self.handler.name();
                tracing::warn!(consumer, subject = %event.subject, %error, "dead letter not stored");
                Verdict::Retry(Duration::from_secs(5))
            }
        }
    }

    async fn apply(&self, deliveries: &[&Delivery]) -> Result<(), HandlerError> {
        let txn = self.db.begin().await?;
        for delivery in deliveries {
            let span = self.span(&delivery.event);
            self.apply_one(&txn, delivery).instrument(span).await?;
        }
        self.commit(txn, deliveries.len()).await
    }

    /// The span in which a state is applied.
    pub(super) fn span(&self, event: &Event) -> tracing::Span {
        let span = tracing::info_span!(
            "process",
            otel.name = format!("process {}", event.event_type),
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.operation.name = "process",
            messaging.consumer.group.name = self.handler.name(),
            prima.version = event.version
        );
        trace::set_parent(&span, event.traceparent.as_deref());
        span
    }

    /// Commits a transaction in which `states` states were applied.
    pub(super) async fn commit(&self, txn: Txn, states: usize) -> Result<(), HandlerError> {
        failpoint::hit("worker.applied").await;
        txn.commit().await?;
        failpoint::hit("worker.committed").await;
        self.handler.committed();
        let attributes = [KeyValue::new("consumer", self.handler.name())];
        telemetry::meters().consumed.add(states as u64, &attributes);
        Ok(())
    }

    pub(super) async fn apply_one(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
        let event = &delivery.event;
        let text = "INSERT INTO consumed (consumer, subject, version, revision) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (consumer, subject) DO UPDATE SET
                        version = excluded.version, revision = excluded.revision
                    WHERE consumed.version < excluded.version OR consumed.revision < excluded.revision";
        let values = [
            self.handler.name().into(),
            event.subject.clone().into(),
            event.version.into(),
            self.handler.revision().into(),
        ];
        if txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 0 {
            return Ok(());
        }
        self.handler.handle(txn, delivery).await?;
        let text = "DELETE FROM dead_letter WHERE consumer = $1 AND subject = $2";
        txn.execute_raw(sql(
            txn,
            text,
            [self.handler.name().into(), event.subject.clone().into()],
        ))
        .await?;
        Ok(())
    }
}

impl HandlerError {
    /// Whether the error is transient.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Permanent(_) => false,
            Self::Db(error) => db::transient(error),
        }
    }

    /// Whether another attempt may succeed after `attempt` attempts. An error that is not transient is tried a few
    /// times, since a conflict with another transaction may look like one.
    fn may_succeed(&self, attempt: u64) -> bool {
        match self {
            Self::Permanent(_) => false,
            Self::Db(_) => self.retryable() || attempt < TRIES,
        }
    }
}

/// Detects a consumer that delivers nothing although states are pending.
#[derive(Debug, Default)]
struct Silence {
    delivered: u64,
    checks: u32,
}

impl Silence {
    /// A state was delivered.
    fn reset(&mut self) {
        self.checks = 0;
    }

    /// Called every [`WATCH`]: true at the third check in a row with pending states of which none was delivered.
    fn too_long(&mut self, consumer: &ConsumerInfo) -> bool {
        let waits = consumer.pending > 0 && consumer.outstanding < OUTSTANDING;
        let moved = std::mem::replace(&mut self.delivered, consumer.delivered) != consumer.delivered;
        self.checks = if waits && !moved { self.checks + 1 } else { 0 };
        self.checks >= 3
    }
}
