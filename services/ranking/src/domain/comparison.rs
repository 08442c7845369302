//! The rows in which two sets of league tables differ.

use std::collections::{BTreeSet, HashMap};

use super::rows_hash::{self, Canonical, Hash};
use super::{LeagueTables, Row, Subject, TableKey};

/// A row that is not the same, or not in the same place, in two tables of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub key: TableKey,
    /// The unit or agency.
    pub subject: Subject,
    /// Its row in the first one; `None` when it has none.
    pub one: Option<Row>,
    /// Its row in the second one.
    pub other: Option<Row>,
}

/// The result of comparing two sets of league tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Hash of all tables of the first one.
    pub one: Hash,
    /// Hash of all tables of the second one.
    pub other: Hash,
    /// Number of tables of the second one.
    pub tables: usize,
    /// Number of rows that differ.
    pub differing: usize,
    /// The first of them: those with another content, then those in another place only.
    pub differences: Vec<Difference>,
    /// Hash of the rows with another content, without their ranks, or if there are none, of those in another place. It is
    /// the same when the same rows differ again, wherever other rows are then. `None` when the tables are equal.
    pub differences_hash: Option<Hash>,
}

/// Differing rows: how many, the first of them, and the hash of all.
#[derive(Debug, Default)]
struct Found {
    count: usize,
    first: Vec<Difference>,
    hash: Canonical,
}

impl Found {
    fn add(&mut self, difference: Difference, most: usize) {
        self.count += 1;
        self.hash.text(&difference.key.to_string());
        self.hash.text(&difference.subject.to_string());
        for row in [&difference.one, &difference.other] {
            self.hash.row(row.as_ref().map(without_place).as_ref());
        }
        if self.first.len() < most {
            self.first.push(difference);
        }
    }
}

fn without_place(row: &Row) -> Row {
    Row {
        rank: None,
        version: 0,
        ..row.clone()
    }
}

/// Compares all rows without their versions, and names at most `most` of those that differ.
pub fn compare(one: &LeagueTables, other: &LeagueTables, most: usize) -> Comparison {
    let keys: BTreeSet<&TableKey> = one.tables().chain(other.tables()).map(|(key, _)| key).collect();
    let (mut all_one, mut all_other) = (Canonical::default(), Canonical::default());
    let (mut changed, mut moved) = (Found::default(), Found::default());
    for key in keys {
        let hashes = [one, other].map(|tables| rows_hash::of_table(tables, key));
        for (all, tables, hash) in [(&mut all_one, one, hashes[0]), (&mut all_other, other, hashes[1])] {
            if tables.table(key).is_some() {
                all.text(&key.to_string());
                all.bytes(&hash);
            }
        }
        if hashes[0] != hashes[1] {
            table(key, one, other, |difference, is_moved| {
                let found = if is_moved { &mut moved } else { &mut changed };
                found.add(difference, most);
            });
        }
    }
    let differing = changed.count + moved.count;
    let (is_moved_only, is_equal) = (changed.count == 0, differing == 0);
    let mut differences = changed.first;
    differences.extend(moved.first);
    differences.truncate(most);
    let hash = if is_moved_only { moved.hash } else { changed.hash };
    Comparison {
        one: all_one.finish(),
        other: all_other.finish(),
        tables: other.tables().count(),
        differing,
        differences,
        differences_hash: (!is_equal).then(|| hash.finish()),
    }
}

/// Calls `found` with each row that differs in a table, and whether only its place does.
fn table(key: &TableKey, one: &LeagueTables, other: &LeagueTables, mut found: impl FnMut(Difference, bool)) {
    let rows = |tables: &LeagueTables| tables.rows(key, 0, usize::MAX).unwrap_or_default();
    let (rows_one, rows_other) = (rows(one), rows(other));
    let mut places: HashMap<&Subject, usize> = rows_other
        .iter()
        .enumerate()
        .map(|(place, row)| (&row.subject, place))
        .collect();
    let difference = |subject: &Subject, one: Option<&Row>, other: Option<&Row>| Difference {
        key: key.clone(),
        subject: subject.clone(),
        one: one.cloned(),
        other: other.cloned(),
    };
    for (place, row) in rows_one.iter().enumerate() {
        let Some(place_other) = places.remove(&row.subject) else {
            found(difference(&row.subject, Some(row), None), false);
            continue;
        };
        let Some(row_other) = rows_other.get(place_other) else {
            continue;
        };
        let is_same = without_place(row) == without_place(row_other);
        if !is_same || place != place_other || row.rank != row_other.rank {
            found(difference(&row.subject, Some(row), Some(row_other)), is_same);
        }
    }
    for row in rows_other.iter().filter(|row| places.contains_key(&row.subject)) {
        found(difference(&row.subject, None, Some(row)), false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::{key, score, unit, unit_name};

    fn tables(members: &[(&str, &str)]) -> LeagueTables {
        let mut tables = LeagueTables::default();
        for (name, value) in members {
            tables.unit(unit_name(name), 1, unit("clinic"));
            tables.score("survey", 1, score(name, value)).unwrap();
        }
        tables
    }

    #[test]
    fn equal_tables_do_not_differ() {
        let members = [("11/a", "90"), ("11/b", "80")];
        let one = tables(&members);
        let mut other = tables(&members);
        other.score("survey", 9, score("11/a", "90")).unwrap();
        let compared = compare(&one, &other, 9);
        assert_eq!(
            (compared.differing, compared.differences_hash, compared.tables),
            (0, None, 2)
        );
        assert_eq!(
            (compared.one, compared.one),
            (compared.other, rows_hash::of_all(&one))
        );
    }

    #[test]
    fn rows_with_other_figures_are_named_before_those_that_they_moved() {
        let one = tables(&[("11/a", "90"), ("11/b", "80"), ("11/c", "70"), ("11/d", "60")]);
        let other = tables(&[("11/a", "90"), ("11/c", "70"), ("11/d", "65"), ("11/e", "10")]);
        let compared = compare(&one, &other, 100);
        let of_clinics: Vec<(&str, Option<usize>, Option<usize>)> = compared
            .differences
            .iter()
            .filter(|difference| difference.key == key("clinic"))
            .map(|difference| {
                let rank = |row: &Option<Row>| row.as_ref().and_then(|row| row.rank);
                let unit = difference.subject.unit_id().unwrap();
                (unit, rank(&difference.one), rank(&difference.other))
            })
            .collect();
        let expected = [
            ("b", Some(2), None),
            ("d", Some(4), Some(3)),
            ("e", None, Some(4)),
            ("c", Some(3), Some(2)),
        ];
        assert_eq!(of_clinics, expected);
        assert_eq!(
            (compared.differing, compare(&one, &other, 3).differences.len()),
            (8, 3)
        );
        assert_ne!(compared.one, compared.other);
    }

    #[test]
    fn the_same_differences_have_the_same_hash_whatever_else_changes() {
        let hash = |others: &[(&str, &str)], rebuilt: &str| {
            let one = tables(&[others, &[("11/x", "50")]].concat());
            let other = tables(&[others, &[("11/x", rebuilt)]].concat());
            compare(&one, &other, 1).differences_hash
        };
        let first = hash(&[("11/a", "90")], "40");
        assert!(first.is_some());
        assert_eq!(first, hash(&[("11/a", "30"), ("11/b", "45")], "40"));
        assert_ne!(first, hash(&[("11/a", "90")], "41"));
    }
}
