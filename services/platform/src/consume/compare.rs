//! Compares the states that a worker's database has applied with those in the stream.
//!
//! A state that was acknowledged is not delivered again, yet the commit may be lost: a standby took over without the
//! last transactions, or a backup was restored. A complete stream has every current state of its owner, so a newer
//! state that this database has applied no longer exists: the owner's database and the bus were lost together. The
//! relay does the same for the outbox (`outbox::reconcile`).

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
/// States that are fetched and applied in one batch.
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
    /// Subjects of which a newer state was applied than the one in the complete stream, or of which the complete stream
    /// has none, with the version that was applied.
    beyond: Vec<(String, i64)>,
}

/// Settles a job that the bus did not deliver: records whether it has to be tried again.
struct Recorded(Arc<AtomicBool>);

#[async_trait]
impl Settle for Recorded {
    async fn settle(self: Box<Self>, verdict: Verdict) -> Result<(), bus::Error> {
        if matches!(verdict, Verdict::Retry(_)) {
            self.0.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}

impl<H: Handler> Worker<H> {
    /// Synchronises the database with the stream that was created at `created`. False when some states failed and must
    /// be tried again soon.
    pub(super) async fn compare(&self, service: &str, created: i64) -> Result<bool, bus::Error> {
        let found = self.difference(service, created).await?;
        if !found.lost.is_empty() || !found.beyond.is_empty() {
            tracing::warn!(
                consumer = self.handler.name(),
                lost = found.lost.len(),
                beyond = found.beyond.len(),
                "the database differs from the stream; applying the stream's states"
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
                    settle: Box::new(Recorded(failed.clone())),
                });
            }
            self.process(jobs).await?;
        }
        for (subject, applied) in &found.beyond {
            let delivery = match self.bus.fetch(service, subject).await? {
                None => ended(service, subject, *applied),
                Some(last) if last.event.version < *applied => last,
                // Its owner has published a newer state in the meantime.
                Some(_) => continue,
            };
            if let Err(error) = self.apply_older(&delivery, *applied).await {
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
        // A state that is not acknowledged will still be delivered; one among the dead letters is not lost.
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
                let head = heads.remove(&row.subject);
                let beyond = match &head {
                    Some(head) => head.version < row.version,
                    None => wanted(&row.subject),
                };
                let newer =
                    |head: &Head| head.version > row.version || row.revision < self.handler.revision();
                if beyond && complete {
                    found.beyond.push((row.subject, row.version));
                } else if let Some(head) = head.filter(|head| newer(head) && lost(head)) {
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

    /// A page of the states that were applied, after `subject`.
    async fn consumed(&self, subject: &str) -> Result<Vec<Consumed>, DbErr> {
        let reader = self.db.reader();
        let text = "SELECT subject, version, revision FROM consumed
                    WHERE consumer = $1 AND subject > $2 ORDER BY subject LIMIT $3";
        let values = [self.handler.name().into(), subject.into(), PAGE.into()];
        Consumed::find_by_statement(sql(reader, text, values))
            .all(reader)
            .await
    }

    /// Versions of the dead letters, by subject.
    async fn letters(&self) -> Result<HashMap<String, i64>, DbErr> {
        let reader = self.db.reader();
        let text = "SELECT subject, version FROM dead_letter WHERE consumer = $1";
        let letters = Letter::find_by_statement(sql(reader, text, [self.handler.name().into()]))
            .all(reader)
            .await?;
        Ok(letters.into_iter().map(|l| (l.subject, l.version)).collect())
    }

    /// Applies the state of a complete stream although a newer one was `applied`, unless another one was applied in the
    /// meantime. The record of the newer state is deleted first, so that the older one is accepted.
    async fn apply_older(&self, delivery: &Delivery, applied: i64) -> Result<(), HandlerError> {
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
            // The stream has no message of the subject, so there is no version to compare later ones with.
            let text = "DELETE FROM consumed WHERE consumer = $1 AND subject = $2";
            let values = [self.handler.name().into(), event.subject.clone().into()];
            txn.execute_raw(sql(&txn, text, values)).await?;
        }
        self.commit(txn, 1).await
    }
}

/// A withdrawal for a subject whose owner has published none.
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
