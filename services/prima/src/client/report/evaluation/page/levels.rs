//! Part B: the levels of every indicator, one table per aspect.

use maud::{Markup, html};
use prima_platform::document::html::{Align, Row, Weight};
use prima_proto::index::v1 as pb;

use super::super::{Record, labels};
use super::{CENTER, LEFT, RIGHT, missing, table, text};

/// The columns of an aspect's table.
const COLUMNS: [(&str, Align); 7] = [
    ("No.", CENTER),
    ("Indikator", LEFT),
    ("Bobot", RIGHT),
    ("Mandiri (F-01)", LEFT),
    ("Evaluator (F-02) dan catatan", LEFT),
    ("Saran data dan angkanya", LEFT),
    ("Tingkat yang berlaku", LEFT),
];

pub(super) fn render(record: &Record) -> Markup {
    let indicators = record.indicators();
    if indicators.is_empty() {
        return html! { p.alert { "Instrumen tidak memuat indikator untuk formulir ini." } };
    }
    let supplementary: Vec<&pb::Indicator> = indicators.iter().filter(|each| each.supplementary).collect();
    html! {
        @if let Err(reason) = &record.suggestions { (missing("Saran data", reason)) }
        @for aspect in &record.instrument.aspects {
            (of_aspect(record, aspect))
        }
        @if !supplementary.is_empty() {
            h3 { "Indikator pendukung (tidak dihitung)" }
            (table(
                "pendukung",
                "Indikator pendukung",
                &COLUMNS,
                supplementary.into_iter().map(|each| row(record, each)).collect(),
            ))
        }
    }
}

fn of_aspect(record: &Record, aspect: &pb::Aspect) -> Markup {
    let rows: Vec<Row> = record
        .indicators()
        .iter()
        .filter(|each| !each.supplementary && each.aspect == aspect.key)
        .map(|each| row(record, each))
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let value = record.term(&aspect.key).map_or("", |term| term.value.as_str());
    let total = Row {
        weight: Weight::Total,
        cells: vec![
            (
                text(format!("Nilai aspek (bobot {})", labels::percent(&aspect.weight))),
                6,
            ),
            (text(labels::figure(value)), 1),
        ],
    };
    html! {
        h3 { (aspect.display_name) }
        (table(
            &format!("aspek-{}", aspect.key),
            &format!("Aspek {}", aspect.display_name),
            &COLUMNS,
            rows.into_iter().chain([total]).collect(),
        ))
    }
}

fn row(record: &Record, indicator: &pb::Indicator) -> Row {
    let assessed = record.assessed(&indicator.key);
    // The tree has the weight by the rule of the cycle; the form has only the instrument's weight.
    let weight = match record.term(&indicator.key) {
        Some(term) => labels::percent(&term.weight),
        None if indicator.supplementary => "-".to_owned(),
        None => labels::percent(&indicator.weight),
    };
    Row::new([
        text(indicator.number.to_string()),
        text(&*indicator.title),
        text(weight),
        own(assessed.and_then(|each| each.self_level.as_ref())),
        evaluations(assessed.map_or(&[], |each| &each.evaluations)),
        suggestion(record, &indicator.key),
        counting(assessed),
    ])
}

fn own(level: Option<&pb::SelfLevel>) -> Markup {
    html! {
        @match level {
            None => "-",
            Some(level) => {
                (level.level)
                @if !level.note.is_empty() { br; (level.note) }
            }
        }
    }
}

fn evaluations(all: &[pb::Evaluation]) -> Markup {
    html! {
        @if all.is_empty() { "-" }
        @for (at, each) in all.iter().enumerate() {
            @if at > 0 { br; }
            strong { (each.level) } " · " (each.evaluator)
            @if !each.note.is_empty() { ": " (each.note) }
        }
    }
}

fn suggestion(record: &Record, key: &str) -> Markup {
    let found = record.suggestions.as_deref().unwrap_or_default();
    let Some(found) = found.iter().find(|each| each.indicator == key) else {
        return text("-");
    };
    html! {
        @match found.level {
            Some(level) => strong { (level) @if found.interpretation { "*" } },
            None => "tidak ada",
        }
        @for figure in &found.figures {
            br; (labels::field(&figure.field)) ": " (labels::data(&figure.value))
        }
        @if !found.difference.is_empty() {
            br; "selisih " (super::common::signed(&found.difference))
        }
    }
}

fn counting(assessed: Option<&pb::AssessedIndicator>) -> Markup {
    let (level, origin) = assessed.map_or(("", ""), |each| (&each.level, &each.level_origin));
    html! {
        strong { (labels::figure(level)) }
        br; (labels::origin(origin))
    }
}
