//! Positions in a table.

use proptest::prelude::*;

use super::*;

fn sort_key(value: &str) -> SortKey {
    SortKey::ranked(value.parse().unwrap())
}

/// A table of agencies with the texts of these.
#[derive(Default)]
struct Owned {
    ranks: Ranks,
    subjects: Texts,
}

impl Owned {
    fn of(members: &[(&str, SortKey)]) -> Self {
        let mut table = Self::default();
        for (agency, sort_key) in members {
            assert!(table.insert(agency, *sort_key));
        }
        table
    }

    fn insert(&mut self, agency: &str, sort_key: SortKey) -> bool {
        let id = self.subjects.number(&[agency]);
        let sought = Sought::new(&self.subjects, id);
        self.ranks.insert(&self.subjects, sought, sort_key)
    }

    fn remove(&mut self, agency: &str, sort_key: SortKey) -> bool {
        let id = self.subjects.number(&[agency]);
        let sought = Sought::new(&self.subjects, id);
        self.ranks.remove(&self.subjects, sought, sort_key)
    }

    fn read(&self) -> Table<'_> {
        Table::new(&self.ranks, &self.subjects)
    }

    fn from(&self, offset: usize) -> Vec<(Option<usize>, String)> {
        self.read()
            .iter_from(offset)
            .map(|(rank, subject)| (rank, subject.agency_id().to_owned()))
            .collect()
    }
}

#[test]
fn ties_share_a_rank_and_leave_a_gap() {
    let table = Owned::of(&[
        ("d", sort_key("7")),
        ("c", sort_key("91.40")),
        ("u", SortKey::UNRANKED),
        ("a", sort_key("95")),
        ("b", sort_key("91.4")),
    ]);
    let expected = [
        (Some(1), "a"),
        (Some(2), "b"),
        (Some(2), "c"),
        (Some(4), "d"),
        (None, "u"),
    ];
    let expected: Vec<_> = expected.map(|(rank, id)| (rank, id.to_owned())).into();
    for offset in 0..=5 {
        assert_eq!(table.from(offset), expected[offset..]);
    }
    let table = table.read();
    assert_eq!((table.len(), table.ranked(), table.unranked()), (5, 4, 1));
}

#[test]
fn values_of_any_size_and_sign_are_ordered() {
    let values = [
        "79228162514264337593543950335",
        "79228162514264337593543950334",
        "1",
        "0.00000002",
        "0.0000000000000000000000000001",
        "0",
        "-0.5",
        "-2",
    ];
    let ids = ["h", "g", "f", "e", "d", "c", "b", "a"];
    let members: Vec<_> = ids.into_iter().zip(values.map(sort_key)).collect();
    let table = Owned::of(&members);
    let expected: Vec<_> = (1..).map(Some).zip(ids.map(str::to_owned)).collect();
    for offset in 0..=8 {
        assert_eq!(table.from(offset), expected[offset..]);
    }
    assert_eq!(table.read().rank(sort_key("-0")), Some(6));
    assert_eq!(table.read().rank(sort_key("0.00000001")), Some(5));
}

#[test]
fn ties_beyond_the_first_characters_of_the_agency_are_by_subject() {
    let ids = ["abcde", "abcdefgh", "abcdefgh-1", "abcdefgh-2", "abcdefghz", "b"];
    let members: Vec<_> = ids.into_iter().rev().map(|id| (id, sort_key("1"))).collect();
    let found: Vec<_> = Owned::of(&members)
        .from(0)
        .into_iter()
        .map(|(_, id)| id)
        .collect();
    assert_eq!(found, ids);
}

#[test]
fn a_member_is_removed_only_by_its_current_sort_key() {
    for (value, same, other) in [("1", "1.0", "2"), ("0.0000001", "0.00000010", "0.0000002")] {
        let mut table = Owned::of(&[("a", sort_key(value))]);
        assert!(!table.remove("a", sort_key(other)));
        assert!(table.remove("a", sort_key(same)));
        assert!(table.read().is_empty());
    }
}

fn subjects() -> impl Strategy<Value = Subject> {
    let id = "[a-c0-1./A~-]{1,6}";
    (id, prop::option::of(id)).prop_map(|(agency, unit)| match unit {
        Some(unit) => Subject::Unit(name::Unit { agency, unit }),
        None => Subject::Agency(name::Agency { agency }),
    })
}

fn text(subject: &Subject) -> String {
    let (parts, count) = subject_parts(subject);
    texts::joined(&parts[..count])
}

proptest! {
    #[test]
    fn texts_of_subjects_are_in_the_order_of_the_subjects(a in subjects(), b in subjects()) {
        prop_assert_eq!(text(&a).cmp(&text(&b)), a.cmp(&b));
        prop_assert!(a >= b || prefix(&text(&a)) <= prefix(&text(&b)));
        prop_assert_eq!(subject_of(&text(&a)), a);
    }

    #[test]
    fn ranks_and_positions_are_those_of_a_sorted_list(
        members in prop::collection::btree_map(subjects(), (0..4_usize, 0..3_i64), 0..60),
        removed in prop::collection::vec(any::<bool>(), 60),
    ) {
        // The last two share the first integer of their sort keys.
        let values = ["91.4", "90", "90.000001", "90.000002"];
        let key = |(value, tie): (usize, i64)| {
            let value = values[value].parse().unwrap();
            SortKey::ordered(super::super::Direction::HigherFirst, value, [tie, 40_000 * tie])
        };
        let mut table = Owned::default();
        let mut sorted = Vec::new();
        for ((subject, value), removed) in members.iter().zip(removed) {
            let (parts, count) = subject_parts(subject);
            let id = table.subjects.number(&parts[..count]);
            prop_assert!(table.ranks.insert(&table.subjects, Sought::new(&table.subjects, id), key(*value)));
            if removed {
                prop_assert!(table.ranks.remove(&table.subjects, Sought::new(&table.subjects, id), key(*value)));
            } else {
                sorted.push((key(*value), subject.clone()));
            }
        }
        sorted.sort();
        let table = table.read();
        for offset in 0..=sorted.len() {
            let expected = sorted.iter().skip(offset).map(|(own, subject)| {
                let better = sorted.iter().filter(|(other, _)| other < own).count();
                (Some(better + 1), subject.clone())
            });
            prop_assert!(table.iter_from(offset).eq(expected));
        }
        for (subject, value) in &members {
            let up_to = sorted.iter().filter(|other| **other <= (key(*value), subject.clone())).count();
            prop_assert_eq!(table.up_to(subject, key(*value)), up_to);
        }
    }
}
