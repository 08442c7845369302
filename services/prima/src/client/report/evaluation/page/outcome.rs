//! Part C: from aspects to F-02, F-03, the index and its category.

use maud::{Markup, html};
use prima_platform::document::html::{Row, Weight};
use prima_platform::document::number;
use prima_platform::number::{decimal, parse_decimal};
use prima_proto::index::v1 as pb;

use super::super::{Record, labels};
use super::{CENTER, LEFT, RIGHT, category, common, facts, minimum, or_dash, table, text};
use crate::client::print::index_tree::aspects;

/// Step between two published values.
const STEP: &str = "0.01";
/// Decimals of a published value.
const PLACES: u32 = 2;

pub(super) fn render(record: &Record) -> Markup {
    html! {
        h3 { "Rekapitulasi" }
        (summary(record))
        (absent(record))
        h3 { "Penilaian pengguna layanan (F-03)" }
        (users(record))
        h3 { "Kategori" }
        (categories(record))
    }
}

fn summary(record: &Record) -> Markup {
    let Some(tree) = &record.value.tree else {
        return html! { p.alert { "Susunan indeks tidak tersedia." } };
    };
    let cells = |term: &pb::Term| {
        Row::new([
            text(&*term.display_name),
            text(labels::percent(&term.weight)),
            text(labels::figure(&term.value)),
            text(labels::figure(&term.product)),
        ])
    };
    let of_aspects = aspects(tree);
    // Under an instrument without forms the aspects are directly below the index.
    let forms = tree.terms.iter().filter(|term| !of_aspects.contains(term));
    let rows = of_aspects
        .iter()
        .map(cells)
        .chain(forms.map(|term| cells(term).weight(Weight::Total)))
        .chain([
            Row {
                weight: Weight::Total,
                cells: vec![
                    (text("Indeks Pelayanan Publik, dibulatkan dua desimal"), 3),
                    (text(common::figure(&record.value.index)), 1),
                ],
            },
            Row {
                weight: Weight::Total,
                cells: vec![(text("Kategori"), 3), (category(&record.value), 1)],
            },
        ]);
    let columns = [
        ("Bagian", LEFT),
        ("Bobot", RIGHT),
        ("Nilai", RIGHT),
        ("Bobot × nilai", RIGHT),
    ];
    html! {
        (table("rekapitulasi", "Nilai per aspek, F-02, F-03, dan IPP", &columns, rows.collect()))
        @if !record.value.index_exact.is_empty() {
            p.note { "Nilai tepat IPP: " (record.value.index_exact) "." }
        }
    }
}

fn absent(record: &Record) -> Markup {
    let name = |key: &String| -> String {
        match record.term(key) {
            Some(term) if !term.display_name.is_empty() => term.display_name.clone(),
            _ => record.indicator(key).to_owned(),
        }
    };
    html! {
        @if !record.value.missing.is_empty() {
            p.alert {
                strong { "Belum ada: " }
                (record.value.missing.iter().map(name).collect::<Vec<_>>().join("; ")) "."
            }
        }
    }
}

fn users(record: &Record) -> Markup {
    let Some(f03) = record.assessment.f03.as_ref() else {
        return html! { p id="f03" { "Belum ada penilaian pengguna layanan." } };
    };
    let least = minimum(record);
    let enough = if f03.respondents >= least {
        "terpenuhi"
    } else {
        "belum terpenuhi"
    };
    facts(
        "f03",
        [
            ("Survei", text(or_dash(&f03.survey))),
            ("Nilai F-03", text(labels::figure(&f03.value))),
            ("Responden", text(number::integer(f03.respondents))),
            (
                "Responden paling sedikit",
                html! { (number::integer(least)) " (" (enough) ")" },
            ),
            ("Versi peristiwa survei", text(f03.version.to_string())),
            ("Nilai yang dihitung", text(common::figure(&record.value.f03))),
        ],
    )
}

fn categories(record: &Record) -> Markup {
    let bands = &record.instrument.bands;
    if bands.is_empty() {
        return html! { p { "Instrumen tidak memuat tabel kategori." } };
    }
    // The best band comes first; each band ends one step below the one before it.
    let highest = std::iter::once(Some(record.instrument.max_level.to_string()));
    let tops = highest.chain(bands.iter().map(|band| below(&band.lower)));
    let rows = bands.iter().zip(tops).map(|(band, top)| {
        let reached = !band.key.is_empty() && band.key == record.value.category;
        let weight = if reached {
            Weight::Highlighted
        } else {
            Weight::Plain
        };
        let top = top.unwrap_or_default();
        Row::new([
            html! { (band.key) @if reached { " ◄" } },
            text(&*band.display_name),
            text(format!(
                "{} – {}",
                common::figure(&fixed(&band.lower)),
                common::figure(&fixed(&top))
            )),
        ])
        .weight(weight)
    });
    let columns = [("Kategori", CENTER), ("Makna", LEFT), ("Rentang IPP", CENTER)];
    table(
        "kategori",
        "Kategori Indeks Pelayanan Publik",
        &columns,
        rows.collect(),
    )
}

fn below(lower: &str) -> Option<String> {
    Some(decimal(&(parse_decimal(lower)? - parse_decimal(STEP)?), PLACES))
}

/// A number with as many decimals as a published value; another text is returned unchanged.
fn fixed(text: &str) -> String {
    parse_decimal(text).map_or_else(|| text.to_owned(), |value| decimal(&value, PLACES))
}
