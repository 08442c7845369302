//! Intake: responses of several requests share one transaction; each request is answered after it is durable.
//!
//! One transaction locks the surveys in order of name, inserts what is new, adds to the sums exactly what the insert
//! really returned, recomputes the units' scores and stages all states. A bad response fails alone.

mod batch;
mod permit;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::Clock,
    config,
    db::{self, Database, Txn},
    failpoint,
    failure::{Failure, Kind},
    outbox::{self, Outbox},
    service::Context,
    trace,
};
use prima_proto::name;
use sea_orm::{DbBackend, DbErr};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tracing::Instrument;

use batch::Batch;
use permit::Permits;
pub use permit::not_let_in;

use super::{result, unit_scores};
use crate::{
    domain::{
        access::{Proof, Secret},
        response,
    },
    store::{
        survey::{Stored, surveys_lock_in_txn},
        tally::{Added, tallies_add_in_txn},
    },
};

/// A response to be taken in.
#[derive(Debug, Clone)]
pub struct Item {
    /// The survey.
    pub survey: name::Survey,
    /// As sent, with its id.
    pub raw: response::Raw,
    /// Name of the field that holds the id, for faults.
    pub id_field: &'static str,
    /// By what it comes in.
    pub proof: Proof,
    /// Label of the import it comes with; empty without one.
    pub import_id: String,
}

/// What became of a response.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Stored now.
    Accepted(DateTime<Utc>),
    /// Stored before with the same body, then.
    Repeated(DateTime<Utc>),
    /// Not stored.
    Refused(Failure),
}

struct Job {
    items: Vec<Item>,
    traceparent: Option<String>,
    answer: oneshot::Sender<Result<Vec<Outcome>, Failure>>,
}

/// Takes responses in; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    jobs: mpsc::Sender<Job>,
    agencies: Arc<Notify>,
    secret: Secret,
}

struct Writer {
    db: Database,
    clock: Clock,
    outbox: Outbox,
    agencies: Arc<Notify>,
    config: config::Survey,
    secret: Secret,
}

const TRIES: u32 = 4;

impl Intake {
    /// Starts the writers. With `secret` tokens and links are made.
    pub fn start(context: &Context, secret: Secret) -> Self {
        let config = context.config.survey.clone();
        let (jobs, receiver) = mpsc::channel(config.queue);
        let receiver = Arc::new(Mutex::new(receiver));
        let agencies = Arc::new(Notify::new());
        let writers = if context.db.backend() == DbBackend::Postgres {
            config.writers
        } else {
            1
        };
        for _ in 0..writers {
            let writer = Writer {
                db: context.db.clone(),
                clock: context.clock.clone(),
                outbox: context.outbox.clone(),
                agencies: agencies.clone(),
                config: config.clone(),
                secret: secret.clone(),
            };
            context.tasks.spawn(
                "intake",
                writer.run(receiver.clone(), context.tasks.soft().clone()),
            );
        }
        Self {
            jobs,
            agencies,
            secret,
        }
    }

    /// The secret that tokens and links are made with.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(super) fn agencies(&self) -> Arc<Notify> {
        self.agencies.clone()
    }

    /// Takes `items` in and returns what became of each, in order, once it is durable. A full queue is shed, unless
    /// the caller can `wait`.
    pub async fn submit(&self, items: Vec<Item>, wait: bool) -> Result<Vec<Outcome>, Failure> {
        let (answer, outcome) = oneshot::channel();
        let job = Job {
            items,
            traceparent: trace::traceparent(&tracing::Span::current()),
            answer,
        };
        if wait {
            self.jobs.send(job).await.map_err(|_| stopping())?;
        } else {
            self.jobs.try_send(job).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Failure::new(
                    Kind::Exhausted,
                    "OVERLOADED",
                    "too many responses wait to be stored; try later",
                    "Layanan sedang sibuk; coba lagi sebentar lagi",
                ),
                mpsc::error::TrySendError::Closed(_) => stopping(),
            })?;
        }
        outcome.await.map_err(|_| stopping())?
    }
}

fn stopping() -> Failure {
    Failure::unavailable("the service stops")
}

impl Writer {
    async fn run(self, jobs: Arc<Mutex<mpsc::Receiver<Job>>>, stop: tokio_util::sync::CancellationToken) {
        loop {
            let batch = {
                let mut jobs = jobs.lock().await;
                let first = tokio::select! {
                    // What is queued is still taken after the soft stop; the server has stopped taking calls.
                    biased;
                    first = jobs.recv() => first,
                    () = stopped(&stop) => None,
                };
                let Some(first) = first else { return };
                let mut rows = first.items.len();
                let mut batch = vec![first];
                // Whatever waits shares the transaction; nobody is made to wait for company.
                while rows < self.config.batch_rows
                    && let Ok(job) = jobs.try_recv()
                {
                    rows += job.items.len();
                    batch.push(job);
                }
                batch
            };
            self.take(batch).await;
        }
    }

    /// Stores a batch and answers its jobs.
    async fn take(&self, batch: Vec<Job>) {
        let span = tracing::info_span!("transaction", jobs = batch.len(), rows = tracing::field::Empty);
        // The batch belongs to the first request; the others are linked.
        trace::set_parent(&span, batch.first().and_then(|j| j.traceparent.as_deref()));
        for job in batch.iter().skip(1).take(31) {
            trace::link(&span, job.traceparent.as_deref());
        }
        async {
            let items: Vec<&Item> = batch.iter().flat_map(|j| &j.items).collect();
            tracing::Span::current().record("rows", items.len());
            match self.store(&items).await {
                Ok(outcomes) => {
                    let mut outcomes = outcomes.into_iter();
                    for job in batch {
                        let own = outcomes.by_ref().take(job.items.len()).collect();
                        let _gone = job.answer.send(Ok(own));
                    }
                }
                // One job's data must not fail the others: each on its own.
                Err(error) if batch.len() > 1 && !db::transient(&error) => {
                    tracing::warn!(%error, "a batch failed; storing each request alone");
                    for job in batch {
                        let items: Vec<&Item> = job.items.iter().collect();
                        let _gone = job.answer.send(self.store(&items).await.map_err(Failure::from));
                    }
                }
                Err(error) => {
                    let failure = Failure::from(error);
                    for job in batch {
                        let _gone = job.answer.send(Err(failure.clone()));
                    }
                }
            }
        }
        .instrument(span)
        .await;
    }

    /// One transaction, tried again when the database asks for it. A commit whose answer was lost is harmless:
    /// its rows are found as repeats.
    async fn store(&self, items: &[&Item]) -> Result<Vec<Outcome>, DbErr> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.store_once(items).await {
                Err(error) if attempt < TRIES && db::transient(&error) => {
                    tracing::warn!(attempt, %error, "storing responses: trying again");
                    tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
                }
                other => return other,
            }
        }
    }

    async fn store_once(&self, items: &[&Item]) -> Result<Vec<Outcome>, DbErr> {
        let now = self.clock.now();
        let txn = self.db.begin().await?;
        let surveys = self.lock(&txn, items, now).await?;
        failpoint::hit("intake.locked").await;
        let permits = Permits::load(&txn, items, &surveys).await?;
        let mut batch = Batch::new(now, &self.secret, permits);
        for item in items {
            batch.check(item, surveys.get(&item.survey));
        }
        let (outcomes, added) = batch.insert(&txn).await?;
        failpoint::hit("intake.inserted").await;
        if added.is_empty() {
            // Nothing new: what was repeated is committed already, and no version moves.
            txn.rollback().await?;
            return Ok(outcomes);
        }
        let states = self.count(&txn, surveys, &added, now).await?;
        outbox::stage(&txn, &states).await?;
        failpoint::hit("intake.staged").await;
        txn.commit().await?;
        failpoint::hit("intake.committed").await;
        self.outbox.committed();
        self.agencies.notify_one();
        Ok(outcomes)
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
        let mut states = result::states(txn, &surveys, &tallies, now).await?;
        let keys = surveys.iter().map(|s| &s.survey);
        let units: BTreeSet<_> = keys
            .map(|s| (s.name.unit.clone(), s.period.to_string()))
            .collect();
        states.extend(unit_scores::recompute(txn, &units, now.timestamp_millis()).await?);
        Ok(states)
    }
}

/// Ends a while after the soft stop, so that calls at work are still stored.
async fn stopped(stop: &tokio_util::sync::CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
}
