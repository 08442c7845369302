//! What a worker's database has applied, compared with what the stream holds.
//!
//! A state that was acknowledged does not come again, yet the commit may be gone: a standby took over without its last
//! transactions, or a backup was put in place. A stream that is complete is the truth of its owner, so what this
//! database has applied beyond it is gone as well: the owner's database and the bus were lost together. The relay
//! does the same for the outbox (`outbox::reconcile`).

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use futures::StreamExt;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use tracing::Instrument;

use super::{Handler, HandlerError, Source, Worker};
use crate::{
    bus::{self, Delivery, Event, Head, Job, Settle, Verdict, matches},
    db::sql,
};

const PAGE: i64 = 1000;
/// States that are fetched and applied together.
const CHUNK: usize = 64;

#[derive(Debug, FromQueryResult)]
struct Consumed {
    subject: String,
    version: i64,
    revision: i64,
}

#[derive(Debug, FromQueryResult)]
struct Letter {
    subject: String,
    version: i64,
}

/// How the database and the stream differ.
#[derive(Debug, Default)]
struct Difference {
    /// Subjects whose last state was acknowledged and is not in the database.
    lost: Vec<String>,
    /// Subjects of which a newer state was applied than a complete stream holds, with its version; or any, and the stream
    /// holds none.
    beyond: Vec<(String, i64)>,
}

/// The answer to a job that nobody delivered.
struct Noted(Arc<AtomicBool>);

#[async_trait]
impl Settle for Noted {
    async fn settle(self: Box<Self>, verdict: Verdict) -> Result<(), bus::Error> {
        if matches!(verdict, Verdict::Retry(_)) {
            self.0.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}

impl<H: Handler> Worker<H> {
    /// Brings the database in step with the stream that was created then. False when some states failed and are to be
    /// tried again soon.
    pub(super) async fn compare(&self, service: &str, created: i64) -> Result<bool, bus::Error> {
        let found = self.difference(service, created).await?;
        if !found.lost.is_empty() || !found.beyond.is_empty() {
            tracing::warn!(
                consumer = self.handler.name(),
                lost = found.lost.len(),
                beyond = found.beyond.len(),
                "the database is not in step with the stream; applying what it lacks"
            );
        }
        let failed = Arc::new(AtomicBool::new(false));
        for subjects in found.lost.chunks(CHUNK) {
            let fetching = subjects.iter().map(|subject| self.bus.fetch(service, subject));
            let mut jobs = Vec::with_capacity(subjects.len());
            for delivery in futures::future::try_join_all(fetching)
                .await?
                .into_iter()
                .flatten()
            {
                jobs.push(Job {
                    delivery,
                    attempt: 1,
                    settle: Box::new(Noted(failed.clone())),
                });
            }
            self.process(jobs).await?;
        }
        for (subject, applied) in &found.beyond {
            let delivery = match self.bus.fetch(service, subject).await? {
                None => ended(service, subject, *applied),
                Some(held) if held.event.version < *applied => held,
                // Its owner has published it meanwhile.
                Some(_) => continue,
            };
            if let Err(error) = self.apply_back(&delivery, *applied).await {
                let verdict = self.failed(&delivery.event, 1, &error).await;
                failed.fetch_or(matches!(verdict, Verdict::Retry(_)), Ordering::SeqCst);
            }
        }
        Ok(!failed.load(Ordering::SeqCst))
    }

    async fn difference(&self, service: &str, created: i64) -> Result<Difference, bus::Error> {
        let acknowledged = self
            .bus
            .acknowledged(service, &self.durable())
            .await?
            .unwrap_or(0);
        let before = self.is_complete(service, created).await?;
        let Source { filters, .. } = self.handler.source();
        let wanted = |subject: &str| filters.iter().any(|f| matches(f, subject));
        let mut heads: HashMap<String, Head> = HashMap::new();
        let mut reading = self.bus.heads(service).await?;
        while let Some(head) = reading.next().await {
            let head = head?;
            if wanted(&head.subject) {
                heads.insert(head.subject.clone(), head);
            }
        }
        let complete = before && self.is_complete(service, created).await?;
        let letters = self.letters().await.map_err(bus::Error::unavailable)?;
        // What is not acknowledged is still on its way; what is put aside waits for somebody who understands it.
        let lost = |head: &Head| {
            head.sequence <= acknowledged && letters.get(&head.subject).is_none_or(|at| *at < head.version)
        };
        let mut found = Difference::default();
        let mut after = String::new();
        loop {
            let rows = self.consumed(&after).await.map_err(bus::Error::unavailable)?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.subject);
            for row in rows {
                let held = heads.remove(&row.subject);
                let beyond = match &held {
                    Some(head) => head.version < row.version,
                    None => wanted(&row.subject),
                };
                let newer =
                    |head: &Head| head.version > row.version || row.revision < self.handler.revision();
                if beyond && complete {
                    found.beyond.push((row.subject, row.version));
                } else if let Some(head) = held.filter(|head| newer(head) && lost(head)) {
                    found.lost.push(head.subject);
                }
            }
        }
        found
            .lost
            .extend(heads.into_values().filter(lost).map(|h| h.subject));
        Ok(found)
    }

    async fn is_complete(&self, service: &str, created: i64) -> Result<bool, bus::Error> {
        let stream = self.bus.stream(service).await?;
        Ok(stream.is_some_and(|s| s.complete && s.created == created))
    }

    /// A page of what was applied, after `subject`.
    async fn consumed(&self, subject: &str) -> Result<Vec<Consumed>, DbErr> {
        let reader = self.db.reader();
        let text = "SELECT subject, version, revision FROM consumed
                    WHERE consumer = $1 AND subject > $2 ORDER BY subject LIMIT $3";
        let values = [self.handler.name().into(), subject.into(), PAGE.into()];
        Consumed::find_by_statement(sql(reader, text, values))
            .all(reader)
            .await
    }

    /// Versions that were put aside, by subject.
    async fn letters(&self) -> Result<HashMap<String, i64>, DbErr> {
        let reader = self.db.reader();
        let text = "SELECT subject, version FROM dead_letter WHERE consumer = $1";
        let letters = Letter::find_by_statement(sql(reader, text, [self.handler.name().into()]))
            .all(reader)
            .await?;
        Ok(letters.into_iter().map(|l| (l.subject, l.version)).collect())
    }

    /// Applies what a complete stream holds though a newer state was `applied`, unless something came meanwhile. The last
    /// word is taken back first, so that it counts like the first one of its subject.
    async fn apply_back(&self, delivery: &Delivery, applied: i64) -> Result<(), HandlerError> {
        let txn = self.db.begin().await?;
        let text = "DELETE FROM consumed WHERE consumer = $1 AND subject = $2 AND version = $3";
        let event = &delivery.event;
        let values = [
            self.handler.name().into(),
            event.subject.clone().into(),
            applied.into(),
        ];
        if txn.execute_raw(sql(&txn, text, values)).await?.rows_affected() == 0 {
            return Ok(());
        }
        self.apply_one(&txn, delivery)
            .instrument(self.span(event))
            .await?;
        if delivery.sequence == 0 {
            // Nothing is on the stream that this version could be compared with.
            let text = "DELETE FROM consumed WHERE consumer = $1 AND subject = $2";
            let values = [self.handler.name().into(), event.subject.clone().into()];
            txn.execute_raw(sql(&txn, text, values)).await?;
        }
        self.commit(txn, 1).await
    }
}

/// The last state of a subject that ended without one.
fn ended(service: &str, subject: &str, version: i64) -> Delivery {
    Delivery {
        service: service.to_owned(),
        sequence: 0,
        event: Event {
            subject: subject.to_owned(),
            event_type: String::new(),
            revision: 0,
            version,
            withdrawn: true,
            payload: Vec::new(),
            time: String::new(),
            traceparent: None,
            origin: None,
        },
    }
}
