//! How sure the ranks are: the sentence of the head, the groups, and the drawing.

use maud::{Markup, html};
use prima_platform::document::number;
use prima_proto::ranking::v1 as pb;

use super::super::{LeagueReport, caterpillar};
use super::{count, listed};
use crate::client::print::named;

/// Groups that are described; a long table has many.
const GROUPS: usize = 12;
/// Names of a group that are given.
const NAMES: usize = 4;

/// How sure the table is, in plain words.
pub(super) fn sentence(report: &LeagueReport) -> Markup {
    match report.certain() {
        Err(reason) => html! {
            p.lead { "Seberapa pasti: tidak diketahui, karena " (reason) "." }
        },
        Ok((how, rows)) => html! {
            p.lead {
                "Seberapa pasti: dengan keyakinan " (how.confidence_percent) "% bagi semua peringkat sekaligus, tabel ini \
                 membedakan " (number::integer(how.groups.into())) " kelompok. Yang pertama pada sebuah kelompok tidak dapat \
                 dibedakan dari yang lain di kelompoknya, dan pasti lebih baik daripada yang pertama pada kelompok berikutnya; dua yang \
                 berdekatan di kedua sisi batas kelompok dapat saja setara. Hasilnya: "
                (best(how, rows))
            }
        },
    }
}

/// Who is surely among the best.
fn best(how: &pb::TableCertainty, rows: &[pb::CertainRow]) -> Markup {
    let names = |of: fn(&pb::RankCertainty) -> bool| {
        let sure = rows
            .iter()
            .filter(move |row| row.certainty.as_ref().is_some_and(of));
        sure.filter_map(|row| row.row.as_ref())
            .map(|row| named(&row.display_name, &row.subject))
    };
    let (sure, not) = (
        names(|certainty| certainty.among_best).count(),
        names(|certainty| certainty.not_among_best).count(),
    );
    html! {
        @if sure == 0 {
            "tidak ada yang pasti di antara " (how.best) " terbaik"
        } @else {
            "yang pasti di antara " (how.best) " terbaik: " (listed(names(|certainty| certainty.among_best), 10))
        }
        "; " (number::integer(count(not))) " pasti tidak di antaranya."
    }
}

pub(super) fn render(report: &LeagueReport) -> Markup {
    match report.certain() {
        Err(reason) => html! {
            p.alert { strong { "Tanpa interval. " } "Kepastian peringkat tidak dapat dihitung: " (reason) "." }
        },
        Ok((how, rows)) => html! {
            p {
                strong { "Interval serentak" } " memuat peringkat sebenarnya dari semua yang diperingkat sekaligus dengan keyakinan "
                (how.confidence_percent) "%; itulah yang dipakai untuk membandingkan di dalam tabel ini. "
                strong { "Interval tunggal" } " hanya bagi satu yang dilihat sendiri: dari 100 interval seperti itu kira-kira "
                (how.confidence_percent) " memuat peringkat sebenarnya, tetapi jarang semuanya sekaligus."
            }
            (groups(rows))
            @for drawing in caterpillar::draw(how, rows) { (drawing) }
            @if how.without_standard_error > 0 {
                p.note {
                    (number::integer(how.without_standard_error))
                    " yang diperingkat tidak mempunyai galat baku dan tidak ikut dibandingkan."
                }
            }
            p.note { (how.method) " " (number::integer(how.draws.into())) " simulasi, benih " (how.seed) "." }
        },
    }
}

/// Which of them can't be told apart.
fn groups(rows: &[pb::CertainRow]) -> Markup {
    let certain: Vec<(&pb::LeagueRow, i32)> = rows
        .iter()
        .filter_map(|row| Some((row.row.as_ref()?, row.certainty.as_ref()?.group)))
        .collect();
    let groups: Vec<&[(&pb::LeagueRow, i32)]> = certain.chunk_by(|a, b| a.1 == b.1).collect();
    html! {
        h3 { "Yang tidak dapat dibedakan" }
        ul id="kelompok" {
            @for group in groups.iter().take(GROUPS) {
                @if let Some((first, number)) = group.first() {
                    li {
                        strong { "Kelompok " (number) } " (" (number::integer(count(group.len()))) "): "
                        (listed(group.iter().map(|(row, _)| named(&row.display_name, &row.subject)), NAMES))
                        @if group.len() > 1 {
                            ". Tidak satu pun pasti lebih rendah daripada " (named(&first.display_name, &first.subject)) "."
                        } @else { "." }
                    }
                }
            }
        }
        @if groups.len() > GROUPS {
            p.note { "Kelompok selebihnya ada di tabel peringkat." }
        }
    }
}
