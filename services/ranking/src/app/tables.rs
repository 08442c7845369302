//! The tables of this replica, and the bells of those who watch them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak},
};

use prima_platform::{
    bus::Delivery,
    clock::{Clock, micros},
    consume::{Projection, Source},
};
use tokio::sync::watch;

use crate::{
    domain::{Board, Changed, TableKey},
    events::{self, Fact},
    store::Heard,
};

type Bell = watch::Sender<u64>;

/// All tables in memory.
#[derive(Debug)]
pub struct Tables {
    clock: Clock,
    board: RwLock<Board>,
    unsaved: Mutex<BTreeMap<String, Heard>>,
    /// Every subject that stands, with its version.
    standing: Mutex<BTreeMap<String, i64>>,
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
            standing: Mutex::default(),
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

    /// Applies a state: what it says, its subject and its version. An older one changes nothing.
    fn put(&self, subject: &str, version: i64, withdrawn: bool, payload: &[u8]) {
        let fact = match events::read(subject, withdrawn, payload) {
            Ok(fact) => fact,
            Err(error) => {
                // It stays in the stream; a release that understands it reads it again at its start.
                tracing::error!(subject, version, %error, "a state that can't be read is left out");
                return;
            }
        };
        let span = tracing::info_span!("table update", prima.version = version);
        let _entered = span.enter();
        let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
        let changed = match fact {
            Fact::Agency(name, facts) => board.agency(name, version, facts),
            Fact::Unit(name, facts) => board.unit(name, version, facts),
            Fact::Score(source, score) => match board.score(&source, version, score) {
                Ok(changed) => changed,
                Err(error) => {
                    tracing::error!(subject, version, %error, "a score that can't be ranked is left out");
                    return;
                }
            },
            Fact::Other => return,
        };
        drop(board);
        let mut standing = lock(&self.standing);
        if withdrawn {
            standing.remove(subject);
        } else {
            let newest = standing.entry(subject.to_owned()).or_insert(version);
            *newest = version.max(*newest);
        }
        drop(standing);
        self.ring(&changed);
    }

    /// Applies a state and keeps it for the snapshot.
    fn hear(&self, subject: &str, version: i64, withdrawn: bool, payload: &[u8]) {
        self.put(subject, version, withdrawn, payload);
        let heard = Heard {
            subject: subject.to_owned(),
            version,
            withdrawn: i64::from(withdrawn),
            payload: payload.to_vec(),
            applied_at: micros(self.clock.now()),
        };
        lock(&self.unsaved).insert(heard.subject.clone(), heard);
    }

    /// Applies a stored state.
    pub fn restore(&self, heard: &Heard) {
        self.put(
            &heard.subject,
            heard.version,
            heard.withdrawn != 0,
            &heard.payload,
        );
    }

    /// What was heard since the last time, in order of subject.
    pub fn take_unsaved(&self) -> Vec<Heard> {
        std::mem::take(&mut *lock(&self.unsaved)).into_values().collect()
    }

    /// Puts back what could not be saved, unless something newer was heard.
    pub fn put_back(&self, heard: Vec<Heard>) {
        let mut unsaved = lock(&self.unsaved);
        for one in heard {
            unsaved.entry(one.subject.clone()).or_insert(one);
        }
    }
}

impl Projection for Tables {
    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        self.hear(&event.subject, event.version, event.withdrawn, &event.payload);
    }

    fn retain(&self, source: &Source, held: &HashSet<String>) {
        let prefix = format!("prima.{}.", source.service);
        let gone: Vec<(String, i64)> = lock(&self.standing)
            .range(prefix.clone()..)
            .take_while(|(subject, _)| subject.starts_with(&prefix))
            .filter(|(subject, _)| !held.contains(*subject))
            .map(|(subject, version)| (subject.clone(), *version))
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
            &HashSet::from([subject("a")]),
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
}
