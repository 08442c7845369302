//! A worker: replicas share a durable consumer; each state is applied once, in a transaction, before it is answered.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use opentelemetry::KeyValue;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Source;
use crate::{
    bus::{self, Bus, Delivery, Event, Job, Verdict},
    clock::{Clock, micros},
    db::{self, Database, Txn, sql},
    failpoint, telemetry, trace,
};

const BATCH: usize = 64;
const WATCH: Duration = Duration::from_secs(2);

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
    db: Database,
    bus: Arc<dyn Bus>,
    clock: Clock,
    handler: H,
}

#[derive(Debug, FromQueryResult)]
struct Position {
    created: i64,
    sequence: i64,
}

#[derive(Debug, FromQueryResult)]
struct Letter {
    subject: String,
    version: i64,
    #[sea_orm(from_alias = "type")]
    event_type: String,
    payload: Vec<u8>,
    withdrawn: i64,
}

impl<H: Handler> Worker<H> {
    /// A worker of `handler`.
    pub fn new(db: Database, bus: Arc<dyn Bus>, clock: Clock, handler: H) -> Self {
        Self {
            db,
            bus,
            clock,
            handler,
        }
    }

    /// The durable's name: another revision is another consumer, which starts from the beginning.
    fn durable(&self) -> String {
        format!("{}-r{}", self.handler.name(), self.handler.revision())
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.retry_dead_letters(false).await {
            tracing::warn!(consumer = self.handler.name(), %error, "dead letters not tried again");
        }
        while !stop.is_cancelled() {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session() => ended,
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

    async fn session(&self) -> Result<(), bus::Error> {
        let Source { service, filters } = self.handler.source();
        let stream = self
            .bus
            .stream(&service)
            .await?
            .ok_or_else(|| bus::Error::NoStream(service.clone()))?;
        let restart = self.must_restart(&service, &stream).await?;
        let mut work = self
            .bus
            .work(&service, &self.durable(), &filters, restart)
            .await?;
        let mut floor = self.keep_up(&service, stream.created, None).await?;
        loop {
            let jobs = tokio::select! {
                jobs = work.next(BATCH) => jobs?,
                () = tokio::time::sleep(WATCH) => {
                    // Nothing came: see whether the stream is still the one that was subscribed to.
                    let now = self.bus.stream(&service).await?;
                    if now.is_none_or(|s| s.created != stream.created) {
                        return Err(bus::Error::NoStream(service));
                    }
                    floor = self.keep_up(&service, stream.created, floor).await?;
                    self.retry_dead_letters(true).await.map_err(bus::Error::unavailable)?;
                    continue;
                }
            };
            self.process(jobs, stream.created).await?;
        }
    }

    /// Keeps the position at or above what the durable has passed without this database: states before its start,
    /// of other subjects, or dropped. Otherwise that looks like a position which the database has lost.
    async fn keep_up(
        &self,
        service: &str,
        created: i64,
        noted: Option<u64>,
    ) -> Result<Option<u64>, bus::Error> {
        let floor = self
            .bus
            .acknowledged(service, &self.durable())
            .await?
            .unwrap_or(0);
        if noted != Some(floor) {
            let noted = self
                .note_position(self.db.writer(), service, created, floor)
                .await;
            noted.map_err(bus::Error::unavailable)?;
        }
        Ok(Some(floor))
    }

    /// Whether what this database has applied no longer fits the stream or the durable's position.
    async fn must_restart(&self, service: &str, stream: &bus::StreamInfo) -> Result<bool, bus::Error> {
        let reader = self.db.reader();
        let text = "SELECT created, sequence FROM consumer_position WHERE consumer = $1 AND stream = $2";
        let values = [self.durable().into(), service.into()];
        let position = Position::find_by_statement(sql(reader, text, values))
            .one(reader)
            .await
            .map_err(bus::Error::unavailable)?;
        let acknowledged = self.bus.acknowledged(service, &self.durable()).await?;
        Ok(match (position, acknowledged) {
            (None, acknowledged) => acknowledged.is_some(),
            (Some(_), None) => true,
            (Some(position), Some(acknowledged)) => {
                let applied = u64::try_from(position.sequence).unwrap_or(0);
                position.created != stream.created || applied > stream.last_sequence || acknowledged > applied
            }
        })
    }

    /// One transaction for all of them; if that fails, one each.
    async fn process(&self, mut jobs: Vec<Job>, created: i64) -> Result<(), bus::Error> {
        jobs.sort_by(|a, b| a.delivery.event.subject.cmp(&b.delivery.event.subject));
        if jobs.len() > 1 {
            let deliveries: Vec<&Delivery> = jobs.iter().map(|j| &j.delivery).collect();
            if self.apply(&deliveries, created).await.is_ok() {
                for job in jobs {
                    job.settle.settle(Verdict::Ack).await?;
                }
                return Ok(());
            }
        }
        for job in jobs {
            let verdict = match self.apply(&[&job.delivery], created).await {
                Ok(()) => Verdict::Ack,
                Err(HandlerError::Permanent(reason)) => {
                    match self.dead_letter(&job.delivery.event, &reason).await {
                        Ok(()) => Verdict::Drop,
                        Err(_) => Verdict::Retry(Duration::from_secs(5)),
                    }
                }
                Err(HandlerError::Db(error)) => {
                    let delay = Duration::from_millis(200 << job.attempt.min(8));
                    tracing::warn!(consumer = self.handler.name(), subject = %job.delivery.event.subject,
                        attempt = job.attempt, %error, "not applied; trying again");
                    Verdict::Retry(delay)
                }
            };
            job.settle.settle(verdict).await?;
        }
        Ok(())
    }

    async fn apply(&self, deliveries: &[&Delivery], created: i64) -> Result<(), HandlerError> {
        let txn = self.db.begin().await?;
        for delivery in deliveries {
            let event = &delivery.event;
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
            self.apply_one(&txn, delivery).instrument(span).await?;
        }
        if let Some(last) = deliveries.iter().max_by_key(|d| d.sequence) {
            self.note_position(&txn, &last.service, created, last.sequence)
                .await?;
        }
        failpoint::hit("worker.applied").await;
        txn.commit().await?;
        failpoint::hit("worker.committed").await;
        self.handler.committed();
        let attributes = [KeyValue::new("consumer", self.handler.name())];
        telemetry::meters()
            .consumed
            .add(deliveries.len() as u64, &attributes);
        Ok(())
    }

    async fn apply_one(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
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

    /// Raises the position in the stream that was created then.
    async fn note_position(
        &self,
        conn: &impl ConnectionTrait,
        service: &str,
        created: i64,
        sequence: u64,
    ) -> Result<(), DbErr> {
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let text =
            "INSERT INTO consumer_position (consumer, stream, created, sequence) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (consumer, stream) DO UPDATE SET
                        sequence = CASE WHEN consumer_position.created = excluded.created
                                         AND consumer_position.sequence > excluded.sequence
                                        THEN consumer_position.sequence ELSE excluded.sequence END,
                        created = excluded.created";
        let values = [
            self.durable().into(),
            service.into(),
            created.into(),
            sequence.into(),
        ];
        conn.execute_raw(sql(conn, text, values)).await?;
        Ok(())
    }

    async fn dead_letter(&self, event: &Event, reason: &str) -> Result<(), DbErr> {
        tracing::error!(consumer = self.handler.name(), subject = %event.subject, reason, "dead letter");
        telemetry::meters()
            .dead_letters
            .add(1, &[KeyValue::new("consumer", self.handler.name())]);
        let writer = self.db.writer();
        let text = "INSERT INTO dead_letter
                        (consumer, subject, version, type, payload, withdrawn, reason, failed_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    ON CONFLICT (consumer, subject) DO UPDATE SET
                        version = excluded.version, type = excluded.type, payload = excluded.payload,
                        withdrawn = excluded.withdrawn, reason = excluded.reason, failed_at = excluded.failed_at
                    WHERE dead_letter.version <= excluded.version";
        let values = [
            self.handler.name().into(),
            event.subject.clone().into(),
            event.version.into(),
            event.event_type.clone().into(),
            event.payload.clone().into(),
            i64::from(event.withdrawn).into(),
            reason.into(),
            micros(self.clock.now()).into(),
        ];
        writer.execute_raw(sql(writer, text, values)).await?;
        Ok(())
    }

    /// A new release may understand what the old one could not; so may this one when somebody `asked`.
    async fn retry_dead_letters(&self, asked: bool) -> Result<(), DbErr> {
        let reader = self.db.reader();
        let text = if asked {
            "SELECT subject, version, type, payload, withdrawn FROM dead_letter WHERE consumer = $1 AND failed_at = 0"
        } else {
            "SELECT subject, version, type, payload, withdrawn FROM dead_letter WHERE consumer = $1"
        };
        let letters = Letter::find_by_statement(sql(reader, text, [self.handler.name().into()]))
            .all(reader)
            .await?;
        let service = self.handler.source().service;
        for letter in letters {
            let event = Event {
                subject: letter.subject,
                event_type: letter.event_type,
                revision: 0,
                version: letter.version,
                withdrawn: letter.withdrawn != 0,
                payload: letter.payload,
                time: String::new(),
                traceparent: None,
                origin: None,
            };
            let delivery = Delivery {
                service: service.clone(),
                event,
                sequence: 0,
            };
            let txn = self.db.begin().await?;
            match self.apply_one(&txn, &delivery).await {
                Ok(()) => {
                    // Also when a newer version had been applied before this one was given up.
                    let text =
                        "DELETE FROM dead_letter WHERE consumer = $1 AND subject = $2 AND version <= $3";
                    let event = &delivery.event;
                    let values = [
                        self.handler.name().into(),
                        event.subject.clone().into(),
                        event.version.into(),
                    ];
                    txn.execute_raw(sql(&txn, text, values)).await?;
                    txn.commit().await?;
                    self.handler.committed();
                }
                Err(error) => {
                    drop(txn);
                    self.dead_letter(&delivery.event, &error.to_string()).await?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a failed handler may succeed later.
impl HandlerError {
    /// True for what passes by itself.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Permanent(_) => false,
            Self::Db(error) => db::transient(error),
        }
    }
}
