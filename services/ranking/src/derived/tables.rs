//! The tables of this replica, and the bells of those who watch them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak},
};

use prima_platform::{
    bus::Delivery,
    clock::{Clock, micros},
    consume::{Projection, Source},
};
use prima_proto::score;
use tokio::sync::watch;

use crate::{
    domain::{BadScore, Board, Changed, TableKey},
    events::{self, Fact},
    store::Heard,
};

type Bell = watch::Sender<u64>;

/// What is remembered of the newest state of a subject.
#[derive(Debug, Clone, Copy)]
struct Newest {
    version: i64,
    withdrawn: bool,
    unreadable: bool,
}

/// Why a state can't be read by this release.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Subject(#[from] score::Error),
    #[error("payload: {0}")]
    Payload(#[from] prost::DecodeError),
    #[error(transparent)]
    Score(#[from] BadScore),
}

/// All tables in memory.
#[derive(Debug)]
pub struct Tables {
    clock: Clock,
    board: RwLock<Board>,
    unsaved: Mutex<BTreeMap<String, Heard>>,
    /// The newest state heard of every subject.
    newest: Mutex<BTreeMap<String, Newest>>,
    bells: Mutex<HashMap<TableKey, Weak<Bell>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tables {
    /// No tables yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            board: RwLock::default(),
            unsaved: Mutex::default(),
            newest: Mutex::default(),
            bells: Mutex::default(),
        }
    }

    /// The board, to be read.
    pub fn board(&self) -> RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A bell that rings when a table changes, for as long as it is held.
    pub fn watch(&self, key: &TableKey) -> Arc<Bell> {
        let mut bells = lock(&self.bells);
        if let Some(bell) = bells.get(key).and_then(Weak::upgrade) {
            return bell;
        }
        bells.retain(|_, bell| bell.strong_count() > 0);
        let bell = Arc::new(watch::Sender::new(0));
        bells.insert(key.clone(), Arc::downgrade(&bell));
        bell
    }

    fn ring(&self, changed: &Changed) {
        if changed.is_empty() {
            return;
        }
        let bells = lock(&self.bells);
        for bell in changed
            .iter()
            .filter_map(|key| bells.get(key))
            .filter_map(Weak::upgrade)
        {
            bell.send_modify(|n| *n += 1);
        }
    }

    /// Number of subjects whose newest state can't be read: they are in no table.
    pub fn unreadable(&self) -> usize {
        lock(&self.newest)
            .values()
            .filter(|state| state.unreadable)
            .count()
    }

    /// Applies the newest state of its subject, whether it can be read or not; false when a newer one, or this one, was
    /// applied before.
    pub fn put(&self, heard: &Heard) -> bool {
        let Heard {
            subject,
            version,
            payload,
            ..
        } = heard;
        let withdrawn = heard.withdrawn != 0;
        // Held to the end, so that two states of a subject are applied in the order of their versions.
        let mut newest = lock(&self.newest);
        if newest.get(subject).is_some_and(|state| state.version >= *version) {
            return false;
        }
        let span = tracing::info_span!("table update", prima.version = version);
        let told = span.in_scope(|| self.tell(subject, *version, withdrawn, payload));
        let unreadable = told.is_err() && !withdrawn;
        if unreadable && let Err((error, _)) = &told {
            // Its row is gone. What was heard is in the stream and in the snapshot: a release that understands it shows it.
            tracing::error!(subject, version, %error, "the newest state can't be read; shown in no table");
        }
        let state = Newest {
            version: *version,
            withdrawn,
            unreadable,
        };
        newest.insert(subject.clone(), state);
        drop(newest);
        self.ring(&told.unwrap_or_else(|(_, changed)| changed));
        true
    }

    /// Tells the board what a state says, or that it can't be read: why, and what that changed.
    fn tell(
        &self,
        subject: &str,
        version: i64,
        withdrawn: bool,
        payload: &[u8],
    ) -> Result<Changed, (Unreadable, Changed)> {
        let about = match events::about(subject) {
            Ok(Some(about)) => about,
            Ok(None) => return Ok(Changed::default()),
            // No state of it was ever read.
            Err(error) => return Err((error.into(), Changed::default())),
        };
        let fact = events::read(about.clone(), withdrawn, payload);
        let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
        let told = match fact {
            Ok(Fact::Agency(name, facts)) => Ok(board.agency(name, version, facts)),
            Ok(Fact::Unit(name, facts)) => Ok(board.unit(name, version, facts)),
            Ok(Fact::Score(source, score)) => board.score(&source, version, score).map_err(Unreadable::from),
            Err(error) => Err(error.into()),
        };
        told.map_err(|error| (error, board.unreadable(about, version)))
    }

    /// Applies a state and keeps it for the snapshot, unless a newer one, or this one, was heard before.
    fn hear(&self, subject: &str, version: i64, withdrawn: bool, payload: &[u8]) {
        let heard = Heard {
            subject: subject.to_owned(),
            version,
            withdrawn: i64::from(withdrawn),
            payload: payload.to_vec(),
            applied_at: micros(self.clock.now()),
        };
        if self.put(&heard) {
            self.put_back(vec![heard]);
        }
    }

    /// What was heard since the last time, in order of subject.
    pub fn take_unsaved(&self) -> Vec<Heard> {
        std::mem::take(&mut *lock(&self.unsaved)).into_values().collect()
    }

    /// Puts back what could not be saved, unless something newer was heard.
    pub fn put_back(&self, heard: Vec<Heard>) {
        let mut unsaved = lock(&self.unsaved);
        for one in heard {
            if unsaved
                .get(&one.subject)
                .is_none_or(|kept| kept.version < one.version)
            {
                unsaved.insert(one.subject.clone(), one);
            }
        }
    }
}

impl Projection for Tables {
    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        self.hear(&event.subject, event.version, event.withdrawn, &event.payload);
    }

    fn version(&self, subject: &str) -> Option<i64> {
        lock(&self.newest).get(subject).map(|state| state.version)
    }

    fn retain(&self, source: &Source, held: &HashMap<String, i64>) {
        let prefix = format!("prima.{}.", source.service);
        let gone: Vec<(String, i64)> = lock(&self.newest)
            .range(prefix.clone()..)
            .take_while(|(subject, _)| subject.starts_with(&prefix))
            .filter(|(subject, state)| !state.withdrawn && !held.contains_key(*subject))
            .map(|(subject, state)| (subject.clone(), state.version))
            .collect();
        for (subject, version) in gone {
            tracing::warn!(%subject, "its owner holds it no longer; withdrawn here");
            self.hear(&subject, version + 1, true, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::ScoreState;
    use prost::Message;

    use super::*;

    #[test]
    fn what_its_owner_holds_no_longer_is_in_no_table() {
        let tables = Tables::new(Clock::system());
        let subject = |unit: &str| format!("prima.survey.score.skm.2024.unit.3271.{unit}");
        let payload = ScoreState {
            value: "80.00".into(),
            ..Default::default()
        }
        .encode_to_vec();
        for unit in ["a", "b"] {
            tables.hear(&subject(unit), 5, false, &payload);
        }
        tables.hear("prima.index.score.ipp.2024.unit.3271.b", 5, false, &payload);
        assert_eq!(tables.board().unplaced(), 3);
        tables.retain(
            &Source::new("survey", &["prima.survey.score.>"]),
            &HashMap::from([(subject("a"), 1)]),
        );
        assert_eq!(tables.board().unplaced(), 2);
        let unsaved = tables.take_unsaved();
        let gone: Vec<&str> = unsaved
            .iter()
            .filter(|h| h.withdrawn != 0)
            .map(|h| h.subject.as_str())
            .collect();
        assert_eq!(gone, [subject("b")], "the snapshot must not bring it back");
        tables.hear(&subject("b"), 7, false, &payload);
        assert_eq!(tables.board().unplaced(), 3);
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_kept_until_it_ends() {
        let tables = Tables::new(Clock::system());
        let (score, entry) = (
            "prima.survey.score.skm.2024.unit.3271.a",
            "prima.directory.unit.3271.a",
        );
        tables.hear(score, 5, false, b"\xff");
        tables.hear(entry, 5, false, b"\xff");
        // Of another service's, and not ranked: nothing to be read.
        tables.hear("prima.directory.service.3271.a.b", 5, false, b"\xff");
        assert_eq!(tables.unreadable(), 2);
        let kept = tables.take_unsaved();
        let score_kept = kept.iter().find(|heard| heard.subject == score).unwrap();
        assert_eq!(
            (score_kept.version, score_kept.payload.as_slice()),
            (5, &b"\xff"[..])
        );
        // An older one changes nothing, here and in the snapshot.
        tables.hear(score, 4, true, &[]);
        assert_eq!((tables.unreadable(), tables.take_unsaved()), (2, Vec::new()));
        tables.hear(score, 6, true, b"\xff");
        tables.hear(entry, 6, false, &[]);
        assert_eq!(tables.unreadable(), 0);
    }
}
