//! The tables of this replica, and the watch channels of their watchers.

pub mod rebuild;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak},
};

use prima_platform::{
    bus::Delivery,
    clock::{Clock, micros},
    consume::{Projection, Received, Source},
};
use prima_proto::{
    scope::Scope,
    score::{self, Key},
    subject,
};
use tokio::sync::watch;

use super::{hashes::Hashes, history::Unwritten};
use crate::{
    domain::{
        Aggregate, BadScore, Changed, LeagueTables, Subject, TableKey, rows_hash::hex, uncounted::Uncounted,
    },
    events::{self, Fact},
    store::StoredState,
};

/// Counts the changes of a table.
pub type ChangeChannel = watch::Sender<u64>;

/// The newest state of a subject, where the league tables do not hold it: this release cannot read it, or it is not
/// ranked.
#[derive(Debug, Clone, Copy)]
struct Other {
    version: i64,
    withdrawn: bool,
    unreadable: bool,
}

/// Why this release cannot read a state.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Subject(#[from] score::Error),
    #[error(transparent)]
    State(#[from] events::Error),
    #[error(transparent)]
    Score(#[from] BadScore),
}

/// All tables in memory, with the states that the snapshot lacks.
#[derive(Debug)]
pub struct Tables {
    clock: Clock,
    league_tables: RwLock<LeagueTables>,
    /// Some subjects may be in it with several versions.
    unsaved: Mutex<Vec<StoredState>>,
    /// The newest received states that the league tables do not hold. It is locked while states are applied, so that two
    /// states of a subject are applied in the order of their versions.
    others: Mutex<BTreeMap<String, Other>>,
    channels: Mutex<HashMap<TableKey, Weak<ChangeChannel>>>,
    hashes: Hashes,
    /// The tables that are being rebuilt; they receive every state that these receive. The lock is held while states are
    /// applied to both.
    rebuilt: Mutex<Option<Arc<Tables>>>,
    /// Where received states are kept for the history; `None` for tables that receive nothing.
    unwritten: Option<Arc<Unwritten>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tables {
    /// Empty tables.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            league_tables: RwLock::default(),
            unsaved: Mutex::default(),
            others: Mutex::default(),
            channels: Mutex::default(),
            hashes: Hashes::default(),
            rebuilt: Mutex::default(),
            unwritten: None,
        }
    }

    /// Keeps every state that is received for the history as well.
    #[must_use]
    pub fn with_history(mut self, unwritten: Arc<Unwritten>) -> Self {
        self.unwritten = Some(unwritten);
        self
    }

    /// The league tables under a read lock.
    pub fn read(&self) -> RwLockReadGuard<'_, LeagueTables> {
        self.league_tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the tables without the states that are applied from now on, until [`Tables::arrange`]: they are applied in less
    /// time. Until then nobody may read the tables.
    pub fn defer(&self) {
        let mut league_tables = self.league_tables.write().unwrap_or_else(PoisonError::into_inner);
        league_tables.defer();
    }

    /// Puts the tables in order, if that was deferred.
    pub fn arrange(&self) {
        let mut league_tables = self.league_tables.write().unwrap_or_else(PoisonError::into_inner);
        league_tables.arrange();
        self.hashes.clear();
    }

    /// A channel that is notified when a table changes; it exists as long as a watcher uses it.
    pub fn watch(&self, key: &TableKey) -> Arc<ChangeChannel> {
        let mut channels = lock(&self.channels);
        if let Some(channel) = channels.get(key).and_then(Weak::upgrade) {
            return channel;
        }
        channels.retain(|_, channel| channel.strong_count() > 0);
        let channel = Arc::new(watch::Sender::new(0));
        channels.insert(key.clone(), Arc::downgrade(&channel));
        channel
    }

    /// The hash of the rows of a table, hexadecimal; empty when there are too many to hash them for a reader.
    pub fn hash(&self, league_tables: &LeagueTables, key: &TableKey) -> String {
        self.hashes.of(league_tables, key).map_or_else(String::new, hex)
    }

    /// Changes the league tables without a state, as a fault in memory would.
    #[cfg(test)]
    pub fn corrupt(&self, change: impl FnOnce(&mut LeagueTables)) {
        let mut league_tables = self.league_tables.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut league_tables);
        self.hashes.clear();
    }

    fn notify(&self, changed: &Changed) {
        if changed.is_empty() {
            return;
        }
        let channels = lock(&self.channels);
        for channel in changed
            .iter()
            .filter_map(|key| channels.get(key))
            .filter_map(Weak::upgrade)
        {
            channel.send_modify(|n| *n += 1);
        }
    }

    /// Number of subjects whose newest state cannot be read; they are in no table.
    pub fn unreadable(&self) -> usize {
        lock(&self.others)
            .values()
            .filter(|state| state.unreadable)
            .count()
    }

    /// Up to `most` subjects in the scope whose newest state cannot be read and that come after `after`, in their order. One
    /// whose unit or agency can't be read is in the scope of all agencies only.
    pub fn unreadable_states(&self, scope: &Scope, after: &str, most: usize) -> Vec<(String, Uncounted)> {
        let others = lock(&self.others);
        let later = others.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        let unreadable = later
            .filter(|(_, state)| state.unreadable)
            .filter_map(|(subject, state)| {
                let (of, period) = match events::aggregate_of(subject) {
                    Ok(Some(Aggregate::Agency(name))) => (Some(Subject::Agency(name)), String::new()),
                    Ok(Some(Aggregate::Unit(name))) => (Some(Subject::Unit(name)), String::new()),
                    Ok(Some(Aggregate::Score(key))) => (Some(key.subject), key.period),
                    Ok(Some(Aggregate::Definition(_)) | None) | Err(_) => (None, String::new()),
                };
                let is_included = match &of {
                    Some(of) => scope.includes(of),
                    None => *scope == Scope::default(),
                };
                let found = Uncounted {
                    name: subject.clone(),
                    subject: of,
                    period,
                    version: state.version,
                    unranked: None,
                };
                is_included.then(|| (subject.clone(), found))
            });
        unreadable.take(most).collect()
    }

    /// Applies states, whether they can be read or not. Returns those that were newer than what was applied before, in their
    /// order.
    pub fn apply_if_newer(&self, states: Vec<StoredState>) -> Vec<StoredState> {
        let reading = |state: &StoredState| read(&state.subject, state.withdrawn != 0, &state.payload);
        let readings: Vec<Reading> = states.iter().map(reading).collect();
        self.apply_read(states.into_iter().zip(readings).collect())
    }

    /// Applies states that were read; their payloads are not used. Returns those that were newer, in their order.
    pub fn apply_read(&self, states: Vec<(StoredState, Reading)>) -> Vec<StoredState> {
        let mut others = lock(&self.others);
        let mut league_tables = self.league_tables.write().unwrap_or_else(PoisonError::into_inner);
        // A watcher that comes later reads the tables after this.
        let is_watched = !lock(&self.channels).is_empty();
        let mut all_changed = Vec::new();
        let mut newer = Vec::new();
        for (state, reading) in states {
            let Some(changed) = apply(&mut league_tables, &mut others, &state, reading) else {
                continue;
            };
            self.hashes.forget(&changed);
            if is_watched && !changed.is_empty() {
                all_changed.push(changed);
            }
            newer.push(state);
        }
        drop(league_tables);
        drop(others);
        for changed in &all_changed {
            self.notify(changed);
        }
        newer
    }

    /// Applies states and keeps them for the snapshot, unless the same or a newer version was received before.
    fn receive(&self, states: Vec<StoredState>) {
        let newer = self.apply_if_newer(states);
        self.keep(newer);
    }

    /// Keeps states for the snapshot and the history.
    fn keep(&self, states: Vec<StoredState>) {
        // Locked before the history decides whether it keeps them: those that it does not are then in the next save.
        let mut unsaved = lock(&self.unsaved);
        if let Some(unwritten) = &self.unwritten {
            unwritten.keep(&states);
        }
        unsaved.extend(states);
    }

    /// The newest states received since the last call, in the order of their subjects.
    pub fn take_unsaved(&self) -> Vec<StoredState> {
        let mut states = std::mem::take(&mut *lock(&self.unsaved));
        states.sort_unstable_by(|a, b| {
            let newest_first = b.version.cmp(&a.version);
            a.subject.cmp(&b.subject).then(newest_first)
        });
        states.dedup_by(|older, newest| older.subject == newest.subject);
        states
    }

    /// Number of states that were received since the last call of [`Tables::take_unsaved`].
    pub fn unsaved(&self) -> usize {
        lock(&self.unsaved).len()
    }

    /// Puts back states that could not be saved.
    pub fn put_back(&self, states: Vec<StoredState>) {
        lock(&self.unsaved).extend(states);
    }

    /// The subjects of a service with their newest versions, without those that were withdrawn.
    fn subjects(&self, service: &str) -> Vec<(String, i64)> {
        let prefix = format!("prima.{service}.");
        let others = lock(&self.others);
        let unheld = others
            .range(prefix.clone()..)
            .take_while(|(subject, _)| subject.starts_with(&prefix))
            .filter(|(_, state)| !state.withdrawn)
            .map(|(subject, state)| (subject.clone(), state.version));
        let mut subjects: BTreeMap<String, i64> = unheld.collect();
        drop(others);
        let league_tables = self.read();
        if service == "directory" {
            subjects.extend(league_tables.announced().map(|(of, version)| match of {
                Subject::Agency(name) => (subject::agency(&name), version),
                Subject::Unit(name) => (subject::unit(&name), version),
            }));
        }
        if service == "ranking" {
            let defined = league_tables.defined();
            subjects.extend(defined.map(|(metric, version)| (subject::table_definition(metric), version)));
        }
        let scores = league_tables.published(service);
        subjects.extend(scores.map(|(metric, period, of, version)| {
            (Key::new(service, metric, period, of).to_string(), version)
        }));
        subjects.into_iter().collect()
    }
}

/// A state that has just arrived.
fn received(subject: String, version: i64, withdrawn: bool, payload: Vec<u8>, now: i64) -> StoredState {
    StoredState {
        subject,
        version,
        withdrawn: i64::from(withdrawn),
        payload,
        applied_at: now,
    }
}

/// What a state contains; `None` when its subject is not ranked.
pub type Reading = Result<Option<Fact>, Unreadable>;

/// Reads a state.
pub fn read(subject: &str, withdrawn: bool, payload: &[u8]) -> Reading {
    let Some(aggregate) = events::aggregate_of(subject)? else {
        return Ok(None);
    };
    Ok(Some(events::read(aggregate, withdrawn, payload)?))
}

/// Applies a state, whether it can be read or not; `None` when the same or a newer version was applied before.
fn apply(
    league_tables: &mut LeagueTables,
    others: &mut BTreeMap<String, Other>,
    state: &StoredState,
    reading: Reading,
) -> Option<Changed> {
    let (subject, version, withdrawn) = (state.subject.as_str(), state.version, state.withdrawn != 0);
    if others.get(subject).is_some_and(|other| other.version >= version) {
        return None;
    }
    let applied = reading.and_then(|fact| {
        fact.map(|fact| apply_fact(league_tables, version, fact))
            .transpose()
    });
    let (changed, is_held, error) = match applied {
        Ok(Some(changed)) => (changed, true, None),
        Ok(None) => (Changed::default(), false, None),
        // Its row is removed. The state stays in the stream and in the snapshot, where a release that can read it finds
        // it.
        Err(error) => match events::aggregate_of(subject) {
            Ok(Some(aggregate)) => (league_tables.unreadable(aggregate, version), true, Some(error)),
            // No state of this subject was ever read.
            Ok(None) | Err(_) => (Changed::default(), false, Some(error)),
        },
    };
    if is_held && !changed.is_newer() {
        return None;
    }
    let unreadable = error.is_some() && !withdrawn;
    if unreadable && let Some(error) = &error {
        tracing::error!(subject, version, %error, "the newest state can't be read; its subject is in no table");
    }
    if error.is_some() || !is_held {
        let other = Other {
            version,
            withdrawn,
            unreadable,
        };
        others.insert(subject.to_owned(), other);
    } else if !others.is_empty() {
        others.remove(subject);
    }
    Some(changed)
}

fn apply_fact(league_tables: &mut LeagueTables, version: i64, fact: Fact) -> Result<Changed, Unreadable> {
    Ok(match fact {
        Fact::Agency(name, facts) => league_tables.agency(name, version, facts),
        Fact::Unit(name, facts) => league_tables.unit(name, version, facts),
        Fact::Score(source, score) => league_tables.score(&source, version, score)?,
        Fact::Definition(metric, definition) => league_tables.definition(&metric, version, definition),
    })
}

impl Projection for Tables {
    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        let (subject, payload) = (event.subject.clone(), event.payload.clone());
        let now = micros(self.clock.now());
        let state = received(subject, event.version, event.withdrawn, payload, now);
        tracing::info_span!("table update", prima.version = event.version)
            .in_scope(|| self.receive_both(vec![state]));
    }

    fn apply_all(&self, deliveries: Vec<Delivery>) {
        let now = micros(self.clock.now());
        let states = deliveries.into_iter().map(|Delivery { event, .. }| {
            received(event.subject, event.version, event.withdrawn, event.payload, now)
        });
        self.receive_both(states.collect());
    }

    fn version(&self, subject: &str) -> Option<i64> {
        let other = lock(&self.others).get(subject).map(|other| other.version);
        let aggregate = events::aggregate_of(subject).ok().flatten();
        let held = aggregate.and_then(|aggregate| self.read().newest(&aggregate));
        other.max(held.map(|(version, _)| version))
    }

    fn retain(&self, source: &Source, in_stream: &Received) {
        for (subject, version) in self.subjects(&source.service) {
            if in_stream.version(&subject).is_none() {
                tracing::warn!(%subject, "the stream no longer has this subject; withdrawn here");
                let now = micros(self.clock.now());
                self.receive_both(vec![received(subject, version + 1, true, Vec::new(), now)]);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
