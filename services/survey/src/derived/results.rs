//! The results of surveys: counting adds stored responses to the sums of their survey and recomputes everything that
//! depends on them. The runner counts each survey at most ten times a second; operations that need every response
//! (closing, changing, publishing, voiding, reading) count first.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use prima_platform::{
    clock::Clock,
    db::{self, Database, Txn},
    derived::{Derived, Kind, Settings, Source, Urgent},
    failpoint,
    failure::Failure,
    outbox::{self, Outbox},
    service::Context,
    trace,
};
use sea_orm::DbErr;
use tokio::sync::Mutex;
use tracing::Instrument;

use super::{rules, unit_scores};
use crate::{
    domain::release::{Changes, Rules},
    store::{
        delta::{self, Delta, Of, deltas_insert_in_txn, deltas_take_in_txn, deltas_waiting, standings_get},
        survey::{Stored, survey_lock_in_txn, surveys_free_lock_in_txn, surveys_lock_in_txn},
        tally::{Added, tallies_add_in_txn},
    },
};

/// Most surveys that one transaction counts; intake of responses to any of them waits for it.
const TOGETHER: usize = 32;
/// Minimum interval between two counts of a survey by the runner.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// The same for a survey with responses of imports only, for whose figures nobody waits.
const IMPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Pause after a count, as a multiple of the time that it took: when the runner can't keep up, three quarters of the
/// time are left to intake.
const PAUSE: u32 = 3;

/// Surveys of which one query reads how they stand.
const CHUNK: usize = 1000;
/// Most traces of intake transactions to which the span of a count is linked.
const LINKS: usize = 31;

/// The results of surveys, as a kind of derived figure that the runner recomputes.
pub struct SurveyResults {
    context: Context,
    /// Surveys that the last attempt to count skipped, because intake had locked them.
    skipped: Mutex<HashSet<i64>>,
}

impl SurveyResults {
    /// The kind for a service.
    pub fn new(context: Context) -> Self {
        Self {
            context,
            skipped: Mutex::default(),
        }
    }

    /// Locks those of these surveys that are free, so that counting and intake do not wait for each other. Surveys that
    /// were skipped the last time are waited for.
    async fn lock(&self, txn: &Txn, ids: &[i64]) -> Result<Vec<Stored>, DbErr> {
        let mut skipped = self.skipped.lock().await;
        let (again, others): (Vec<i64>, Vec<i64>) = ids.iter().partition(|id| skipped.remove(*id));
        // Lock these first: a transaction that waits for a turn must not have locked rows for which the holders of that
        // turn wait.
        let mut surveys = surveys_lock_in_txn(txn, &again).await?;
        surveys.extend(surveys_free_lock_in_txn(txn, &others).await?);
        let locked: HashSet<i64> = surveys.iter().map(|stored| stored.id).collect();
        skipped.extend(others.into_iter().filter(|id| !locked.contains(id)));
        Ok(surveys)
    }
}

#[async_trait]
impl Kind for SurveyResults {
    fn settings(&self) -> Settings {
        Settings {
            name: "survey-result",
            batch: TOGETHER,
            min_interval: MIN_INTERVAL,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        Source::Inputs {
            table: delta::TABLE,
            key: delta::KEY,
            urgent: Some(Urgent {
                condition: delta::URGENT,
                others: IMPORT_INTERVAL,
            }),
        }
    }

    fn pause(&self) -> u32 {
        PAUSE
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let ids = keys.iter().map(|key| key.parse());
        let ids: Vec<i64> = ids.collect::<Result<_, _>>().map_err(Failure::internal)?;
        let rules = rules(&self.context.config.survey);
        let surveys = self.lock(txn, &ids).await?;
        Ok(count_in_txn(txn, surveys, &rules, self.context.clock.now()).await?)
    }
}

/// Adds the stored responses that are not counted yet to the sums of these locked surveys, and stages the states that
/// change.
async fn count_in_txn(
    txn: &Txn,
    mut surveys: Vec<Stored>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    failpoint::hit("results.locked").await;
    // Earlier intake transactions have committed and later ones wait for the lock, so these are all responses up to the
    // next version.
    let ids: Vec<i64> = surveys.iter().map(|stored| stored.id).collect();
    let taken = deltas_take_in_txn(txn, &ids).await?;
    // The end of an import of which nothing waits changes nothing.
    let changes = |stored: &Stored, delta: &Delta| !delta.ends_import() || !stored.pending.own.is_empty();
    surveys.retain(|stored| {
        let mut deltas = taken.deltas.get(&stored.id).into_iter().flatten();
        deltas.any(|delta| changes(stored, delta))
    });
    if surveys.is_empty() {
        return Ok(());
    }
    // The count continues the trace of the first intake transaction; those of the others are linked.
    let span = tracing::info_span!("count", surveys = surveys.len());
    let mut traceparents = taken.traceparents.iter().map(String::as_str);
    trace::set_parent(&span, traceparents.next());
    for others in traceparents.take(LINKS) {
        trace::link(&span, Some(others));
    }
    let added = added(&surveys, &taken.deltas);
    add_in_txn(txn, surveys, added, rules, now).instrument(span).await
}

async fn add_in_txn(
    txn: &Txn,
    mut surveys: Vec<Stored>,
    added: HashMap<i64, Added>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    for stored in &mut surveys {
        stored.next_version(now.timestamp_millis());
    }
    let tallies = tallies_add_in_txn(txn, &mut surveys, added, rules, now).await?;
    let states = unit_scores::follow_with(txn, &surveys, &tallies, rules, now).await?;
    outbox::stage(txn, &states).await?;
    failpoint::hit("results.staged").await;
    Ok(())
}

fn added(surveys: &[Stored], deltas: &HashMap<i64, Vec<Delta>>) -> HashMap<i64, Added> {
    let added = surveys.iter().map(|stored| {
        let mut added = Added::nothing(stored);
        for delta in deltas.get(&stored.id).into_iter().flatten() {
            added.changes.import_ended |= delta.ends_import();
            delta.lines().for_each(|line| added.add(line));
        }
        (stored.id, added)
    });
    added.collect()
}

/// Locks surveys, counts every response to them that is stored, and returns them as they are then, in order of name.
pub async fn surveys_count(
    txn: &Txn,
    ids: &[i64],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<Stored>, DbErr> {
    let surveys = surveys_lock_in_txn(txn, ids).await?;
    count_in_txn(txn, surveys, rules, now).await?;
    surveys_lock_in_txn(txn, ids).await
}

/// Locks one survey by taking its next version, and counts every stored response; `None` when it does not exist. The
/// caller must then recompute the score of its unit.
pub async fn survey_lock(
    txn: &Txn,
    name: &str,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<Stored>, DbErr> {
    let Some(mut stored) = survey_lock_in_txn(txn, name, now.timestamp_millis()).await? else {
        return Ok(None);
    };
    if stored.survey.closed_at.is_some() {
        // Late responses from devices that were offline. Not every operation on a closed survey recomputes the score of
        // its unit, so they are counted as the runner counts, including that score.
        count_in_txn(txn, vec![stored], rules, now).await?;
        return survey_lock_in_txn(txn, name, now.timestamp_millis()).await;
    }
    let deltas = deltas_take_in_txn(txn, &[stored.id]).await?.deltas;
    if !deltas.is_empty() {
        let added = added(std::slice::from_ref(&stored), &deltas);
        tallies_add_in_txn(txn, std::slice::from_mut(&mut stored), added, rules, now).await?;
    }
    Ok(Some(stored))
}

/// Counts stored responses before a read.
pub struct Counter {
    db: Database,
    clock: Clock,
    outbox: Outbox,
    derived: Derived,
    rules: Rules,
    /// Held while a read counts. Other reads wait for it, and then usually find nothing left to count.
    at_work: Mutex<()>,
}

impl Counter {
    /// A counter for the database of a service.
    pub fn new(context: &Context) -> Self {
        Self {
            db: context.db.clone(),
            clock: context.clock.clone(),
            outbox: context.outbox.clone(),
            derived: context.derived.clone(),
            rules: rules(&context.config.survey),
            at_work: Mutex::new(()),
        }
    }

    /// Counts all responses to these surveys that are stored by now, so that a caller whose response was acknowledged
    /// reads a result that contains it. When the database can't be written, the result of the last count is read.
    pub async fn count(&self, of: Of<'_>) -> Result<(), Failure> {
        Self::tolerant(self.count_waiting(of).await)
    }

    /// Records that an import into these surveys has ended, so that their next count releases all of it. When it is
    /// `urgent` they are counted as soon as those with single responses.
    pub async fn import_ended(&self, ids: &[i64], urgent: bool) -> Result<(), Failure> {
        if ids.is_empty() {
            return Ok(());
        }
        Self::tolerant(self.import_end(ids, urgent).await)
    }

    async fn import_end(&self, ids: &[i64], urgent: bool) -> Result<(), DbErr> {
        let ends: BTreeMap<i64, Delta> = ids.iter().map(|id| (*id, Delta::default())).collect();
        let traceparent = trace::traceparent(&tracing::Span::current());
        let txn = self.db.begin().await?;
        deltas_insert_in_txn(&txn, &ends, urgent, traceparent.as_deref()).await?;
        txn.commit().await?;
        failpoint::hit("results.import_ended").await;
        self.derived.committed();
        Ok(())
    }

    /// How many responses are in the figures of these surveys, and how many wait, when everything that is stored by now is
    /// counted. It neither counts nor waits for a lock.
    pub async fn standing(&self, ids: &[i64]) -> Result<(i64, i64), Failure> {
        let txn = self.db.snapshot().await?;
        let (mut sum, version) = ((0, 0), self.clock.now().timestamp_millis());
        for ids in ids.chunks(CHUNK) {
            for mut survey in standings_get(&txn, ids).await? {
                survey.pending.begin(survey.respondents, &self.rules);
                let mut changes = Changes::default();
                for delta in &survey.deltas {
                    changes.import_ended |= delta.ends_import();
                    for line in delta.lines() {
                        survey.respondents += 1;
                        changes.add(line.entry);
                    }
                }
                survey
                    .pending
                    .apply(changes, survey.respondents, version, &self.rules);
                sum.0 += survey.pending.released(survey.respondents);
                sum.1 += survey.pending.people();
            }
        }
        txn.rollback().await?;
        Ok(sum)
    }

    fn tolerant(counted: Result<(), DbErr>) -> Result<(), Failure> {
        match counted {
            Err(error) if db::cause(&error).is_storage() => {
                tracing::warn!(%error, "results stay as they stand: nothing can be written");
                Ok(())
            }
            other => Ok(other?),
        }
    }

    async fn count_waiting(&self, of: Of<'_>) -> Result<(), DbErr> {
        let waiting = deltas_waiting(self.db.reader(), of, i64::MAX).await?;
        let Some(last) = waiting.iter().map(|w| w.last).max() else {
            return Ok(());
        };
        let _alone = self.at_work.lock().await;
        let waiting = deltas_waiting(self.db.reader(), of, last).await?;
        let ids: Vec<i64> = waiting.iter().map(|w| w.survey_id).collect();
        for ids in ids.chunks(TOGETHER) {
            let txn = self.db.begin().await?;
            let surveys = surveys_lock_in_txn(&txn, ids).await?;
            count_in_txn(&txn, surveys, &self.rules, self.clock.now()).await?;
            txn.commit().await?;
            self.outbox.committed();
            // Agencies were flagged as dirty.
            self.derived.committed();
        }
        Ok(())
    }
}
