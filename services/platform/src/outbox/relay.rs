//! The relay: one active per service, it sends what the outbox holds and the bus does not.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::stream::{self, StreamExt};
use opentelemetry::KeyValue;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Outbox, lock};
use crate::{
    bus::{self, Bus, Connection, Event},
    clock::{Clock, micros},
    config,
    db::{Column, Database, sql, table},
    failpoint, telemetry, trace,
};

/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);

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

/// What a publish found: the subject's last sequence, and the version that is on the bus now.
#[derive(Debug)]
struct Mark {
    subject: String,
    version: i64,
    sequence: u64,
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
}

/// How the relay fares; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Status {
    active: Arc<AtomicBool>,
    full: Arc<AtomicBool>,
    pending: Arc<AtomicI64>,
}

impl Status {
    /// Whether this replica holds the relay.
    pub fn active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether the stream is full: an alert.
    pub fn full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

/// Sends the outbox of one service.
pub struct Relay {
    pub(super) db: Database,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) service: String,
    pub(super) clock: Clock,
    config: config::Relay,
    outbox: Outbox,
    holder: String,
    status: Status,
}

/// Of one session: what must stay the same for the marks in the outbox to be worth something.
struct Session {
    connection: Connection,
    created: i64,
    renewed: Instant,
    checked: Instant,
    reconciled: Instant,
    /// Once every row up to this version is out, the stream is complete.
    complete_at: Option<i64>,
    sent: HashMap<String, Instant>,
}

/// The time now as RFC 3339, always of the same length: a full stream refuses a replacement that is longer.
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
        let status = Status::default();
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
            config,
            outbox,
            holder,
            status,
        }
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        self.status.clone()
    }

    /// Runs until `stop`; then sends what is pending, if the bus is there, and gives the lease back.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let ended = self.session(&stop).await;
            self.status.active.store(false, Ordering::Relaxed);
            // A replica that can't send must not keep another from it.
            if let Err(error) = self.release().await {
                tracing::debug!(%error, "lease not given back; it expires");
            }
            if let Err(error) = ended {
                tracing::warn!(service = %self.service, %error, "relay: trying again");
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }

    /// Holds the relay from taking the lease to losing it, the bus, or the database.
    async fn session(&self, stop: &CancellationToken) -> Result<(), Error> {
        let mut connection = self.bus.connection();
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            up = connection.wait_for(|c| c.up) => drop(up.map_err(bus::Error::unavailable)?),
        }
        while !self.acquire().await? {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(self.renewal()) => {}
            }
        }
        let connection = *connection.borrow();
        let stream = self.bus.ensure_stream(&self.service).await?;
        self.status.active.store(true, Ordering::Relaxed);
        let now = Instant::now();
        let mut session = Session {
            connection,
            created: stream.created,
            renewed: now,
            checked: now,
            reconciled: now,
            complete_at: None,
            sent: HashMap::new(),
        };
        let mark = self.reconcile_beside(&mut session).await?;
        tracing::info!(service = %self.service, "relay: outbox and bus compared");
        session.complete_at = (!stream.complete).then_some(mark);
        loop {
            if !self.still_mine(&mut session).await? {
                return Ok(());
            }
            let (sent, wait) = self.publish_page(&mut session).await?;
            if let Some(mark) = session.complete_at
                && !self.pending_up_to(mark).await?
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

    /// How often the lease is renewed.
    fn renewal(&self) -> Duration {
        Duration::from_millis(self.config.lease_millis / 3)
    }

    /// Renews the lease when it is time; false when another replica has it.
    async fn renew(&self, session: &mut Session) -> Result<bool, Error> {
        if session.renewed.elapsed() > self.renewal() {
            if !self.acquire().await? {
                tracing::warn!(service = %self.service, "relay: lost the lease");
                return Ok(false);
            }
            session.renewed = Instant::now();
        }
        Ok(true)
    }

    /// Compares outbox and bus while publishing goes on: the comparison of a large outbox takes seconds.
    async fn reconcile_beside(&self, session: &mut Session) -> Result<i64, Error> {
        let done = CancellationToken::new();
        let compare = async {
            let compared = self.reconcile().await;
            done.cancel();
            compared
        };
        let publish = async {
            while !done.is_cancelled() {
                // A lost lease is noticed again after the comparison; meanwhile nobody overtakes, but is fenced.
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

    /// Renews the lease; compares outbox and bus when it is time; false when the session must start over.
    async fn still_mine(&self, session: &mut Session) -> Result<bool, Error> {
        if !self.renew(session).await? || *self.bus.connection().borrow() != session.connection {
            return Ok(false);
        }
        if session.checked.elapsed() > Duration::from_secs(2) {
            let stream = self.bus.stream(&self.service).await?;
            if stream.is_none_or(|s| s.created != session.created) {
                return Ok(false);
            }
            session.checked = Instant::now();
        }
        if session.reconciled.elapsed() > Duration::from_secs(self.config.reconcile_seconds) {
            self.reconcile_beside(session).await?;
        }
        Ok(true)
    }

    /// Sends one page of pending rows. Returns how many went out and how long to wait when none did.
    async fn publish_page(&self, session: &mut Session) -> Result<(usize, Duration), Error> {
        let poll = Duration::from_millis(self.config.poll_millis);
        let limit = i64::try_from(self.config.window * 2).unwrap_or(512);
        // A full stream takes replacements only: new aggregates that wait for room must not fill the page.
        let order = if self.status.full() {
            "(stream_sequence = 0), version"
        } else {
            "version"
        };
        let text = format!(
            "SELECT subject, type, revision, version, withdrawn, payload, traceparent, merged, stream_sequence
             FROM outbox WHERE version > published_version ORDER BY {order} LIMIT $1"
        );
        let reader = self.db.reader();
        let rows = Row::find_by_statement(sql(reader, &text, [limit.into()]))
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
            // Never below a millisecond, so that rounding can't spin.
            return Ok((0, soonest.unwrap_or(poll).max(Duration::from_millis(1))));
        }
        failpoint::hit("relay.read").await;
        session.sent.extend(due.iter().map(|r| (r.subject.clone(), now)));
        let results: Vec<Result<Option<Mark>, Error>> = stream::iter(due)
            .map(|row| self.send(row))
            .buffer_unordered(self.config.window)
            .collect()
            .await;
        failpoint::hit("relay.published").await;
        let mut marks = Vec::with_capacity(results.len());
        let mut failed = None;
        for result in results {
            match result {
                Ok(mark) => marks.extend(mark),
                Err(error) => failed = Some(error),
            }
        }
        // What did go out is marked even when something else failed.
        self.mark(&marks).await?;
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
                Ok((marks.len(), poll))
            }
        }
    }

    /// Sends one row. `None`: nothing to mark, the row is looked at again.
    async fn send(&self, row: Row) -> Result<Option<Mark>, Error> {
        let span = tracing::info_span!(
            "publish", otel.name = format!("send {}", row.event_type), otel.kind = "producer",
            messaging.system = "nats", messaging.operation.name = "send",
            messaging.destination.name = %self.service, prima.version = row.version
        );
        trace::set_parent(&span, row.traceparent.as_deref());
        // The states that this one replaced before they were sent.
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

    async fn send_event(&self, event: &Event, expected: u64) -> Result<Option<Mark>, Error> {
        let attributes = [KeyValue::new("service", self.service.clone())];
        let mark = |version, sequence| Mark {
            subject: event.subject.clone(),
            version,
            sequence,
        };
        let mut expected = expected;
        for _ in 0..2 {
            match self.bus.publish(&self.service, event, expected).await {
                Ok(sequence) => {
                    telemetry::meters().published.add(1, &attributes);
                    return Ok(Some(mark(event.version, sequence)));
                }
                Err(bus::Error::Fenced) => {
                    telemetry::meters().fenced.add(1, &attributes);
                    match self.bus.last(&self.service, &event.subject).await? {
                        None => expected = 0,
                        Some(head) if head.version < event.version => expected = head.sequence,
                        Some(head) if head.version == event.version => {
                            return Ok(Some(mark(event.version, head.sequence)));
                        }
                        Some(head) => {
                            // Another relay sent a newer state, or this database is older than the bus.
                            self.restage(&head).await?;
                            return Ok(Some(mark(event.version, head.sequence)));
                        }
                    }
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(None)
    }

    /// Notes what is on the bus; a mark is never lowered.
    async fn mark(&self, marks: &[Mark]) -> Result<(), DbErr> {
        for chunk in marks.chunks(1000) {
            let txn = self.db.begin().await?;
            lock(&txn, chunk.iter().map(|m| m.subject.as_str())).await?;
            let rows = chunk.iter().map(|m| {
                let sequence = i64::try_from(m.sequence).unwrap_or(i64::MAX);
                [m.subject.clone().into(), m.version.into(), sequence.into()]
            });
            let (from, values) = table(&txn, [Column::Text, Column::Int, Column::Int], rows, 0);
            let text = format!(
                "UPDATE outbox SET published_version = v.column2, stream_sequence = v.column3 FROM {from}
                 WHERE outbox.subject = v.column1 AND outbox.published_version <= v.column2
                   AND outbox.version >= v.column2"
            );
            txn.execute_raw(sql(&txn, &text, values)).await?;
            txn.commit().await?;
        }
        Ok(())
    }

    async fn pending_up_to(&self, version: i64) -> Result<bool, DbErr> {
        let reader = self.db.reader();
        // A row that moved on above `version` counts as long as the bus has nothing of it.
        let text = "SELECT 1 FROM outbox
                    WHERE version > published_version AND (version <= $1 OR stream_sequence = 0) LIMIT 1";
        Ok(reader
            .query_one_raw(sql(reader, text, [version.into()]))
            .await?
            .is_some())
    }

    /// Takes or renews the lease. SQLite has one process, which always holds it.
    async fn acquire(&self) -> Result<bool, DbErr> {
        if self.db.backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let now = micros(self.clock.now());
        let until = now + i64::try_from(self.config.lease_millis).unwrap_or(5_000) * 1_000;
        let writer = self.db.writer();
        let text = "INSERT INTO lease (name, holder, expires_at) VALUES ('relay', $1, $2)
                    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
                    WHERE lease.holder = excluded.holder OR lease.expires_at < $3";
        let values = [self.holder.clone().into(), until.into(), now.into()];
        Ok(writer
            .execute_raw(sql(writer, text, values))
            .await?
            .rows_affected()
            == 1)
    }

    async fn release(&self) -> Result<(), DbErr> {
        let writer = self.db.writer();
        let text = "DELETE FROM lease WHERE name = 'relay' AND holder = $1";
        writer
            .execute_raw(sql(writer, text, [self.holder.clone().into()]))
            .await?;
        Ok(())
    }
}
