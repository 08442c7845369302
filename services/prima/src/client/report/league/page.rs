//! The printable page. `maud` escapes every text from a service.

mod awards;
mod certainty;
mod change;
mod places;

use maud::{Markup, html};
use prima_platform::document::html::{Row, Weight};
use prima_platform::document::number;
use prima_proto::ranking::v1::{self as pb, LeagueTableColumn as Column};

use super::super::labels::{figure, period, share, time};
use super::super::page::{CENTER, LEFT, RIGHT, facts, missing, or_dash, table, text};
use super::{LeagueReport, labels, provenance};
use crate::client::print::league::{
    has_sample, remark, sample_title, score_heading, shown_category, shows, title,
};
use crate::client::print::named;

/// Missing subjects that are named on the page; the data has all of them.
const MISSING_SHOWN: usize = 600;

pub(super) fn render(report: &LeagueReport) -> Markup {
    html! {
        (head(report))
        (part("A", "Tabel Peringkat", false, &standings(report)))
        (part("B", "Seberapa Pasti Peringkatnya", true, &certainty::render(report)))
        (part("C", "Perubahan", true, &change::render(report)))
        @if let Some(provinces) = places::render(report) {
            (part("D", "Provinsi", true, &provinces))
        }
        (part("E", "Penghargaan", true, &awards::render(report)))
        (part("F", "Tanpa Peringkat dan Belum Ada Nilai", false, &absent(report)))
        (part("G", "Asal Data", false, &origin(report)))
    }
}

fn part(letter: &str, title: &str, own_page: bool, content: &Markup) -> Markup {
    html! {
        section {
            h2 class=[own_page.then_some("page")] { (letter) ". " (title) }
            (content)
        }
    }
}

fn head(report: &LeagueReport) -> Markup {
    let shown = &report.league.table;
    let definition = report.definition.clone().unwrap_or_default();
    html! {
        header.title-block {
            h1 { "Peringkat " (title(shown)) }
            p.title { (labels::cohort(shown)) " · " (period(&shown.period)) }
        }
        (first(report))
        (certainty::sentence(report))
        @if report.league.freshness.as_ref().is_some_and(|freshness| freshness.stale) {
            p.alert { strong { "Mungkin tertinggal. " } "Layanan belum membaca semua peristiwa sampai yang terakhir." }
        }
        (facts("ringkasan", [
            ("Yang diperingkat", text(labels::cohort(shown))),
            ("Ukuran", html! { (title(shown)) ", " (better(shown)) }),
            ("Keadaan per", text(time(provenance::state(report.league.freshness.as_ref())).unwrap_or_else(|| "-".to_owned()))),
            ("Cakupan", coverage(report)),
            ("Definisi tabel", html! {
                (or_dash(&shown.definition))
                @if !definition.citation.is_empty() { br; span.muted { (definition.citation) } }
            }),
            ("Nilai yang sama", text(labels::ties(&definition.ties))),
        ]))
    }
}

fn better(table: &pb::LeagueTable) -> &'static str {
    if table.higher_is_better {
        "nilai yang lebih tinggi lebih baik"
    } else {
        "nilai yang lebih rendah lebih baik"
    }
}

/// Who is first.
fn first(report: &LeagueReport) -> Markup {
    let first: Vec<&pb::LeagueRow> = report.league.rows.iter().filter(|row| row.rank == 1).collect();
    html! {
        @if let [only] = first.as_slice() {
            p.lead {
                "Peringkat pertama: " strong { (named(&only.display_name, &only.subject)) } ", nilai " (figure(&only.score)) "."
            }
        } @else if let [one, ..] = first.as_slice() {
            p.lead {
                "Peringkat pertama ditempati bersama oleh " (first.len()) " dengan nilai " (figure(&one.score)) ": "
                strong { (listed(first.iter().map(|row| named(&row.display_name, &row.subject)), 5)) } "."
            }
        } @else {
            p.lead { "Belum ada yang diperingkat." }
        }
    }
}

/// Names, the first `most` of them, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>, most: usize) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_at_checked(most) {
        Some((shown, rest)) if !rest.is_empty() => {
            format!(
                "{}, dan {} lainnya",
                shown.join(", "),
                number::integer(count(rest.len()))
            )
        }
        _ => names.join(", "),
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// How many of how many are in the table.
fn coverage(report: &LeagueReport) -> Markup {
    let shown = &report.league.table;
    let present = shown.ranked + shown.unranked;
    html! {
        (number::integer(shown.ranked)) " diperingkat, " (number::integer(shown.unranked)) " tanpa peringkat"
        @if shown.expected > 0 {
            "; " (number::integer(present)) " dari " (number::integer(shown.expected)) " yang terdaftar mempunyai nilai ("
            (share(present, shown.expected)) ")"
        }
        @if !shown.mean.is_empty() { "; rata-rata yang diperingkat " (figure(&shown.mean)) }
    }
}

fn standings(report: &LeagueReport) -> Markup {
    let shown = &report.league.table;
    let ranked: Vec<&pb::LeagueRow> = report.league.rows.iter().filter(|row| row.rank > 0).collect();
    let category = shows(shown, Column::Category) && ranked.iter().any(|row| !row.category.is_empty());
    let sample = shows(shown, Column::Sample) && ranked.iter().any(|row| has_sample(row));
    let certain = report.certain().is_ok();
    let heading = score_heading(shown);
    let mut columns = vec![("Peringkat", RIGHT), ("Nama", LEFT), (heading.as_str(), RIGHT)];
    columns.extend(category.then_some(("Kategori", CENTER)));
    columns.extend(sample.then_some((sample_title(shown), RIGHT)));
    if certain {
        columns.extend([
            ("Kelompok", CENTER),
            ("Interval serentak", CENTER),
            ("Interval tunggal", CENTER),
        ]);
    }
    columns.push(("Keterangan", LEFT));
    let mut group = 0;
    let rows = ranked.iter().map(|row| {
        let own = report.certainty_of(&row.subject);
        let starts = own.is_some_and(|own| own.group > group && group > 0);
        group = own.map_or(group, |own| own.group);
        let mut cells = vec![
            text(number::integer(row.rank)),
            name(row),
            text(figure(&row.score)),
        ];
        cells.extend(category.then(|| text(or_dash(shown_category(&report.league.names, row)))));
        cells.extend(sample.then(|| text(number::integer(row.respondents))));
        if certain {
            cells.push(text(
                own.map_or_else(|| "-".to_owned(), |own| own.group.to_string()),
            ));
            cells.push(text(labels::interval(own.and_then(|own| own.joint.as_ref()))));
            cells.push(text(labels::interval(own.and_then(|own| own.single.as_ref()))));
        }
        cells.push(text(remark(row, shown)));
        let weight = if starts { Weight::Start } else { Weight::Plain };
        Row::new(cells).weight(weight)
    });
    let rows: Vec<Row> = rows.collect();
    html! {
        @if rows.is_empty() {
            p { "Tidak ada yang diperingkat pada tabel ini." }
        } @else {
            div.small.long { (table("peringkat", "Peringkat", &columns, rows)) }
            @if certain {
                p.note {
                    "Interval serentak berlaku bagi semua peringkat pada tabel ini sekaligus, interval tunggal hanya bagi satu peringkat \
                     yang dilihat sendiri. Baris pertama tiap kelompok bergaris atas."
                }
            }
        }
    }
}

/// The name of a subject, with its agency where the name does not tell it.
fn name(row: &pb::LeagueRow) -> Markup {
    let agency = row.agency_display_name.as_str();
    html! {
        (named(&row.display_name, &row.subject))
        @if !agency.is_empty() && !row.display_name.contains(agency) { br; span.muted { (agency) } }
    }
}

fn absent(report: &LeagueReport) -> Markup {
    let shown = &report.league.table;
    let unranked = report.league.rows.iter().filter(|row| row.rank == 0);
    let rows: Vec<Row> = unranked
        .map(|row| Row::new([name(row), text(figure(&row.score)), text(remark(row, shown))]))
        .collect();
    html! {
        h3 { "Tanpa peringkat" }
        @if rows.is_empty() {
            p { "Semua yang mempunyai nilai diperingkat." }
        } @else {
            div.long {
                (table("tanpa-peringkat", "Mempunyai nilai, tanpa peringkat", &[
                    ("Nama", LEFT), ("Nilai", RIGHT), ("Alasan", LEFT),
                ], rows))
            }
        }
        h3 { "Belum ada nilai" }
        @match &report.missing {
            Err(reason) => { (missing("Daftar yang belum ada", reason)) }
            Ok(all) if all.is_empty() => { p { "Semua yang terdaftar mempunyai nilai." } }
            Ok(all) => {
                p { (number::integer(count(all.len()))) " terdaftar di direktori dan belum mempunyai nilai pada periode ini:" }
                ul.columns id="belum-ada" {
                    @for one in all.iter().take(MISSING_SHOWN) {
                        li { (named(&one.display_name, &one.subject)) }
                    }
                }
                @if all.len() > MISSING_SHOWN {
                    p.note { "Selebihnya ada di data (belum-ada)." }
                }
            }
        }
    }
}

fn origin(report: &LeagueReport) -> Markup {
    let facts = provenance::facts(report).into_iter();
    html! {
        p {
            "Siapa pun dapat membaca ulang tabel ini dan membandingkan jumlah SHA-256 barisnya; angka pada semua berkas laporan \
             berasal dari baris yang sama."
        }
        div.wrap {
            table.facts id="asal-data" {
                tbody { @for fact in facts { tr { th scope="row" { (fact.label) } td { (fact.value) } } } }
            }
        }
    }
}
