//! The report of a table as data: each list is one sheet of the workbook, one CSV file and one list of the JSON document. Every
//! row names its table, so that the files of many tables can be joined.

mod columns;

use prima_platform::document::sheet::{Cell, Sheet};
use prima_proto::ranking::v1 as pb;
use serde_json::{Map, Value};

use super::super::labels::yes;
use super::{LeagueReport, provenance, provinces};
use crate::client::print;
use crate::client::print::league::{remark, shown_category};

/// All lists in the order of the report.
pub(super) fn sheets(report: &LeagueReport) -> Vec<Sheet> {
    let table = &report.league.table.name;
    let sheet = |key, title, columns: &'static [_], rows: Vec<Vec<Cell>>| Sheet {
        key,
        title,
        columns,
        rows: rows
            .into_iter()
            .map(|row| [vec![Cell::text(table)], row].concat())
            .collect(),
    };
    vec![
        sheet("peringkat", "Peringkat", columns::ROWS, rows(report)),
        sheet("belum-ada", "Belum ada nilai", columns::MISSING, missing(report)),
        sheet("perubahan", "Perubahan", columns::MOVES, moves(report)),
        sheet("uraian", "Uraian perubahan", columns::PARTS, parts(report)),
        sheet("provinsi", "Provinsi", columns::PROVINCES, of_provinces(report)),
        sheet("penghargaan", "Penghargaan", columns::AWARDS, awards(report)),
        sheet("asal-data", "Asal data", columns::FACTS, facts(report)),
    ]
}

/// The lists as one JSON document. Decimals are texts, so that none loses a digit; the provenance is an object.
pub(super) fn json(report: &LeagueReport, sheets: &[Sheet]) -> anyhow::Result<String> {
    let mut document = Map::new();
    let facts = provenance::facts(report).into_iter();
    let facts: Map<String, Value> = facts.map(|fact| (fact.key, Value::from(fact.value))).collect();
    document.insert("provenance".to_owned(), Value::Object(facts));
    for sheet in sheets.iter().filter(|sheet| sheet.columns != columns::FACTS) {
        let row = |cells: &Vec<Cell>| -> Value {
            let cells = sheet.columns.iter().zip(cells);
            let object: Map<String, Value> = cells
                .map(|(column, cell)| (column.key.to_owned(), value(cell)))
                .collect();
            Value::Object(object)
        };
        let rows = sheet.rows.iter().map(row).collect();
        document.insert(sheet.key.to_owned(), Value::Array(rows));
    }
    print::json(&document, false)
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) | Cell::Decimal(text) => Value::from(text.as_str()),
        Cell::Integer(number) => Value::from(*number),
    }
}

fn rows(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let league = &report.league;
    let row = |row: &pb::LeagueRow| {
        let certainty = report.certainty_of(&row.subject);
        let ends = |interval: Option<&pb::RankInterval>| {
            [
                interval.map(|interval| interval.from),
                interval.map(|interval| interval.to),
            ]
            .map(|end| Cell::integer_if(end.is_some(), end.unwrap_or_default().into()))
        };
        let [joint_from, joint_to] = ends(certainty.and_then(|certainty| certainty.joint.as_ref()));
        let [single_from, single_to] = ends(certainty.and_then(|certainty| certainty.single.as_ref()));
        let among = |of: fn(&pb::RankCertainty) -> bool| {
            Cell::text(certainty.map_or("", |certainty| yes(of(certainty))))
        };
        let error = certainty.map_or("", |certainty| &certainty.standard_error);
        vec![
            Cell::integer_if(row.rank > 0, row.rank),
            Cell::text(&row.subject),
            Cell::text(&row.display_name),
            Cell::text(&row.agency_display_name),
            Cell::decimal(&row.score),
            Cell::text(shown_category(&league.names, row)),
            Cell::integer_if(row.respondents > 0, row.respondents),
            Cell::integer_if(row.minimum_respondents > 0, row.minimum_respondents),
            Cell::decimal(error),
            Cell::integer_if(
                certainty.is_some(),
                certainty.map_or(0, |certainty| certainty.group.into()),
            ),
            joint_from,
            joint_to,
            single_from,
            single_to,
            among(|certainty| certainty.among_best),
            among(|certainty| certainty.not_among_best),
            Cell::text(remark(row, &league.table)),
        ]
    };
    league.rows.iter().map(row).collect()
}

fn missing(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let missing = report.missing.as_deref().unwrap_or_default().iter();
    missing
        .map(|one| {
            vec![
                Cell::text(&one.subject),
                Cell::text(&one.display_name),
                Cell::text(&one.agency_display_name),
            ]
        })
        .collect()
}

fn moves(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let Ok(movement) = &report.movement else {
        return Vec::new();
    };
    let movers = movement.movers.iter();
    movers
        .map(|mover| {
            let [before, after] = &mover.scores;
            vec![
                Cell::text(&mover.subject),
                Cell::text(&mover.name),
                Cell::text(&movement.before.period),
                Cell::Integer(mover.ranks[0]),
                Cell::Integer(mover.ranks[1]),
                Cell::Integer(mover.up()),
                Cell::decimal(before),
                Cell::decimal(after),
            ]
        })
        .collect()
}

fn parts(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let Ok(movement) = &report.movement else {
        return Vec::new();
    };
    let explained = movement.explained.iter();
    let known = explained.filter_map(|one| Some((&one.mover, one.change.as_ref().ok()?)));
    let rows = known.flat_map(|(mover, change)| {
        change.parts.iter().map(move |part| {
            vec![
                Cell::text(&mover.subject),
                Cell::text(&mover.name),
                Cell::text(print::rank_change::source(part, change)),
                Cell::text(report.aspect(&part.component).unwrap_or(&part.component)),
                Cell::decimal(&part.component_from),
                Cell::decimal(&part.component_to),
                Cell::decimal(&part.value_change),
                Cell::decimal(&part.ranks),
                Cell::text(&part.ranks_fraction),
            ]
        })
    });
    rows.collect()
}

fn of_provinces(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let provinces = provinces::of(&report.league.rows).unwrap_or_default().into_iter();
    provinces
        .map(|province| {
            vec![
                Cell::text(province.tile.code),
                Cell::text(province.tile.name),
                Cell::Integer(i64::try_from(province.ranked).unwrap_or(i64::MAX)),
                Cell::decimal(province.shown),
            ]
        })
        .collect()
}

fn awards(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let awards = report.awards.as_ref().map_or(&[][..], |answer| &answer.awards);
    let rows = awards.iter().flat_map(|award| {
        award.winners.iter().map(move |winner| {
            vec![
                Cell::text(print::award::key(award.kind())),
                Cell::text(print::award::title(award)),
                Cell::text(&award.table),
                Cell::text(&award.component),
                Cell::integer_if(winner.rank > 0, winner.rank),
                Cell::text(&winner.subject),
                Cell::text(&winner.display_name),
                Cell::text(&winner.agency_display_name),
                Cell::decimal(&winner.score),
                Cell::text(&winner.category),
                Cell::decimal(&winner.value),
                Cell::decimal(&winner.base_score),
                Cell::text(print::award::certainty(winner, award.places)),
                Cell::text(yes(award.tied_at_border)),
                Cell::text(&award.rule),
                Cell::text(&award.source),
            ]
        })
    });
    rows.collect()
}

fn facts(report: &LeagueReport) -> Vec<Vec<Cell>> {
    let facts = provenance::facts(report).into_iter();
    facts
        .map(|fact| {
            vec![
                Cell::text(fact.key),
                Cell::text(fact.label),
                Cell::text(fact.value),
            ]
        })
        .collect()
}
