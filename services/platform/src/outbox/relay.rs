//! The relay: publishes the states in the outbox that are not on the bus yet. One replica of a service is active.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures::stream::{self, StreamExt};
use opentelemetry::KeyValue;
use sea_orm::{DbErr, FromQueryResult};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Outbox, refused::Refused, status::Status};
use crate::{
    bus::{self, Bus, Connection, Event, Owner},
    clock::Clock,
    config,
    db::{Database, sql},
    failpoint,
    lease::Lease,
    telemetry, trace,
};

/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How often to check that the stream is still the same one and still owned by this relay.
const CHECK: Duration = Duration::from_secs(2);

/// A row of the outbox.
#[derive(Debug, Clone, FromQueryResult)]
pub(super) struct Row {
    pub(super) subject: String,
    #[sea_orm(from_alias = "type")]
    pub(super) event_type: String,
    pub(super) revision: i64,
    pub(super) version: i64,
    pub(super) withdrawn: i64,
    pub(super) payload: Vec<u8>,
    pub(super) traceparent: Option<String>,
    pub(super) merged: Option<String>,
    pub(super) stream_sequence: i64,
}

/// Result of a publish: the version that is on the bus now, and its sequence.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) subject: String,
    pub(super) version: i64,
    pub(super) sequence: u64,
}

/// Why a relay's session ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer.
    #[error("outbox: {0}")]
    Db(#[from] DbErr),
    /// The bus did not answer.
    #[error("outbox: {0}")]
    Bus(#[from] bus::Error),
    /// This database must not fill the stream.
    #[error("outbox: {0}")]
    Refused(#[from] Refused),
}

/// Publishes the outbox of one service.
pub struct Relay {
    pub(super) db: Database,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) service: String,
    pub(super) clock: Clock,
    pub(super) lease: Lease,
    pub(super) config: config::Relay,
    outbox: Outbox,
    status: Status,
    /// Versions of states that are too large for the bus, by subject.
    pub(super) oversized: Mutex<HashMap<String, i64>>,
}

/// State of one session. It ends when the connection, the stream or its owner changes, since the published versions in
/// the outbox may be wrong then.
struct Session {
    connection: Connection,
    created: i64,
    owner: Owner,
    renewed: Instant,
    checked: Instant,
    reconciled: Instant,
    /// The stream is complete when every row up to this version is published; `None` when it is complete already.
    complete_at: Option<i64>,
    sent: HashMap<String, Instant>,
}

/// The current time as RFC 3339, always of the same length: a full stream refuses a longer replacement.
pub(super) fn sent_at(clock: &Clock) -> String {
    clock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

impl Relay {
    /// A relay of `service`; `holder` names this replica.
    pub fn new(
        db: Database,
        bus: Arc<dyn Bus>,
        service: &str,
        clock: Clock,
        config: config::Relay,
        outbox: Outbox,
        holder: String,
    ) -> Self {
        let duration = Duration::from_millis(config.lease_millis);
        let lease = Lease::new(db.clone(), "relay", holder, duration);
        let status = outbox.status.clone();
        let (pending, attribute) = (
            status.pending.clone(),
            KeyValue::new("service", service.to_owned()),
        );
        let _gauge = telemetry::meter()
            .i64_observable_gauge("outbox.pending")
            .with_callback(move |o| {
                o.observe(pending.load(Ordering::Relaxed), std::slice::from_ref(&attribute))
            })
            .build();
        Self {
            db,
            bus,
            service: service.to_owned(),
            clock,
            lease,
            config,
            outbox,
            status,
            oversized: Mutex::default(),
        }
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.status.clone()
    }

    /// Runs until `stop`; then publishes what is pending, if the bus is connected, and releases the lease.
    pub async fn run(self, stop: CancellationToken) {
        // No `backon`: sessions follow each other for ever, and the pause depends on how one ended.
        while !stop.is_cancelled() {
            let ended = self.session(&stop).await;
            self.status.active.store(false, Ordering::Relaxed);
            // A replica that can't publish must not prevent another one from doing so.
            if let Err(error) = self.lease.release().await {
                tracing::debug!(%error, "the lease was not released; it expires");
            }
            let pause = match ended {
                Ok(()) => continue,
                Err(Error::Refused(refused)) => {
                    if self.status.set_refused(Some(refused.clone())) {
                        tracing::error!(service = %self.service, %refused, "nothing is published");
                    }
                    CHECK
                }
                Err(error) => {
                    tracing::warn!(service = %self.service, %error, "relay: trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Acquires the lease and publishes until the lease, the bus or the database is lost.
    async fn session(&self, stop: &CancellationToken) -> Result<(), Error> {
        let mut connection = self.bus.connection();
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            up = connection.wait_for(|c| c.up) => drop(up.map_err(bus::Error::unavailable)?),
        }
        while !self.lease.acquire().await? {
            // Another replica publishes, and knows whether it can.
            self.status.set_refused(None);
            self.status.full.store(false, Ordering::Relaxed);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(self.lease.renewal()) => {}
            }
        }
        let connection = *connection.borrow();
        let stream = self.bus.ensure_stream(&self.service).await?;
        let taken = self.take(&stream).await?;
        self.status.set_refused(None);
        self.status.active.store(true, Ordering::Relaxed);
        let now = Instant::now();
        let mut session = Session {
            connection,
            created: stream.created,
            owner: taken.owner,
            renewed: now,
            checked: now,
            reconciled: now,
            complete_at: None,
            sent: HashMap::new(),
        };
        let identity = session.owner.identity.clone();
        tokio::select! {
            ended = self.publish(&mut session, stream.complete, taken.adopting, stop) => ended,
            () = self.answer(taken.questions, &identity) => Err(bus::Error::unavailable("no more questions").into()),
        }
    }

    /// Publishes until the session ends.
    async fn publish(
        &self,
        session: &mut Session,
        complete: bool,
        adopting: bool,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let watermark = self.reconcile_beside(session, adopting).await?;
        if adopting {
            self.adopted().await?;
        }
        tracing::info!(service = %self.service, "relay: outbox and bus compared");
        session.complete_at = (!complete).then_some(watermark);
        loop {
            if !self.still_owner(session).await? {
                return Ok(());
            }
            let (sent, wait) = self.publish_page(session).await?;
            if let Some(watermark) = session.complete_at
                && !self.pending_up_to(watermark).await?
            {
                self.bus.set_complete(&self.service).await?;
                session.complete_at = None;
                tracing::info!(service = %self.service, "stream complete");
            }
            if sent > 0 {
                continue;
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.outbox.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Renews the lease when that is due; false when another replica holds it.
    async fn renew(&self, session: &mut Session) -> Result<bool, Error> {
        if session.renewed.elapsed() > self.lease.renewal() {
            if !self.lease.acquire().await? {
                tracing::warn!(service = %self.service, "relay: lost the lease");
                return Ok(false);
            }
            session.renewed = Instant::now();
        }
        Ok(true)
    }

    /// Compares outbox and bus while publishing continues: the comparison of a large outbox takes seconds.
    async fn reconcile_beside(&self, session: &mut Session, adopting: bool) -> Result<i64, Error> {
        let done = CancellationToken::new();
        let compare = async {
            let compared = self.reconcile(adopting).await;
            done.cancel();
            compared
        };
        let publish = async {
            while !done.is_cancelled() {
                // A lost lease ends the session after the comparison; until then its publishes are fenced by their
                // sequences.
                self.renew(session).await?;
                let (sent, wait) = self.publish_page(session).await?;
                if sent == 0 {
                    tokio::select! {
                        () = done.cancelled() => {}
                        () = self.outbox.wake.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
            Ok::<(), Error>(())
        };
        let (compared, ()) = tokio::try_join!(compare, publish)?;
        session.reconciled = Instant::now();
        Ok(compared)
    }

    /// Renews the lease, and compares outbox and bus when that is due; false when the session must end.
    async fn still_owner(&self, session: &mut Session) -> Result<bool, Error> {
        if !self.renew(session).await? || *self.bus.connection().borrow() != session.connection {
            return Ok(false);
        }
        if session.checked.elapsed() > CHECK {
            let stream = self.bus.stream(&self.service).await?;
            let Some(stream) = stream.filter(|s| s.created == session.created) else {
                return Ok(false);
            };
            if stream.owner.as_ref() != Some(&session.owner) {
                tracing::warn!(service = %self.service, owner = ?stream.owner, "another relay took the stream");
                return Ok(false);
            }
            session.checked = Instant::now();
        }
        if session.reconciled.elapsed() > Duration::from_secs(self.config.reconcile_seconds) {
            self.reconcile_beside(session, false).await?;
        }
        Ok(true)
    }

    /// Publishes one page of pending rows. Returns how many were published and how long to wait when none was.
    async fn publish_page(&self, session: &mut Session) -> Result<(usize, Duration), Error> {
        let poll = Duration::from_millis(self.config.poll_millis);
        let limit = i64::try_from(self.config.window * 2).unwrap_or(512);
        // A full stream accepts replacements only: new aggregates that wait for room must not fill the page.
        let order = if self.status.full() {
            "(stream_sequence = 0), version"
        } else {
            "version"
        };
        let reader = self.db.reader();
        let (sendable, mut values) = self.sendable(1);
        let text = format!(
            "SELECT subject, type, revision, version, withdrawn, payload, traceparent, merged, stream_sequence
             FROM outbox WHERE version > published_version {sendable} ORDER BY {order} LIMIT $1"
        );
        values.insert(0, limit.into());
        let rows = Row::find_by_statement(sql(reader, &text, values))
            .all(reader)
            .await?;
        self.status
            .pending
            .store(i64::try_from(rows.len()).unwrap_or(0), Ordering::Relaxed);
        if rows.is_empty() {
            return Ok((0, poll));
        }
        let gap = Duration::from_secs(1) / self.config.rate_per_subject;
        let now = Instant::now();
        session.sent.retain(|_, at| now.duration_since(*at) < gap);
        let soonest = rows
            .iter()
            .filter_map(|r| session.sent.get(&r.subject))
            .map(|at| gap.saturating_sub(now.duration_since(*at)))
            .min();
        let due: Vec<Row> = rows
            .into_iter()
            .filter(|r| !session.sent.contains_key(&r.subject))
            .collect();
        if due.is_empty() {
            // At least a millisecond, so that rounding can't cause a busy loop.
            return Ok((0, soonest.unwrap_or(poll).max(Duration::from_millis(1))));
        }
        failpoint::hit("relay.read").await;
        session.sent.extend(due.iter().map(|r| (r.subject.clone(), now)));
        let results: Vec<Result<Option<Published>, Error>> = stream::iter(due)
            .map(|row| self.send(row))
            .buffer_unordered(self.config.window)
            .collect()
            .await;
        failpoint::hit("relay.published").await;
        let mut published = Vec::with_capacity(results.len());
        let mut failed = None;
        for result in results {
            match result {
                Ok(one) => published.extend(one),
                Err(error) => failed = Some(error),
            }
        }
        // What was published is recorded even when another publish failed.
        self.record_published(&published).await?;
        failpoint::hit("relay.marked").await;
        match failed {
            Some(Error::Bus(bus::Error::Full)) => {
                if !self.status.full.swap(true, Ordering::Relaxed) {
                    tracing::error!(service = %self.service, "the stream is full; new aggregates wait in the outbox");
                }
                Ok((0, Duration::from_secs(1)))
            }
            Some(error) => Err(error),
            None => {
                self.status.full.store(false, Ordering::Relaxed);
                Ok((published.len(), poll))
            }
        }
    }

    /// Publishes one row. `None` when there is nothing to record and the row stays pending.
    async fn send(&self, row: Row) -> Result<Option<Published>, Error> {
        let span = tracing::info_span!(
            "publish", otel.name = format!("send {}", row.event_type), otel.kind = "producer",
            messaging.system = "nats", messaging.operation.name = "send",
            messaging.destination.name = %self.service, prima.version = row.version
        );
        trace::set_parent(&span, row.traceparent.as_deref());
        // The trace contexts of the states that this one replaced before they were published.
        for replaced in row.merged.as_deref().unwrap_or_default().split_whitespace() {
            trace::link(&span, Some(replaced));
        }
        let event = Event {
            subject: row.subject.clone(),
            event_type: row.event_type.clone(),
            revision: row.revision,
            version: row.version,
            withdrawn: row.withdrawn != 0,
            payload: row.payload.clone(),
            time: sent_at(&self.clock),
            traceparent: trace::traceparent(&span),
            origin: row.traceparent.clone(),
        };
        self.send_event(&event, u64::try_from(row.stream_sequence).unwrap_or(0))
            .instrument(span)
            .await
    }

    async fn send_event(&self, event: &Event, expected: u64) -> Result<Option<Published>, Error> {
        let attributes = [KeyValue::new("service", self.service.clone())];
        let published = |version, sequence| Published {
            subject: event.subject.clone(),
            version,
            sequence,
        };
        let mut expected = expected;
        for _ in 0..2 {
            match self.bus.publish(&self.service, event, expected).await {
                Ok(sequence) => {
                    telemetry::meters().published.add(1, &attributes);
                    return Ok(Some(published(event.version, sequence)));
                }
                Err(bus::Error::Fenced) => {
                    telemetry::meters().fenced.add(1, &attributes);
                    match self.bus.last(&self.service, &event.subject).await? {
                        None => expected = 0,
                        Some(head) if head.version < event.version => expected = head.sequence,
                        Some(head) if head.version == event.version => {
                            return Ok(Some(published(event.version, head.sequence)));
                        }
                        Some(head) => {
                            // Another relay published a newer state, or this database is older than the bus.
                            self.restage(&head).await?;
                            return Ok(Some(published(event.version, head.sequence)));
                        }
                    }
                }
                Err(bus::Error::TooLarge { subject, reason }) => {
                    let version = event.version;
                    tracing::error!(%subject, version, reason, "a state is too large for the bus");
                    let mut oversized = self.oversized.lock().unwrap_or_else(PoisonError::into_inner);
                    oversized.insert(subject, event.version);
                    return Ok(None);
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(None)
    }
}
