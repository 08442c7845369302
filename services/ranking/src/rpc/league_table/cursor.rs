//! The cursors between the pages of a league table.

use crate::domain::{LeagueTables, Row, SortKey, Subject, TableKey};

/// The row after which a page begins. It has the sort key of the row instead of its position, so that rows which move
/// meanwhile make no other row be skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub subject: Subject,
    pub sort_key: SortKey,
}

/// The cursor of the page after a row.
pub fn after(league_tables: &LeagueTables, key: &TableKey, row: &Row) -> String {
    let sort_key = league_tables.sort_key(key, &row.subject);
    format!("{} {}", sort_key.unwrap_or(SortKey::UNRANKED).text(), row.subject)
}

/// Parses a cursor; `None` when it has another form, such as that of an earlier release.
pub fn parse(cursor: &str) -> Option<Cursor> {
    let (sort_key, subject) = cursor.split_once(' ')?;
    Some(Cursor {
        subject: Subject::parse(subject).ok()?,
        sort_key: SortKey::parse(sort_key)?,
    })
}

#[cfg(test)]
mod tests {
    use prima_proto::name;

    use super::*;
    use crate::{
        domain::{Figures, LeagueTables, Score, TableKey, UnitFacts},
        rpc::message,
    };

    fn put(league_tables: &mut LeagueTables, version: i64, unit: &str, value: &str, sample_minimum: i64) {
        let name = name::Unit::parse(&format!("agencies/32/units/{unit}")).unwrap();
        let facts = UnitFacts {
            display_name: unit.to_owned(),
            unit_type: "rsud".to_owned(),
            agency_type: None,
            close_date: None,
            withdrawn: false,
        };
        league_tables.unit(name.clone(), version, facts);
        let score = Score {
            metric: "skm".to_owned(),
            period: "2024".to_owned(),
            subject: Subject::Unit(name),
            figures: Figures {
                sample_size: 10,
                sample_minimum,
                recorded: unit == "recorded",
                counted: 10,
                instrument: "permenpanrb-14-2017".to_owned(),
                ..Figures::of(value)
            },
            withdrawn: false,
        };
        league_tables.score("survey", version, score).unwrap();
    }

    /// Unit and rank of each row of the page at a cursor, and the cursor of the next page.
    fn page(
        league_tables: &LeagueTables,
        start: &str,
        size: usize,
    ) -> (Vec<(String, Option<usize>)>, String) {
        let key = TableKey::parse("metrics/skm/periods/2024/cohorts/rsud").unwrap();
        let table = league_tables.table(&key).unwrap();
        let offset = parse(start).map_or(0, |cursor| table.up_to(&cursor.subject, cursor.sort_key));
        let rows = league_tables.rows(&key, offset, size).unwrap();
        let end = rows
            .last()
            .map(|row| after(league_tables, &key, row))
            .unwrap_or_default();
        let rows = rows
            .iter()
            .map(|r| (r.subject.unit_id().unwrap_or_default().to_owned(), r.rank));
        (rows.collect(), end)
    }

    #[test]
    fn a_row_shows_whether_its_value_was_recorded() {
        let mut league_tables = LeagueTables::default();
        put(&mut league_tables, 1, "recorded", "90", 0);
        put(&mut league_tables, 2, "computed", "80", 0);
        let key = TableKey::parse("metrics/skm/periods/2024/cohorts/rsud").unwrap();
        let rows = league_tables.rows(&key, 0, 9).unwrap();
        let recorded: Vec<bool> = rows.into_iter().map(|r| message::row(r).recorded).collect();
        assert_eq!(recorded, [true, false]);
    }

    fn row(unit: &str, rank: impl Into<Option<usize>>) -> (String, Option<usize>) {
        (unit.to_owned(), rank.into())
    }

    #[test]
    fn a_row_that_moves_makes_no_other_be_skipped() {
        let mut league_tables = LeagueTables::default();
        for (unit, value, minimum) in [
            ("a", "95.00", 0),
            ("b", "90.00", 0),
            ("c", "90.00", 0),
            ("d", "85.00", 0),
            ("e", "99.00", 30),
            ("f", "70.00", 30),
        ] {
            put(&mut league_tables, 1, unit, value, minimum);
        }
        let (first, end) = page(&league_tables, "", 2);
        assert_eq!(first, [row("a", 1), row("b", 2)]);
        // The last row rises to the top and the first falls: no row that was not message yet is skipped.
        put(&mut league_tables, 2, "d", "99.00", 0);
        put(&mut league_tables, 2, "b", "80.00", 0);
        let (second, end) = page(&league_tables, &end, 2);
        assert_eq!(second, [row("c", 3), row("b", 4)]);
        let (third, end) = page(&league_tables, &end, 1);
        assert_eq!(third, [row("e", None)]);
        assert_eq!(page(&league_tables, &end, 9).0, [row("f", None)]);
        assert_eq!(parse("no cursor"), None);
    }
}
