//! Intake hands responses to writers; a writer stores what waits, one transaction after another.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{
    clock::Clock,
    config,
    db::{self, Database, Txn},
    derived::Derived,
    failpoint,
    failure::{Failure, Kind},
    outbox::{self, Outbox},
    service::Context,
    trace,
};
use prima_proto::name;
use sea_orm::{DbBackend, DbErr};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument;

use super::{
    batch::Batch,
    item::{Item, Outcome},
    pace::Pace,
    permit::Permits,
    queue::{Load, Queue, Row},
};
use crate::{
    derived::unit_scores,
    domain::access::Secret,
    events::publish,
    store::{
        survey::{Stored, surveys_lock_in_txn},
        tally::{Added, tallies_add_in_txn},
    },
};

/// Takes responses in; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    queue: Arc<Queue>,
    /// The writers end once nobody can hand anything in any more.
    _open: Arc<DropGuard>,
    secret: Secret,
}

struct Writer {
    queue: Arc<Queue>,
    db: Database,
    clock: Clock,
    outbox: Outbox,
    derived: Derived,
    config: config::Survey,
    secret: Secret,
}

const TRIES: u32 = 4;

impl Intake {
    /// Starts the writers. With `secret` tokens and links are made.
    pub fn start(context: &Context, secret: Secret) -> Self {
        let config = context.config.survey.clone();
        // On PostgreSQL one more than store requests of many, so that a single answer finds a writer.
        let (writers, bulk) = if context.db.backend() == DbBackend::Postgres {
            (config.writers + 1, config.writers)
        } else {
            (1, 1)
        };
        let queue = Arc::new(Queue::new(config.queue, bulk));
        let closed = CancellationToken::new();
        for _ in 0..writers {
            let writer = Writer {
                queue: queue.clone(),
                db: context.db.clone(),
                clock: context.clock.clone(),
                outbox: context.outbox.clone(),
                derived: context.derived.clone(),
                config: config.clone(),
                secret: secret.clone(),
            };
            context
                .tasks
                .spawn("intake", writer.run(closed.clone(), context.tasks.soft().clone()));
        }
        Self {
            queue,
            _open: Arc::new(closed.drop_guard()),
            secret,
        }
    }

    /// The secret that tokens and links are made with.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Takes one response in and returns what became of it, once that is durable. A full queue is shed.
    pub async fn submit(&self, item: Item) -> Result<Outcome, Failure> {
        let answer = self.queue.push(item, traceparent()).ok_or_else(|| {
            Failure::new(
                Kind::Exhausted,
                "OVERLOADED",
                "too many responses wait to be stored; try later",
                "Layanan sedang sibuk; coba lagi sebentar lagi",
            )
        })?;
        let outcome = answer.await.map_err(|_| stopping())??.pop();
        outcome.ok_or_else(|| Failure::internal("no outcome"))
    }

    /// Takes `items` in, in one or several transactions, and returns what became of each, in order, once all are
    /// durable. Waits while the queue is full.
    pub async fn submit_many(&self, items: Vec<Item>) -> Result<Vec<Outcome>, Failure> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.queue.push_many(items, traceparent()).await;
        answer.await.map_err(|_| stopping())?
    }
}

/// The trace context of the request.
fn traceparent() -> Option<String> {
    trace::traceparent(&tracing::Span::current())
}

fn stopping() -> Failure {
    Failure::unavailable("the service stops")
}

impl Writer {
    async fn run(self, closed: CancellationToken, stop: CancellationToken) {
        let goal = Duration::from_millis(self.config.batch_millis);
        let mut singles = Pace::new(goal, self.config.batch_rows);
        let mut bulk = Pace::new(goal, self.config.batch_rows);
        loop {
            let load = tokio::select! {
                // What is queued is still taken after the soft stop; the server has stopped taking calls.
                biased;
                load = self.queue.next(&singles, &bulk) => load,
                () = closed.cancelled() => match self.queue.take(&singles, &bulk) {
                    Some(load) => load,
                    // Nobody can hand anything in any more. Where another service of the process could not start, that is
                    // so before the soft stop, which follows; a task that ends before it is told as a fault.
                    None => return stop.cancelled().await,
                },
                () = stopped(&stop) => return,
            };
            self.take(load, &mut singles, &mut bulk).await;
        }
    }

    /// Stores a load, and answers the requests that are complete with it.
    async fn take(&self, mut load: Load, singles: &mut Pace, bulk: &mut Pace) {
        let (many, surveys) = (load.bulk, std::mem::take(&mut load.surveys));
        let requests = load.traceparents();
        let alone = requests.len() == 1;
        let span = tracing::info_span!("transaction", requests = requests.len(), rows = load.rows.len());
        // The transaction belongs to the first request; the others are linked.
        trace::set_parent(&span, requests.first().copied().flatten());
        for request in requests.into_iter().skip(1).take(31) {
            trace::link(&span, request);
        }
        async {
            match self.store(&load.rows).await {
                Ok((outcomes, took)) => {
                    (if load.bulk { bulk } else { singles }).learn(load.cost, load.full, took);
                    // The next transaction with these surveys begins while the requests of this one are answered.
                    self.queue.done(many, &surveys);
                    settle(load.rows, outcomes);
                    return;
                }
                // The data of one request must not fail the others: each on its own.
                Err(error) if !alone && !db::transient(&error) => {
                    tracing::warn!(%error, "a batch failed; storing each request alone");
                    for rows in load.into_requests() {
                        match self.store(&rows).await {
                            Ok((outcomes, _)) => settle(rows, outcomes),
                            Err(error) => fail(rows, &error.into()),
                        }
                    }
                }
                Err(error) => fail(load.rows, &error.into()),
            }
            self.queue.done(many, &surveys);
        }
        .instrument(span)
        .await;
    }

    /// One transaction, tried again when the database asks for it. A commit whose answer was lost is harmless:
    /// its rows are found as repeats. Returns how long it held its locks, too.
    async fn store(&self, rows: &[Row]) -> Result<(Vec<Outcome>, Duration), DbErr> {
        let items: Vec<&Item> = rows.iter().map(|row| &row.item).collect();
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.store_once(&items).await {
                Err(error) if attempt < TRIES && db::transient(&error) => {
                    tracing::warn!(attempt, %error, "storing responses: trying again");
                    tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
                }
                other => return other,
            }
        }
    }

    async fn store_once(&self, items: &[&Item]) -> Result<(Vec<Outcome>, Duration), DbErr> {
        let txn = self.db.begin().await?;
        let (now, began) = (self.clock.now(), Instant::now());
        let surveys = self.lock(&txn, items, now).await?;
        failpoint::hit("intake.locked").await;
        let grace = TimeDelta::hours(i64::from(self.config.late_hours));
        let permits = Permits::load(&txn, items, &surveys, grace, now).await?;
        let mut batch = Batch::new(now, &self.secret, permits);
        for item in items {
            batch.check(item, surveys.get(&item.survey));
        }
        let (outcomes, added) = batch.insert(&txn).await?;
        failpoint::hit("intake.inserted").await;
        if added.is_empty() {
            // Nothing new: what was repeated is committed already, and no version moves.
            txn.rollback().await?;
            return Ok((outcomes, began.elapsed()));
        }
        let states = self.count(&txn, surveys, &added, now).await?;
        outbox::stage(&txn, &states).await?;
        failpoint::hit("intake.staged").await;
        txn.commit().await?;
        let took = began.elapsed();
        failpoint::hit("intake.committed").await;
        self.outbox.committed();
        self.derived.committed();
        Ok((outcomes, took))
    }

    /// Locks the surveys in order of name.
    async fn lock(
        &self,
        txn: &Txn,
        items: &[&Item],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<name::Survey, Stored>, DbErr> {
        let names: BTreeSet<&name::Survey> = items.iter().map(|i| &i.survey).collect();
        let names: Vec<String> = names.into_iter().map(name::Survey::to_string).collect();
        let surveys = surveys_lock_in_txn(txn, &names, now.timestamp_millis()).await?;
        Ok(surveys.into_iter().map(|s| (s.survey.name.clone(), s)).collect())
    }

    /// Adds to the sums, recomputes results and scores, and returns their states.
    async fn count(
        &self,
        txn: &Txn,
        surveys: BTreeMap<name::Survey, Stored>,
        added: &HashMap<i64, Added>,
        now: DateTime<Utc>,
    ) -> Result<Vec<outbox::State>, DbErr> {
        let mut surveys: Vec<Stored> = surveys
            .into_values()
            .filter(|s| added.contains_key(&s.id))
            .collect();
        let step = i64::from(self.config.disclosure_step);
        let tallies = tallies_add_in_txn(txn, &mut surveys, added, step, now).await?;
        let mut states = publish::survey_results(txn, &surveys, &tallies, now).await?;
        let keys = surveys.iter().map(|s| &s.survey);
        let units: BTreeSet<_> = keys
            .map(|s| (s.name.unit.clone(), s.period.to_string()))
            .collect();
        states.extend(unit_scores::recompute(txn, &units, now.timestamp_millis()).await?);
        Ok(states)
    }
}

fn settle(rows: Vec<Row>, outcomes: Vec<Outcome>) {
    for (row, outcome) in rows.into_iter().zip(outcomes) {
        row.settle(outcome);
    }
}

fn fail(rows: Vec<Row>, failure: &Failure) {
    for row in rows {
        row.fail(failure.clone());
    }
}

/// Ends a while after the soft stop, so that calls at work are still stored.
async fn stopped(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
}
