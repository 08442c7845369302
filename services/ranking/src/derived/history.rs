//! Writes the history: every replica keeps the states that it receives until they are written, and the one that holds the
//! lease writes them.
//!
//! Only published states reach a follower, and scores are published in steps (`services/decisions/disclosure-in-steps.md`), so
//! the history has nothing that a caller could not have read when it was new.
//!
//! The history grows by steps. A state counts as known at the end of the step in which it was received, and a step that has
//! ended is written once, as a whole. When another replica takes over, it writes what it has kept, and then what the history
//! lacks of the snapshot, in which every replica saves what it receives.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prima_platform::{
    clock::{Clock, micros},
    db::Database,
    failpoint,
    lease::Lease,
};
use sea_orm::DbErr;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::store::{
    Span, StoredState, history_insert, history_insert_snapshot, history_lock, history_span, history_span_set,
    history_thin,
};

/// Name of the lease.
pub const LEASE: &str = "history";

const EVERY: Duration = Duration::from_millis(500);
/// How often old states are thinned out.
const THINNING: Duration = Duration::from_hours(1);
/// With so many states they are written before their step has ended. A replica that does not write keeps at most as many.
const FULL: usize = 20_000;
const MICROS: i64 = 1_000_000;

/// Length of the steps of the history.
#[derive(Debug, Clone, Copy)]
pub struct Steps(i64);

impl Steps {
    /// Steps of a number of seconds, at least one.
    pub fn new(seconds: u32) -> Self {
        Self(i64::from(seconds.max(1)) * MICROS)
    }

    /// The end of the last step that has ended at a time.
    pub fn ended(self, at: i64) -> i64 {
        at.div_euclid(self.0) * self.0
    }

    /// The end of the step that contains a time.
    fn end(self, at: i64) -> i64 {
        self.ended(at).saturating_add(self.0)
    }
}

/// Whether received states are kept for the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Keeping {
    /// No: streams are read to their ends at the start, and writing millions of states twice would take the processors and
    /// the database from that.
    No,
    /// Yes, but the snapshot still lacks some that were received before.
    Yes,
    /// Yes, and the snapshot has those that were received before, so that the history can be written.
    Writable,
}

/// The last state of each subject and step that was received and is not written yet, by the end of the step.
#[derive(Debug)]
pub struct Unwritten {
    steps: Steps,
    states: Mutex<BTreeMap<(i64, String), StoredState>>,
    keeping: watch::Sender<Keeping>,
}

impl Unwritten {
    /// Nothing is received yet, and nothing is kept until [`Unwritten::begin`].
    pub fn new(steps: Steps) -> Self {
        Self {
            steps,
            states: Mutex::default(),
            keeping: watch::Sender::new(Keeping::No),
        }
    }

    /// Keeps from now on what is received. What was received before is written from the snapshot.
    pub fn begin(&self) {
        self.advance(Keeping::Yes);
    }

    /// Lets the history be written, since the snapshot has everything that was received before [`Unwritten::begin`].
    pub fn saved(&self) {
        self.advance(Keeping::Writable);
    }

    fn advance(&self, to: Keeping) {
        self.keeping
            .send_if_modified(|keeping| std::mem::replace(keeping, to.max(*keeping)) < to);
    }

    /// Waits until the history can be written.
    pub(super) async fn writable(&self) {
        // The sender lives as long as this.
        let mut keeping = self.keeping.subscribe();
        let _met = keeping.wait_for(|keeping| *keeping == Keeping::Writable).await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(i64, String), StoredState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps states that were received.
    pub fn keep(&self, received: &[StoredState]) {
        if *self.keeping.borrow() == Keeping::No {
            return;
        }
        let mut states = self.lock();
        for state in received {
            let key = (self.steps.end(state.applied_at), state.subject.clone());
            newest(&mut states, key, state.clone());
        }
    }

    /// Forgets the states of the steps up to this time, which are written, and all of them when there are too many: the
    /// snapshot has the last state of each subject.
    fn forget(&self, written_to: i64) {
        let mut states = self.lock();
        let later = states.split_off(&(written_to + 1, String::new()));
        *states = match later.len() {
            0..=FULL => later,
            _ => BTreeMap::new(),
        };
    }

    /// Whether states wait whose step has ended, or too many to wait for that.
    fn is_due(&self, ended: i64) -> bool {
        let states = self.lock();
        states.len() > FULL
            || states
                .first_key_value()
                .is_some_and(|((end, _), _)| *end <= ended)
    }

    fn take(&self) -> BTreeMap<(i64, String), StoredState> {
        std::mem::take(&mut *self.lock())
    }

    fn put_back(&self, states: BTreeMap<(i64, String), StoredState>) {
        let mut kept = self.lock();
        for (key, state) in states {
            newest(&mut kept, key, state);
        }
    }
}

fn newest(states: &mut BTreeMap<(i64, String), StoredState>, key: (i64, String), state: StoredState) {
    if states.get(&key).is_none_or(|kept| kept.version < state.version) {
        states.insert(key, state);
    }
}

/// What this replica does as the holder of the lease.
#[derive(Debug, Default)]
struct Tenure {
    renewed: Option<Instant>,
    /// Whether it has written what the history lacked.
    caught_up: bool,
    thinned: Option<Instant>,
}

/// Writes the history while this replica holds the lease.
#[derive(Debug)]
pub struct Writer {
    /// The database.
    pub db: Database,
    /// The clock.
    pub clock: Clock,
    /// The lease, of which one replica is the holder.
    pub lease: Lease,
    /// What this replica has received.
    pub unwritten: Arc<Unwritten>,
    /// Whether this replica had read every stream to its end once, or loaded a whole snapshot.
    pub ready: watch::Receiver<bool>,
    /// How many days back every step is kept; 0 means for ever.
    pub days: u32,
}

impl Writer {
    /// Runs until `stop`; then everything that was received is written. Before the history can be written there is nothing
    /// that the snapshot would not have at the next start.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! { () = stop.cancelled() => return, () = self.unwritten.writable() => {} }
        let mut tenure = Tenure::default();
        // No `backon`: a turn follows each other for ever, also after one that failed.
        loop {
            let stopping = stop.is_cancelled();
            if let Err(error) = self.turn(&mut tenure, stopping).await {
                tenure = Tenure::default();
                tracing::warn!(%error, "history not written; trying again");
            }
            if stopping {
                break;
            }
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(EVERY) => {} }
        }
        if let Err(error) = self.lease.release().await {
            tracing::debug!(%error, "the lease of the history was not released; it expires");
        }
    }

    async fn turn(&self, tenure: &mut Tenure, stopping: bool) -> Result<(), DbErr> {
        let due = tenure
            .renewed
            .is_none_or(|renewed| renewed.elapsed() > self.lease.renewal());
        if due {
            if !self.lease.acquire().await? {
                *tenure = Tenure::default();
                self.unwritten.forget(history_span(&self.db).await?.written_to);
                return Ok(());
            }
            tenure.renewed = Some(Instant::now());
        }
        // This is read before the states are taken: the history is then complete with these.
        let complete = *self.ready.borrow();
        let ended = self.unwritten.steps.ended(micros(self.clock.now()));
        if !tenure.caught_up {
            self.write(ended, false).await?;
            self.catch_up().await?;
            tenure.caught_up = true;
        }
        let span = history_span(&self.db).await?;
        if span.written_to < ended || self.unwritten.is_due(ended) || stopping {
            self.write(ended, complete).await?;
        }
        self.thin(tenure, ended).await
    }

    /// Writes everything that was received; up to `ended` the history is then final. With `complete` it begins at the end of the
    /// step that has not ended, because what was received in that step is known then.
    async fn write(&self, ended: i64, complete: bool) -> Result<(), DbErr> {
        let states = self.unwritten.take();
        let written = self.write_states(&states, ended, complete).await;
        if written.is_err() {
            self.unwritten.put_back(states);
        }
        written
    }

    async fn write_states(
        &self,
        states: &BTreeMap<(i64, String), StoredState>,
        ended: i64,
        complete: bool,
    ) -> Result<(), DbErr> {
        let txn = self.db.begin().await?;
        let span = history_lock(&txn).await?;
        // What a replica received and could not write before others had written that step is known since the next one.
        let least = self.unwritten.steps.end(span.written_to);
        let mut rows = BTreeMap::new();
        for ((end, subject), state) in states {
            newest(&mut rows, ((*end).max(least), subject.clone()), state.clone());
        }
        history_insert(&txn, &rows).await?;
        failpoint::hit("history.inserted").await;
        let written_to = span.written_to.max(ended);
        let began_at = match (span.began_at, complete) {
            (0, true) => self.unwritten.steps.end(written_to),
            (began_at, _) => began_at,
        };
        history_span_set(&txn, Span { began_at, written_to }).await?;
        txn.commit().await?;
        failpoint::hit("history.written").await;
        Ok(())
    }

    /// Writes what the history lacks of the snapshot: at the first start of this release all of it, else what a holder of the
    /// lease had received and not written when it ended.
    async fn catch_up(&self) -> Result<(), DbErr> {
        let mut after = String::new();
        loop {
            let txn = self.db.begin().await?;
            let span = history_lock(&txn).await?;
            let done = history_insert_snapshot(&txn, &after, span.written_to, self.unwritten.steps.0).await?;
            txn.commit().await?;
            failpoint::hit("history.caught_up").await;
            match done {
                Some(subject) => after = subject,
                None => return Ok(()),
            }
        }
    }

    /// Removes, once an hour, the replaced states that are older than the history is kept. It begins later before that, so
    /// that nobody reads a table of which states are removed.
    async fn thin(&self, tenure: &mut Tenure, ended: i64) -> Result<(), DbErr> {
        let is_due = tenure.thinned.is_none_or(|thinned| thinned.elapsed() > THINNING);
        if self.days == 0 || !is_due {
            return Ok(());
        }
        let cutoff = self
            .unwritten
            .steps
            .ended(ended - i64::from(self.days) * 24 * 3600 * MICROS);
        let txn = self.db.begin().await?;
        let span = history_lock(&txn).await?;
        if span.began_at == 0 || span.began_at >= cutoff {
            tenure.thinned = Some(Instant::now());
            return Ok(());
        }
        history_span_set(
            &txn,
            Span {
                began_at: cutoff,
                ..span
            },
        )
        .await?;
        txn.commit().await?;
        let mut after = String::new();
        while let Some(subject) = history_thin(&self.db, &after, cutoff).await? {
            after = subject;
        }
        tenure.thinned = Some(Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
