//! The tables of this replica, and the watch channels of their watchers.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak},
};

use prima_platform::{
    bus::Delivery,
    clock::{Clock, micros},
    consume::{Projection, Source},
};
use prima_proto::{scope::Scope, score};
use tokio::sync::watch;

use crate::{
    domain::{Aggregate, BadScore, Changed, LeagueTables, Subject, TableKey, uncounted::Uncounted},
    events::{self, Fact},
    store::StoredState,
};

type ChangeChannel = watch::Sender<u64>;

/// What is kept in memory of the newest state of a subject.
#[derive(Debug, Clone, Copy)]
struct Newest {
    version: i64,
    withdrawn: bool,
    unreadable: bool,
}

/// Why this release cannot read a state.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Subject(#[from] score::Error),
    #[error("payload: {0}")]
    Payload(#[from] prost::DecodeError),
    #[error(transparent)]
    Score(#[from] BadScore),
}

/// All tables in memory, with the states that the snapshot lacks.
#[derive(Debug)]
pub struct Tables {
    clock: Clock,
    league_tables: RwLock<LeagueTables>,
    unsaved: Mutex<BTreeMap<String, StoredState>>,
    /// The newest received state of every subject.
    newest: Mutex<BTreeMap<String, Newest>>,
    channels: Mutex<HashMap<TableKey, Weak<ChangeChannel>>>,
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
            newest: Mutex::default(),
            channels: Mutex::default(),
        }
    }

    /// The league tables under a read lock.
    pub fn read(&self) -> RwLockReadGuard<'_, LeagueTables> {
        self.league_tables.read().unwrap_or_else(PoisonError::into_inner)
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
        lock(&self.newest)
            .values()
            .filter(|state| state.unreadable)
            .count()
    }

    /// Up to `most` subjects in the scope whose newest state cannot be read and that come after `after`, in their order. One
    /// whose unit or agency can't be read is in the scope of all agencies only.
    pub fn unreadable_states(&self, scope: &Scope, after: &str, most: usize) -> Vec<(String, Uncounted)> {
        let newest = lock(&self.newest);
        let later = newest.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        let unreadable = later
            .filter(|(_, state)| state.unreadable)
            .filter_map(|(subject, state)| {
                let (of, period) = match events::aggregate_of(subject) {
                    Ok(Some(Aggregate::Agency(name))) => (Some(Subject::Agency(name)), String::new()),
                    Ok(Some(Aggregate::Unit(name))) => (Some(Subject::Unit(name)), String::new()),
                    Ok(Some(Aggregate::Score(key))) => (Some(key.subject), key.period),
                    Ok(None) | Err(_) => (None, String::new()),
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

    /// Applies a state, whether it can be read or not; false when the same or a newer version was applied before.
    pub fn apply_if_newer(&self, stored: &StoredState) -> bool {
        let StoredState {
            subject,
            version,
            payload,
            ..
        } = stored;
        let withdrawn = stored.withdrawn != 0;
        // The lock is held to the end, so that two states of a subject are applied in the order of their versions.
        let mut newest = lock(&self.newest);
        if newest.get(subject).is_some_and(|state| state.version >= *version) {
            return false;
        }
        let span = tracing::info_span!("table update", prima.version = version);
        let applied = span.in_scope(|| self.apply_state(subject, *version, withdrawn, payload));
        let unreadable = applied.is_err() && !withdrawn;
        if unreadable && let Err((error, _)) = &applied {
            // Its row is removed. The state stays in the stream and in the snapshot, where a release that can read it
            // finds it.
            tracing::error!(subject, version, %error, "the newest state can't be read; its subject is in no table");
        }
        let state = Newest {
            version: *version,
            withdrawn,
            unreadable,
        };
        newest.insert(subject.clone(), state);
        drop(newest);
        self.notify(&applied.unwrap_or_else(|(_, changed)| changed));
        true
    }

    /// Applies a state to the league tables; one that cannot be read returns the reason, and the tables that it
    /// changed.
    fn apply_state(
        &self,
        subject: &str,
        version: i64,
        withdrawn: bool,
        payload: &[u8],
    ) -> Result<Changed, (Unreadable, Changed)> {
        let aggregate = match events::aggregate_of(subject) {
            Ok(Some(aggregate)) => aggregate,
            Ok(None) => return Ok(Changed::default()),
            // No state of this subject was ever read.
            Err(error) => return Err((error.into(), Changed::default())),
        };
        let fact = events::read(aggregate.clone(), withdrawn, payload);
        let mut league_tables = self.league_tables.write().unwrap_or_else(PoisonError::into_inner);
        let applied = match fact {
            Ok(Fact::Agency(name, facts)) => Ok(league_tables.agency(name, version, facts)),
            Ok(Fact::Unit(name, facts)) => Ok(league_tables.unit(name, version, facts)),
            Ok(Fact::Score(source, score)) => league_tables
                .score(&source, version, score)
                .map_err(Unreadable::from),
            Err(error) => Err(error.into()),
        };
        applied.map_err(|error| (error, league_tables.unreadable(aggregate, version)))
    }

    /// Applies a state and keeps it for the snapshot, unless the same or a newer version was received before.
    fn receive(&self, subject: &str, version: i64, withdrawn: bool, payload: &[u8]) {
        let received = StoredState {
            subject: subject.to_owned(),
            version,
            withdrawn: i64::from(withdrawn),
            payload: payload.to_vec(),
            applied_at: micros(self.clock.now()),
        };
        if self.apply_if_newer(&received) {
            self.put_back(vec![received]);
        }
    }

    /// The states received since the last call, in the order of their subjects.
    pub fn take_unsaved(&self) -> Vec<StoredState> {
        std::mem::take(&mut *lock(&self.unsaved)).into_values().collect()
    }

    /// Puts back states that could not be saved, unless a newer version was received.
    pub fn put_back(&self, states: Vec<StoredState>) {
        let mut unsaved = lock(&self.unsaved);
        for state in states {
            if unsaved
                .get(&state.subject)
                .is_none_or(|kept| kept.version < state.version)
            {
                unsaved.insert(state.subject.clone(), state);
            }
        }
    }
}

impl Projection for Tables {
    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        self.receive(&event.subject, event.version, event.withdrawn, &event.payload);
    }

    fn version(&self, subject: &str) -> Option<i64> {
        lock(&self.newest).get(subject).map(|state| state.version)
    }

    fn retain(&self, source: &Source, in_stream: &HashMap<String, i64>) {
        let prefix = format!("prima.{}.", source.service);
        let gone: Vec<(String, i64)> = lock(&self.newest)
            .range(prefix.clone()..)
            .take_while(|(subject, _)| subject.starts_with(&prefix))
            .filter(|(subject, state)| !state.withdrawn && !in_stream.contains_key(*subject))
            .map(|(subject, state)| (subject.clone(), state.version))
            .collect();
        for (subject, version) in gone {
            tracing::warn!(%subject, "the stream no longer has this subject; withdrawn here");
            self.receive(&subject, version + 1, true, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::ScoreState;
    use prost::Message;

    use super::*;

    #[test]
    fn a_subject_that_left_its_stream_is_in_no_table() {
        let tables = Tables::new(Clock::system());
        let subject = |unit: &str| format!("prima.survey.score.skm.2024.unit.3271.{unit}");
        let payload = ScoreState {
            value: "80.00".into(),
            ..Default::default()
        }
        .encode_to_vec();
        for unit in ["a", "b"] {
            tables.receive(&subject(unit), 5, false, &payload);
        }
        tables.receive("prima.index.score.ipp.2024.unit.3271.b", 5, false, &payload);
        assert_eq!(tables.read().unplaced(), 3);
        tables.retain(
            &Source::new("survey", &["prima.survey.score.>"]),
            &HashMap::from([(subject("a"), 1)]),
        );
        assert_eq!(tables.read().unplaced(), 2);
        let unsaved = tables.take_unsaved();
        let gone: Vec<&str> = unsaved
            .iter()
            .filter(|state| state.withdrawn != 0)
            .map(|state| state.subject.as_str())
            .collect();
        assert_eq!(gone, [subject("b")], "the snapshot must not bring it back");
        tables.receive(&subject("b"), 7, false, &payload);
        assert_eq!(tables.read().unplaced(), 3);
    }

    #[test]
    fn an_unreadable_state_is_counted_and_kept_until_it_is_withdrawn() {
        let tables = Tables::new(Clock::system());
        let (score, entry) = (
            "prima.survey.score.skm.2024.unit.3271.a",
            "prima.directory.unit.3271.a",
        );
        tables.receive(score, 5, false, b"\xff");
        tables.receive(entry, 5, false, b"\xff");
        // A state of the directory that is not ranked is not read.
        tables.receive("prima.directory.service.3271.a.b", 5, false, b"\xff");
        assert_eq!(tables.unreadable(), 2);
        let listed = |scope: &str, after: &str| -> Vec<String> {
            let found = tables.unreadable_states(&scope.parse().unwrap(), after, 9);
            found.into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(listed("agencies/3271/units/a", ""), [entry, score]);
        assert_eq!(listed("agencies/-", entry), [score]);
        assert!(listed("agencies/32", "").is_empty());
        let kept = tables.take_unsaved();
        let score_kept = kept.iter().find(|state| state.subject == score).unwrap();
        assert_eq!(
            (score_kept.version, score_kept.payload.as_slice()),
            (5, &b"\xff"[..])
        );
        // An older version changes nothing, neither here nor in the snapshot.
        tables.receive(score, 4, true, &[]);
        assert_eq!((tables.unreadable(), tables.take_unsaved()), (2, Vec::new()));
        tables.receive(score, 6, true, b"\xff");
        tables.receive(entry, 6, false, &[]);
        assert_eq!(tables.unreadable(), 0);
        assert!(listed("agencies/-", "").is_empty());
    }
}
