//! Tables that are rebuilt beside those that are read.

use std::sync::{Arc, PoisonError, Weak};

use prima_platform::{clock::micros, consume::Projection};

use super::{Tables, lock, received};
use crate::{
    domain::comparison::{self, Comparison},
    store::StoredState,
};

impl Tables {
    /// Applies states here and to the tables that are being rebuilt, so that no moment lies between the two for whoever holds
    /// the lock.
    pub(super) fn receive_both(&self, states: Vec<StoredState>) {
        let rebuilt = lock(&self.rebuilt);
        if let Some(rebuilt) = &*rebuilt {
            rebuilt.receive(states.clone());
        }
        self.receive(states);
    }

    /// Begins to pass every state on to empty tables, until they are dropped; `None` while there are such tables.
    pub fn begin_rebuild(self: &Arc<Self>) -> Option<Rebuilding> {
        let mut rebuilt = lock(&self.rebuilt);
        if rebuilt.is_some() {
            return None;
        }
        let tables = Arc::new(Self::new(self.clock.clone()));
        *rebuilt = Some(Arc::clone(&tables));
        Some(Rebuilding {
            live: Arc::clone(self),
            tables,
        })
    }

    /// Takes over what rebuilt tables of these services contain. The snapshot gets what it lacks of that, and the withdrawal
    /// of what they lack.
    fn replace_by(&self, rebuilt: &Self, services: &[&str]) {
        let now = micros(self.clock.now());
        let mut states = rebuilt.take_unsaved();
        states.retain(|state| self.version(&state.subject) < Some(state.version));
        let all = services.iter().flat_map(|service| self.subjects(service));
        let gone = all.filter(|(subject, _)| rebuilt.version(subject).is_none());
        states.extend(
            gone.map(|(subject, version)| {
                received(subject, version.saturating_add(1), true, Vec::new(), now)
            }),
        );
        let mut others = lock(&self.others);
        let mut league_tables = self.league_tables.write().unwrap_or_else(PoisonError::into_inner);
        *others = std::mem::take(&mut *lock(&rebuilt.others));
        let mut new = rebuilt
            .league_tables
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *league_tables = std::mem::take(&mut *new);
        self.hashes.clear();
        drop((league_tables, others));
        self.keep(states);
        for channel in lock(&self.channels).values().filter_map(Weak::upgrade) {
            channel.send_modify(|n| *n += 1);
        }
    }
}

/// How rebuilt tables compare with those that are read.
#[derive(Debug)]
pub struct Compared {
    /// The rows.
    pub comparison: Comparison,
    /// Whether the rebuilt tables are read now.
    pub is_replaced: bool,
    /// Whether both have the same version of every subject, so that only a fault explains rows that differ. While states are
    /// published, one may have left the stream before it was read for the rebuilt tables, and the newer one that replaced it
    /// may not have arrived yet.
    pub has_same_states: bool,
}

/// Tables that are being rebuilt beside those that are read. They are given up when this is dropped.
#[derive(Debug)]
pub struct Rebuilding {
    live: Arc<Tables>,
    /// The tables that are being rebuilt.
    pub tables: Arc<Tables>,
}

impl Rebuilding {
    /// Compares the rebuilt tables with those that are read, and puts them in their place when they are equal or `accepts` the
    /// difference. The comparison has at most `most` rows. Readers go on reading; states of `services` wait.
    pub fn compare_and_replace(
        &self,
        services: &[&str],
        most: usize,
        accepts: impl FnOnce(&Comparison) -> bool,
    ) -> Compared {
        let _no_state_between = lock(&self.live.rebuilt);
        let comparison = comparison::compare(&self.live.read(), &self.tables.read(), most);
        let is_replaced = comparison.differences_hash.is_none() || accepts(&comparison);
        let has_same = |service: &&str| self.live.subjects(service) == self.tables.subjects(service);
        let has_same_states = is_replaced || services.iter().all(has_same);
        if is_replaced {
            self.live.replace_by(&self.tables, services);
        }
        Compared {
            comparison,
            is_replaced,
            has_same_states,
        }
    }
}

impl Drop for Rebuilding {
    fn drop(&mut self) {
        *lock(&self.live.rebuilt) = None;
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::clock::Clock;
    use prima_proto::event::v1::{ScoreState, UnitState};
    use prost::Message;

    use super::super::tests::receive;
    use super::*;

    #[test]
    fn what_rebuilt_tables_lack_is_withdrawn_in_the_snapshot_and_what_they_have_is_saved() {
        let live = Arc::new(Tables::new(Clock::system()));
        let subject = |unit: &str| format!("prima.survey.score.skm.2024.unit.3271.{unit}");
        let payload = ScoreState {
            value: "80.00".into(),
            ..Default::default()
        }
        .encode_to_vec();
        for unit in ["a", "b"] {
            receive(&live, &subject(unit), 5, false, &payload);
        }
        live.take_unsaved();
        let rebuilding = live.begin_rebuild().unwrap();
        assert!(live.begin_rebuild().is_none(), "one at a time");
        for (unit, version) in [("a", 5), ("c", 7)] {
            receive(&rebuilding.tables, &subject(unit), version, false, &payload);
        }
        // What is received meanwhile reaches both.
        live.receive_both(vec![received(subject("d"), 1, false, payload, 0)]);
        let compared = rebuilding.compare_and_replace(&["survey"], 9, |_| true);
        assert!(compared.is_replaced);
        let unsaved = live.take_unsaved();
        let unsaved: Vec<_> = unsaved
            .iter()
            .map(|state| (state.subject.as_str(), state.version, state.withdrawn))
            .collect();
        let expected = [(subject("b"), 6, 1), (subject("c"), 7, 0), (subject("d"), 1, 0)];
        assert_eq!(
            unsaved,
            expected
                .each_ref()
                .map(|(subject, version, gone)| (subject.as_str(), *version, *gone))
        );
        assert_eq!(live.read().unplaced(), 3);
        drop(rebuilding);
        assert!(live.begin_rebuild().is_some(), "its tables are freed");
    }

    #[test]
    fn a_state_that_one_of_the_tables_lacks_is_told_apart_from_a_fault() {
        let score = |value: &str| ScoreState {
            value: value.into(),
            ..Default::default()
        };
        let of_unit = UnitState {
            unit_type: "clinic".into(),
            ..Default::default()
        };
        let (unit, subject) = (
            "prima.directory.unit.11.a",
            "prima.survey.score.skm.2024.unit.11.a",
        );
        let services = ["directory", "survey"];
        let live = Arc::new(Tables::new(Clock::system()));
        receive(&live, unit, 1, false, &of_unit.encode_to_vec());
        receive(&live, subject, 1, false, &score("80").encode_to_vec());
        // The score left the stream before it was read for the rebuilt tables, since a newer one replaced it.
        let rebuilding = live.begin_rebuild().unwrap();
        receive(&rebuilding.tables, unit, 1, false, &of_unit.encode_to_vec());
        let compared = rebuilding.compare_and_replace(&services, 9, |_| false);
        assert!(!compared.is_replaced && !compared.has_same_states);
        live.receive_both(vec![received(
            subject.into(),
            2,
            false,
            score("90").encode_to_vec(),
            0,
        )]);
        let compared = rebuilding.compare_and_replace(&services, 9, |_| false);
        assert!(compared.is_replaced);
        drop(rebuilding);

        let rebuilding = live.begin_rebuild().unwrap();
        receive(&rebuilding.tables, unit, 1, false, &of_unit.encode_to_vec());
        receive(
            &rebuilding.tables,
            subject,
            2,
            false,
            &score("70").encode_to_vec(),
        );
        let compared = rebuilding.compare_and_replace(&services, 9, |_| false);
        assert!(!compared.is_replaced && compared.has_same_states, "a fault");
    }
}
