//! The marks between the pages of a league table.

use std::sync::Arc;

use crate::domain::{Row, Seat, Subject};

/// Where a page ends: the seat of its last row, so that rows which move meanwhile push no other over the edge.
pub fn mark(row: &Row) -> String {
    let value = row.rank.map_or("", |_| &row.score.value);
    format!("{value} {}", row.subject)
}

/// The seat that a mark names; `None` for the first page.
pub fn after(mark: &str) -> Option<(Arc<Subject>, Seat)> {
    let (value, subject) = mark.split_once(' ')?;
    let seat = match value {
        "" => Seat::UNRANKED,
        value => Seat::ranked(value.parse().ok()?),
    };
    Some((Arc::new(Subject::parse(subject).ok()?), seat))
}

#[cfg(test)]
mod tests {
    use prima_proto::name;

    use super::*;
    use crate::{
        domain::{Board, Figures, Score, Status, TableKey, UnitFacts},
        rpc::shown,
    };

    fn put(board: &mut Board, version: i64, unit: &str, value: &str, sample_minimum: i64) {
        let name = name::Unit::parse(&format!("agencies/32/units/{unit}")).unwrap();
        let facts = UnitFacts {
            display_name: unit.to_owned(),
            unit_type: "rsud".to_owned(),
            withdrawn: false,
        };
        board.unit(name.clone(), version, facts);
        let score = Score {
            metric: "skm".to_owned(),
            period: "2024".to_owned(),
            subject: Subject::Unit(name),
            figures: Figures {
                value: value.to_owned(),
                category: String::new(),
                sample_size: 10,
                sample_minimum,
                units_counted: 0,
                units_expected: 0,
                status: Status::Provisional,
                recorded: unit == "recorded",
            },
            withdrawn: false,
        };
        board.score("survey", version, score).unwrap();
    }

    /// Unit and rank of each row of the page after `mark`.
    fn page(board: &Board, mark_before: &str, size: usize) -> (Vec<(String, Option<usize>)>, String) {
        let key = TableKey::parse("metrics/skm/periods/2024/cohorts/rsud").unwrap();
        let table = board.table(&key).unwrap();
        let offset = after(mark_before).map_or(0, |(subject, seat)| table.up_to(&subject, seat));
        let rows = board.rows(&key, offset, size).unwrap();
        let end = rows.last().map(mark).unwrap_or_default();
        let rows = rows
            .iter()
            .map(|r| (r.subject.unit_id().unwrap_or_default().to_owned(), r.rank));
        (rows.collect(), end)
    }

    #[test]
    fn a_row_tells_whether_its_value_was_recorded() {
        let mut board = Board::default();
        put(&mut board, 1, "recorded", "90", 0);
        put(&mut board, 2, "computed", "80", 0);
        let key = TableKey::parse("metrics/skm/periods/2024/cohorts/rsud").unwrap();
        let rows = board.rows(&key, 0, 9).unwrap();
        let told: Vec<bool> = rows.into_iter().map(|r| shown::row(r).recorded).collect();
        assert_eq!(told, [true, false]);
    }

    fn row(unit: &str, rank: impl Into<Option<usize>>) -> (String, Option<usize>) {
        (unit.to_owned(), rank.into())
    }

    #[test]
    fn a_row_that_moves_pushes_no_other_over_the_edge_of_a_page() {
        let mut board = Board::default();
        for (unit, value, minimum) in [
            ("a", "95.00", 0),
            ("b", "90.00", 0),
            ("c", "90.00", 0),
            ("d", "85.00", 0),
            ("e", "99.00", 30),
            ("f", "70.00", 30),
        ] {
            put(&mut board, 1, unit, value, minimum);
        }
        let (first, end) = page(&board, "", 2);
        assert_eq!(first, [row("a", 1), row("b", 2)]);
        // The last of all rises to the top, and the first falls: neither takes a row that was not shown yet away.
        put(&mut board, 2, "d", "99.00", 0);
        put(&mut board, 2, "b", "80.00", 0);
        let (second, end) = page(&board, &end, 2);
        assert_eq!(second, [row("c", 3), row("b", 4)]);
        let (third, end) = page(&board, &end, 1);
        assert_eq!(third, [row("e", None)]);
        assert_eq!(page(&board, &end, 9).0, [row("f", None)]);
        assert_eq!(after("no mark"), None);
    }
}
