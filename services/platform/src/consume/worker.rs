//! A worker: replicas share a durable consumer; each state is applied once, in a transaction, before it is answered.
//!
//! What was answered may be lost all the same: a database that fails over or is restored loses commits. So a worker also
//! compares what it applied with what the stream holds (`compare`).

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
/// When to compare again after the database failed something.
const AGAIN: Duration = Duration::from_secs(10);
/// How often a state is tried that the database refuses for good.
const TRIES: u64 = 3;

/// Why a state was not applied.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It can never be applied as it is; it goes to the dead letters.
    #[error("{0}")]
    Permanent(String),
    /// The database did not do it; tried again.
    #[error("{0}")]
    Db(#[from] DbErr),
}

/// What a worker does with a state.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Name of the consumer, unique in the database, `[a-z0-9-]`.
    fn name(&self) -> &'static str;
    /// Raised when older states must be applied again.
    fn revision(&self) -> i64;
    /// What it consumes.
    fn source(&self) -> Source;
    /// Applies one state. Older states never come; the same state may come again after a raised revision.
    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError>;
    /// After a commit: wake the relay when something was staged.
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

    /// How often the stream is compared with what was applied, beside at the start and after a reconnect.
    #[must_use]
    pub fn compare_every(self, compare_every: Duration) -> Self {
        Self {
            compare_every,
            ..self
        }
    }

    /// The durable's name: another revision is another consumer, which starts from the beginning.
    pub(super) fn durable(&self) -> String {
        format!("{}-r{}", self.handler.name(), self.handler.revision())
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.retry_dead_letters(false).await {
            tracing::warn!(consumer = self.handler.name(), %error, "dead letters not tried again");
        }
        let mut stuck_at = None;
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

    /// Works until the bus, the stream or the consumer is lost, or stays silent.
    async fn session(&self, stuck_at: &mut Option<u64>) -> Result<(), bus::Error> {
        let Source { service, filters } = self.handler.source();
        let gone = || bus::Error::NoStream(service.clone());
        let mut connection = self.bus.connection();
        connection.mark_unchanged();
        let stream = self.bus.stream(&service).await?.ok_or_else(gone)?;
        let durable = self.durable();
        let consumer = self.bus.consumer(&service, &durable).await?;
        // A server that lost the end of a stream may have kept the consumer's place behind it; and a consumer that hands
        // nothing out, also after it was joined again, does not get better.
        let beyond = consumer.is_some_and(|c| c.acknowledged > stream.last_sequence);
        let stuck = consumer.is_some_and(|c| Some(c.delivered) == *stuck_at && c.pending > 0);
        if beyond || stuck {
            tracing::warn!(
                consumer = self.handler.name(),
                beyond,
                stuck,
                "the consumer is made anew"
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
                compare_at = Instant::now() + if repaired { self.compare_every } else { AGAIN };
            }
            tokio::select! {
                changed = connection.changed() => {
                    changed.map_err(bus::Error::unavailable)?;
                    return Err(bus::Error::Unavailable("the connection changed".into()));
                }
                jobs = work.next(BATCH) => {
                    silence.broken();
                    if !self.process(jobs?).await? {
                        // The database failed, and may have lost what it had said to have done.
                        compare_at = compare_at.min(Instant::now() + AGAIN);
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
                        return Err(bus::Error::Unavailable("the consumer hands nothing out".into()));
                    }
                    self.retry_dead_letters(true).await.map_err(bus::Error::unavailable)?;
                }
            }
        }
    }

    /// One transaction for all of them; if that fails, one each. False when the database failed some, which come again.
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

    /// What becomes of a state that was not applied: it comes again, or it is put aside.
    pub(super) async fn failed(&self, event: &Event, attempt: u64, error: &HandlerError) -> Verdict {
        if error.may_pass(attempt) {
            tracing::warn!(consumer = self.handler.name(), subject = %event.subject, attempt, %error,
                "not applied; trying again");
            return Verdict::Retry(Duration::from_millis(200 << attempt.min(8)));
        }
        match self.dead_letter(event, &error.to_string()).await {
            Ok(()) => Verdict::Drop,
            Err(error) => {
                tracing::warn!(consumer = self.handler.name(), subject = %event.subject, %error, "not put aside");
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

    /// Commits what was applied of `states` states.
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
    /// True for what passes by itself.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Permanent(_) => false,
            Self::Db(error) => db::transient(error),
        }
    }

    /// Whether another try may succeed after `attempt` tries. What the database refuses for good gets a few, since
    /// a conflict with another transaction looks the same.
    fn may_pass(&self, attempt: u64) -> bool {
        match self {
            Self::Permanent(_) => false,
            Self::Db(_) => self.retryable() || attempt < TRIES,
        }
    }
}

/// Whether a consumer has stayed silent though it has something to hand out.
#[derive(Debug, Default)]
struct Silence {
    delivered: u64,
    looks: u32,
}

impl Silence {
    /// Something came.
    fn broken(&mut self) {
        self.looks = 0;
    }

    /// To be asked every [`WATCH`]: true at the third look at which states wait and none was handed out since the first.
    fn too_long(&mut self, consumer: &ConsumerInfo) -> bool {
        let waits = consumer.pending > 0 && consumer.outstanding < OUTSTANDING;
        let moved = std::mem::replace(&mut self.delivered, consumer.delivered) != consumer.delivered;
        self.looks = if waits && !moved { self.looks + 1 } else { 0 };
        self.looks >= 3
    }
}
