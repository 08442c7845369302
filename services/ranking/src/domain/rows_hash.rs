//! The hash of rows, without versions and times: tables of the same rows have the same hash, wherever and in whatever order
//! their states arrived.

use sha2::{Digest, Sha256};

use super::{Figures, LeagueTables, Row, Status, TableKey};

/// A SHA-256.
pub type Hash = [u8; 32];

/// A hash as hexadecimal text.
pub fn hex(hash: Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rows that are read at once.
const CHUNK: usize = 1000;

/// Hashes values in their order, each so that no other values have the same bytes.
#[derive(Debug, Default)]
pub(super) struct Canonical(Sha256);

impl Canonical {
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        self.0.update(bytes);
    }

    pub(super) fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    /// A row in its place; with `None` that there is none.
    pub(super) fn row(&mut self, row: Option<&Row>) {
        let Some(row) = row else {
            return self.number(-1);
        };
        self.number(row.rank.and_then(|rank| i64::try_from(rank).ok()).unwrap_or(0));
        self.content(row);
    }

    /// A row without its place.
    fn content(&mut self, row: &Row) {
        // All fields are named, so that a new one is not forgotten here.
        let Row {
            rank: _,
            subject,
            display_name,
            agency_display_name,
            score,
            unranked,
            units,
            units_required,
            version: _,
        } = row;
        let Figures {
            value,
            category,
            category_display_name,
            sample_size,
            sample_minimum,
            units_counted,
            units_expected,
            status,
            recorded,
            counted,
            pending,
            too_few,
            in_question,
            value_with_questioned,
            instrument,
            aggregation,
            exact,
            standard_error,
        } = score;
        let [exact, standard_error] = [exact, standard_error]
            .map(|number| number.map_or_else(String::new, |number| number.normalize().to_string()));
        self.text(&subject.to_string());
        for text in [
            display_name,
            agency_display_name,
            value,
            category,
            category_display_name,
            value_with_questioned,
            instrument,
            aggregation,
            &exact,
            &standard_error,
        ] {
            self.text(text);
        }
        let flags = [
            i64::from(*recorded),
            i64::from(*too_few),
            i64::from(*status == Status::Final),
        ];
        let numbers = [
            *sample_size,
            *sample_minimum,
            *units_counted,
            *units_expected,
            *counted,
            *pending,
            *in_question,
            units.fit,
            units.recorded,
            *units_required,
            unranked.map_or(0, |reason| i64::from(reason.number())),
        ];
        for number in flags.into_iter().chain(numbers) {
            self.number(number);
        }
    }

    pub(super) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The hash of the rows of a table; that of no rows when there is no such table.
pub fn of_table(league_tables: &LeagueTables, key: &TableKey) -> Hash {
    let mut hash = Canonical::default();
    let mut offset = 0;
    loop {
        let rows = league_tables.rows(key, offset, CHUNK).unwrap_or_default();
        for row in &rows {
            hash.row(Some(row));
        }
        if rows.len() < CHUNK {
            return hash.finish();
        }
        offset += CHUNK;
    }
}

/// The hash of all tables: of the name and the hash of each, in the order of metric, period and cohort.
pub fn of_all(league_tables: &LeagueTables) -> Hash {
    let mut hash = Canonical::default();
    for (key, _) in league_tables.tables() {
        hash.text(&key.to_string());
        hash.bytes(&of_table(league_tables, key));
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::{key, score, unit, unit_name};

    fn tables(version: i64, names: [&str; 2], value: &str) -> LeagueTables {
        let mut tables = LeagueTables::default();
        for name in names {
            tables.unit(unit_name(name), version, unit("clinic"));
            tables.score("survey", version, score(name, value)).unwrap();
        }
        tables
    }

    #[test]
    fn a_hash_depends_on_the_rows_and_not_on_versions_or_the_order_of_arrival() {
        let first = tables(1, ["11/a", "11/b"], "90");
        assert_eq!(of_all(&first), of_all(&tables(7, ["11/b", "11/a"], "90")));
        assert_ne!(of_all(&first), of_all(&tables(1, ["11/a", "11/b"], "91")));
        assert_ne!(of_all(&first), of_all(&tables(1, ["11/a", "11/c"], "90")));
        let table = of_table(&first, &key("clinic"));
        assert_eq!(table, of_table(&first, &key("units.11")), "the same rows");
        assert_ne!(table, of_table(&first, &key("school")));
    }

    #[test]
    fn a_table_is_hashed_beyond_the_rows_that_are_read_at_once() {
        let mut tables = LeagueTables::default();
        for n in 0..=CHUNK {
            let name = format!("11/u{n:04}");
            tables.unit(unit_name(&name), 1, unit("clinic"));
            tables.score("survey", 1, score(&name, "90")).unwrap();
        }
        let before = of_table(&tables, &key("clinic"));
        tables
            .score("survey", 2, score(&format!("11/u{CHUNK:04}"), "10"))
            .unwrap();
        assert_ne!(of_table(&tables, &key("clinic")), before);
    }
}
