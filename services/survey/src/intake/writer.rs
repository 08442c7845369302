//! Intake queues responses; writers store them, each one transaction after another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use prima_platform::{
    clock::Clock,
    db::{self, Database},
    derived::Derived,
    failpoint,
    failure::{Failure, Kind},
    rate::Buckets,
    service::Context,
    trace,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{DbBackend, DbErr};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument;

use super::{
    batch::Batch,
    draft::{Maker, drafts},
    item::{Item, Outcome},
    known::Known,
    pace::Pace,
    permit::Permits,
    queue::{Load, Queue, Row},
};
use crate::{
    domain::access::Secret,
    store::{delta::deltas_insert_in_txn, taken},
};

/// Accepts responses to be stored; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    queue: Arc<Queue>,
    /// Dropped with the last clone of `Intake`, which ends the writers.
    _open: Arc<DropGuard>,
    secret: Secret,
    /// How many responses a minute each open link may bring; `None` for any number.
    links: Option<Arc<Buckets<name::Survey>>>,
}

struct Writer {
    queue: Arc<Queue>,
    db: Database,
    clock: Clock,
    derived: Derived,
    /// Most rows of a transaction.
    rows: usize,
    /// How long a transaction may hold its locks.
    goal: Duration,
    /// The part of this while single responses wait.
    gentle: usize,
    secret: Secret,
    /// Encrypts the texts.
    vault: Keyring,
    known: Arc<Known>,
    /// Number of further transactions that expect known rows.
    known_rows: AtomicU32,
    /// How long after its end a survey accepts responses that were given before it.
    grace: TimeDelta,
    /// Changes by which the figures of an open survey move.
    step: usize,
}

const TRIES: u32 = 4;
/// After a transaction met a row that is known already, a repeat or one with a used token, its writer expects such rows in
/// this many transactions. Otherwise it inserts as if all rows were new, which costs the database less; one that is not is
/// a unique violation, and the transaction is repeated.
const WARY: u32 = 64;

impl Intake {
    /// Starts the writers. Respondent tokens and links are derived from `secret`; `vault` encrypts the texts.
    pub fn start(context: &Context, secret: Secret, vault: &Keyring) -> Self {
        let config = &context.config.survey;
        let goal = Duration::from_millis(config.batch_millis);
        // One writer more than may store bulk requests, so that one is always free for single responses.
        // On SQLite one transaction runs at a time: three writers store bulk requests, so that one is ready to begin
        // when another commits, and the third prepares its rows. While single responses wait for them, bulk transactions are shorter there.
        let (bulk, gentle) = match context.db.backend() {
            DbBackend::Postgres => (config.writers, 2),
            _ => (config.writers.min(3), 6),
        };
        let writers = bulk + 1;
        let queue = Arc::new(Queue::new(config.queue, bulk));
        let known = Arc::new(Known::default());
        let closed = CancellationToken::new();
        for _ in 0..writers {
            let writer = Writer {
                queue: queue.clone(),
                db: context.db.clone(),
                clock: context.clock.clone(),
                derived: context.derived.clone(),
                rows: config.batch_rows,
                goal,
                gentle,
                secret: secret.clone(),
                vault: vault.clone(),
                known: known.clone(),
                known_rows: AtomicU32::new(0),
                grace: TimeDelta::hours(i64::from(config.late_hours)),
                step: usize::try_from(config.disclosure_step).unwrap_or(usize::MAX),
            };
            context
                .tasks
                .spawn("intake", writer.run(closed.clone(), context.tasks.soft().clone()));
        }
        Self {
            queue,
            _open: Arc::new(closed.drop_guard()),
            secret,
            links: Buckets::per_minute(config.link_rate).map(Arc::new),
        }
    }

    /// Counts a response through the open link of a survey.
    ///
    /// # Errors
    ///
    /// More than the configured number came through this link within a minute.
    pub fn admit_linked(&self, survey: &name::Survey) -> Result<(), Failure> {
        let Some(links) = &self.links else {
            return Ok(());
        };
        links.take(survey.clone()).map_err(|wait| Failure {
            retry_after: Some(wait),
            ..Failure::new(
                Kind::Exhausted,
                "LINK_RATE_LIMITED",
                format!(
                    "more than {} responses a minute through this link; try later",
                    links.rate()
                ),
                "Terlalu banyak tanggapan lewat tautan ini; coba lagi sebentar lagi",
            )
        })
    }

    /// The secret from which respondent tokens and links are derived.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Stores one response and returns its outcome after the commit. When the queue is full, the call is refused (load
    /// shedding).
    pub async fn submit(&self, item: Box<Item>) -> Result<Outcome, Failure> {
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

    /// Stores `items` in one or several transactions, and returns their outcomes in order after the last commit. Waits
    /// while the queue is full.
    pub async fn submit_many(&self, items: Vec<Box<Item>>) -> Result<Vec<Outcome>, Failure> {
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
        let mut singles = Pace::new(self.goal, self.rows);
        let mut bulk = Pace::new(self.goal, self.rows).gentle(self.gentle);
        loop {
            let load = tokio::select! {
                // Queued responses are still stored after the soft stop, when the server accepts no more calls.
                biased;
                load = self.queue.next(&singles, &bulk) => load,
                () = closed.cancelled() => match self.queue.take(&singles, &bulk) {
                    Some(load) => load,
                    // No caller is left. When another service of the process could not start, this happens before the
                    // soft stop; a task that ends before the soft stop is reported as a fault, so wait for it.
                    None => return stop.cancelled().await,
                },
                () = stopped(&stop) => return,
            };
            self.take(load, &mut singles, &mut bulk).await;
        }
    }

    /// Stores a load, and answers the requests that are complete.
    async fn take(&self, mut load: Load, singles: &mut Pace, bulk: &mut Pace) {
        let (many, claims) = (load.bulk, std::mem::take(&mut load.claims));
        let requests = load.traceparents();
        let alone = requests.len() == 1;
        let span = tracing::info_span!("transaction", requests = requests.len(), rows = load.rows.len());
        // The transaction belongs to the first request; the others are linked.
        trace::set_parent(&span, requests.first().copied().flatten());
        for request in requests.into_iter().skip(1).take(31) {
            trace::link(&span, request);
        }
        async {
            match self.store(&load.rows, load.bulk).await {
                Ok((outcomes, took)) => {
                    (if load.bulk { bulk } else { singles }).learn(load.cost, load.full, took);
                    // Rows that waited for these claims can be stored while the requests of this load are answered.
                    self.queue.done(many, &claims);
                    settle(load.rows, outcomes);
                    return;
                }
                // The data of one request must not fail the others, so each is stored on its own.
                Err(error) if !alone && !db::transient(&error) => {
                    tracing::warn!(%error, "a batch failed; storing each request alone");
                    for rows in load.into_requests() {
                        match self.store(&rows, many).await {
                            Ok((outcomes, _)) => settle(rows, outcomes),
                            Err(error) => fail(rows, &error.into()),
                        }
                    }
                }
                Err(error) => fail(load.rows, &error.into()),
            }
            self.queue.done(many, &claims);
        }
        .instrument(span)
        .await;
    }

    /// Whether the next transaction must expect rows that are known already.
    fn expect_known(&self) -> bool {
        let left = self.known_rows.load(Ordering::Relaxed);
        self.known_rows.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }

    /// Stores rows in one transaction, which is retried after a transient failure. When the response to a commit was
    /// lost, the retry finds the rows as repeats. Also returns how long the transaction held its locks.
    async fn store(&self, rows: &[Row], bulk: bool) -> Result<(Vec<Outcome>, Duration), DbErr> {
        let items: Vec<&Item> = rows.iter().map(|row| &*row.item).collect();
        let mut attempt = 0;
        let mut known = self.expect_known();
        loop {
            attempt += 1;
            match self.store_once(&items, bulk, known).await {
                Err(error) if !known && taken(&error) => {
                    known = true;
                    self.known_rows.store(WARY, Ordering::Relaxed);
                }
                Err(error) if attempt < TRIES && db::transient(&error) => {
                    tracing::warn!(attempt, %error, "storing responses: trying again");
                    tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
                }
                other => return other,
            }
        }
    }

    async fn store_once(
        &self,
        items: &[&Item],
        bulk: bool,
        known: bool,
    ) -> Result<(Vec<Outcome>, Duration), DbErr> {
        let maker = Maker {
            secret: &self.secret,
            vault: &self.vault,
        };
        let drafts = drafts(items, &self.known, maker, self.clock.now()).await;
        let txn = self.db.begin().await?;
        let began = Instant::now();
        let surveys = self.known.share(&txn, items).await?;
        // A response without a time is given its own now: while it waited for the lock, its survey may have been closed.
        let now = self.clock.now();
        failpoint::hit("intake.shared").await;
        let permits = Permits::load(&txn, items, &surveys, self.grace, now).await?;
        let mut batch = Batch::new(now, maker, permits, self.step);
        for (item, draft) in items.iter().zip(drafts) {
            batch.check(item, surveys.get(&item.survey), draft);
        }
        let (outcomes, added) = match batch.insert(&txn, known).await {
            Ok(inserted) => inserted,
            Err(error) => {
                // The next attempt would wait for what this one has inserted.
                let _rolled_back = txn.rollback().await;
                return Err(error);
            }
        };
        failpoint::hit("intake.inserted").await;
        if added.is_empty() {
            // Nothing was inserted, and the repeated responses are already committed.
            txn.rollback().await?;
            return Ok((outcomes, began.elapsed()));
        }
        deltas_insert_in_txn(&txn, &added, !bulk, traceparent().as_deref()).await?;
        failpoint::hit("intake.added").await;
        txn.commit().await?;
        let took = began.elapsed();
        failpoint::hit("intake.committed").await;
        self.derived.committed();
        Ok((outcomes, took))
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

/// Ends an hour after the soft stop, so that calls in progress are still stored.
async fn stopped(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
}
