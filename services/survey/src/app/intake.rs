//! Intake: responses of several requests share one transaction; each request is answered after it is durable.
//!
//! One transaction locks the surveys in order of name, inserts what is new, adds to the sums exactly what the insert
//! really returned, recomputes the units' scores and stages all states. A bad response fails alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{Clock, from_micros, micros},
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

use super::{result::Outcome as Figures, unit_scores, update_survey::refused};
use crate::{
    domain::{instrument, response, tally::Tally},
    events::render,
    store::{
        response::{Key, NewResponse, response_find, response_insert_in_txn},
        survey::{Added, Stored, survey_lock_in_txn, tallies_add_in_txn},
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
}

struct Writer {
    db: Database,
    clock: Clock,
    outbox: Outbox,
    agencies: Arc<Notify>,
    config: config::Survey,
}

const TRIES: u32 = 4;

impl Intake {
    /// Starts the writers.
    pub fn start(context: &Context) -> Self {
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
            };
            context.tasks.spawn(
                "intake",
                writer.run(receiver.clone(), context.tasks.soft().clone()),
            );
        }
        Self { jobs, agencies }
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
        let mut batch = Batch::new(now);
        for item in items {
            batch.check(item, surveys.get(&item.survey).and_then(Option::as_ref));
        }
        let (outcomes, added) = batch.insert(&txn).await?;
        failpoint::hit("intake.inserted").await;
        if !added.is_empty() {
            let states = self.count(&txn, &surveys, &added, now).await?;
            outbox::stage(&txn, &states).await?;
            failpoint::hit("intake.staged").await;
        }
        txn.commit().await?;
        failpoint::hit("intake.committed").await;
        if !added.is_empty() {
            self.outbox.committed();
            self.agencies.notify_one();
        }
        Ok(outcomes)
    }

    /// Locks the surveys in order of name.
    async fn lock(
        &self,
        txn: &Txn,
        items: &[&Item],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<name::Survey, Option<Stored>>, DbErr> {
        let names: BTreeSet<&name::Survey> = items.iter().map(|i| &i.survey).collect();
        let mut surveys = BTreeMap::new();
        for name in names {
            let stored = survey_lock_in_txn(txn, &name.to_string(), now.timestamp_millis()).await?;
            surveys.insert(name.clone(), stored);
        }
        Ok(surveys)
    }

    /// Adds to the sums, recomputes results and scores, and returns their states.
    async fn count(
        &self,
        txn: &Txn,
        surveys: &BTreeMap<name::Survey, Option<Stored>>,
        added: &HashMap<i64, Added>,
        now: DateTime<Utc>,
    ) -> Result<Vec<outbox::State>, DbErr> {
        let list: Vec<Added> = added.values().cloned().collect();
        let tallies = tallies_add_in_txn(txn, &list, micros(now)).await?;
        let mut states = Vec::new();
        let mut units = BTreeSet::new();
        for stored in surveys.values().flatten() {
            let Some(added) = added.get(&stored.id) else {
                continue;
            };
            let mut stored = stored.clone();
            stored.respondents += added.respondents;
            stored.counted_at = micros(now);
            let own = tallies.get(&stored.id).cloned().unwrap_or_default();
            states.push(render::survey_result(&stored, &Figures::of(&stored.survey, &own)));
            units.insert((stored.survey.name.unit.clone(), stored.survey.period.to_string()));
        }
        states.extend(unit_scores::recompute(txn, &units, now.timestamp_millis()).await?);
        Ok(states)
    }
}

/// Ends a while after the soft stop, so that calls at work are still stored.
async fn stopped(stop: &tokio_util::sync::CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

/// An item that brings or repeats a response.
struct Wanted {
    index: usize,
    digest: Vec<u8>,
    id_field: &'static str,
}

/// A batch on its way: an outcome for each item, and the rows to insert.
struct Batch {
    now: DateTime<Utc>,
    outcomes: Vec<Option<Outcome>>,
    rows: Vec<NewResponse>,
    scores: HashMap<Key, Vec<(String, Tally)>>,
    /// Items by key: the first brings the row, the others are repeats of it.
    wanted: HashMap<Key, Vec<Wanted>>,
    /// Items that the survey does not take now; a repeat of what it took is answered all the same.
    late: Vec<(Wanted, Key, Failure)>,
}

impl Batch {
    fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            outcomes: Vec::new(),
            rows: Vec::new(),
            scores: HashMap::new(),
            wanted: HashMap::new(),
            late: Vec::new(),
        }
    }

    fn check(&mut self, item: &Item, stored: Option<&Stored>) {
        let index = self.outcomes.len();
        let refusal = match self.row(item, stored) {
            Err(failure) => Some(Outcome::Refused(failure)),
            Ok((row, tallies, refusal)) => {
                let key = (row.survey_id, row.response_id.clone());
                let wanted = Wanted {
                    index,
                    digest: row.digest.clone(),
                    id_field: item.id_field,
                };
                if let Some(failure) = refusal {
                    self.late.push((wanted, key, failure));
                    self.outcomes.push(None);
                    return;
                }
                match self.wanted.entry(key.clone()) {
                    Entry::Occupied(mut same) => same.get_mut().push(wanted),
                    Entry::Vacant(first) => {
                        first.insert(vec![wanted]);
                        self.scores.insert(key, tallies);
                        self.rows.push(row);
                    }
                }
                None
            }
        };
        self.outcomes.push(refusal);
    }

    /// The row of an item, its scores, and why the survey would not take it now.
    #[expect(clippy::type_complexity, reason = "private, and each part has one use")]
    fn row(
        &self,
        item: &Item,
        stored: Option<&Stored>,
    ) -> Result<(NewResponse, Vec<(String, Tally)>, Option<Failure>), Failure> {
        let stored = stored.ok_or_else(|| Failure::not_found(&item.survey.to_string()))?;
        let survey = &stored.survey;
        let known = instrument::find(&survey.instrument)
            .ok_or_else(|| Failure::internal(format!("instrument {} is not known", survey.instrument)))?;
        let response = response::check(&item.raw, survey, known, self.now, item.id_field)?;
        let refusal = survey
            .accepts(response.submitted_at, self.now)
            .err()
            .map(|refusal| refused(&refusal));
        let digest = digest(&item.raw);
        let tallies = survey
            .asked
            .iter()
            .zip(&response.answers)
            .filter_map(|(asked, answer)| answer.map(|score| (asked.key.clone(), Tally::of(score))))
            .collect();
        let answers = response
            .answers
            .iter()
            .map(|a| a.map_or('-', |score| char::from(b'0'.saturating_add(score))))
            .collect();
        let row = NewResponse {
            survey_id: stored.id,
            response_id: response.id,
            digest,
            submitted_at: micros(response.submitted_at),
            accepted_at: micros(self.now),
            answers,
            sex: response.profile.sex,
            age: response.profile.age.map(i64::from),
            education: response.profile.education,
            occupation: response.profile.occupation,
            service: response.profile.service,
        };
        Ok((row, tallies, refusal))
    }

    /// Inserts the rows; every item gets its outcome, every survey what was added to it.
    async fn insert(mut self, txn: &Txn) -> Result<(Vec<Outcome>, HashMap<i64, Added>), DbErr> {
        let inserted = if self.rows.is_empty() {
            std::collections::HashSet::new()
        } else {
            response_insert_in_txn(txn, &self.rows).await?
        };
        let late = self.late.iter().map(|(_, key, _)| key);
        let old: Vec<&Key> = self
            .wanted
            .keys()
            .filter(|key| !inserted.contains(*key))
            .chain(late)
            .collect();
        let firsts = response_find(txn, &old).await?;
        for (wanted, key, failure) in self.late {
            let outcome = match firsts.get(&key) {
                None => Outcome::Refused(failure),
                Some(first) if first.digest == wanted.digest => {
                    Outcome::Repeated(from_micros(first.accepted_at))
                }
                Some(_) => Outcome::Refused(Failure::request_id_reused(wanted.id_field)),
            };
            if let Some(slot) = self.outcomes.get_mut(wanted.index) {
                *slot = Some(outcome);
            }
        }
        let mut added: HashMap<i64, Added> = HashMap::new();
        for (key, items) in &self.wanted {
            let new = inserted.contains(key);
            let first = match firsts.get(key) {
                Some(first) => (first.digest.clone(), first.accepted_at),
                None => (
                    items.first().map(|w| w.digest.clone()).unwrap_or_default(),
                    micros(self.now),
                ),
            };
            let at = from_micros(first.1);
            for (place, wanted) in items.iter().enumerate() {
                let outcome = if wanted.digest != first.0 {
                    Outcome::Refused(Failure::request_id_reused(wanted.id_field))
                } else if new && place == 0 {
                    Outcome::Accepted(at)
                } else {
                    Outcome::Repeated(at)
                };
                if let Some(slot) = self.outcomes.get_mut(wanted.index) {
                    *slot = Some(outcome);
                }
            }
            if new {
                let one = added.entry(key.0).or_insert_with(|| Added {
                    survey_id: key.0,
                    respondents: 0,
                    tallies: Vec::new(),
                });
                one.respondents += 1;
                one.add(self.scores.get(key).map(Vec::as_slice).unwrap_or_default());
            }
        }
        let missing = || Outcome::Refused(Failure::internal("an item without outcome"));
        Ok((
            self.outcomes
                .into_iter()
                .map(|o| o.unwrap_or_else(missing))
                .collect(),
            added,
        ))
    }
}

impl Added {
    fn add(&mut self, scores: &[(String, Tally)]) {
        for (element, tally) in scores {
            match self.tallies.iter_mut().find(|(key, _)| key == element) {
                Some((_, sum)) => sum.add(tally),
                None => self.tallies.push((element.clone(), *tally)),
            }
        }
    }
}

/// Digest of a response as parsed: what makes two bodies under one id the same.
fn digest(raw: &response::Raw) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let profile = &raw.profile;
    let at = raw
        .submitted_at
        .map(|t| micros(t).to_string())
        .unwrap_or_default();
    let age = profile.age.map(|a| a.to_string()).unwrap_or_default();
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(&at);
    for text in [
        &profile.sex,
        &profile.education,
        &profile.occupation,
        &profile.service,
    ] {
        part(text.as_deref().unwrap_or_default());
    }
    part(&age);
    for (key, score) in &raw.answers {
        part(key);
        part(&score.to_string());
    }
    hash.finalize().iter().take(16).copied().collect()
}
