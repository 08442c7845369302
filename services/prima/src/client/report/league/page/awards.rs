//! Awards, each with its rule.

use maud::{Markup, html};
use prima_platform::document::html::Row;
use prima_platform::document::number;
use prima_proto::ranking::v1 as pb;

use super::super::super::labels::{figure, signed, time};
use super::super::LeagueReport;
use super::{LEFT, RIGHT, missing, table, text};
use crate::client::print::award::{absence, certainty, has_certainty, notes, title, value_heading};
use crate::client::print::named;

/// Winners of an award that are named on the page; the data has all of them.
const WINNERS: usize = 20;

pub(super) fn render(report: &LeagueReport) -> Markup {
    let answer = match &report.awards {
        Ok(answer) => answer,
        Err(reason) => return missing("Daftar penghargaan", reason),
    };
    let is_role_model = |award: &&pb::Award| award.kind() == pb::AwardKind::RoleModel;
    let (role_models, others): (Vec<&pb::Award>, Vec<&pb::Award>) =
        answer.awards.iter().partition(is_role_model);
    html! {
        @if let Some(state) = time(answer.as_of.as_ref()) {
            p { "Menurut keadaan " (state) "." }
        }
        @for (number, award) in (1..).zip(others) { (one(number, award)) }
        (teladan(&role_models))
    }
}

fn one(number: usize, award: &pb::Award) -> Markup {
    let heading = value_heading(award.kind());
    let certain = has_certainty(award);
    let mut columns = vec![("Peringkat", RIGHT), ("Nama", LEFT), ("Nilai", RIGHT)];
    columns.extend(heading.map(|heading| (heading, RIGHT)));
    columns.extend(certain.then_some(("Kepastian", LEFT)));
    let rows = award.winners.iter().take(WINNERS).map(|winner| {
        let mut cells = vec![
            text(if winner.rank > 0 {
                number::integer(winner.rank)
            } else {
                "-".to_owned()
            }),
            text(named(&winner.display_name, &winner.subject)),
            text(figure(&winner.score)),
        ];
        cells.extend(heading.map(|_| text(signed(&winner.value))));
        cells.extend(certain.then(|| text(certainty(winner, award.places))));
        Row::new(cells)
    });
    let rest = award.winner_count - i64::try_from(award.winners.len().min(WINNERS)).unwrap_or_default();
    html! {
        h3 { (title(award)) }
        (rule(award))
        @if let Some(absence) = absence(award) {
            p { (absence) }
        } @else {
            (table(&format!("penghargaan-{number}"), &title(award), &columns, rows.collect()))
            @if rest > 0 { p.note { "Dan " (number::integer(rest)) " lainnya; semuanya ada di data (penghargaan)." } }
        }
        @for note in notes(award) { p { (note) } }
    }
}

fn rule(award: &pb::Award) -> Markup {
    html! { p.muted { "Aturan: " (award.rule) " Sumber: " (award.source.trim_end_matches('.')) "." } }
}

/// The role models in one table: an aspect a row.
fn teladan(awards: &[&pb::Award]) -> Markup {
    let rows = awards.iter().map(|award| {
        let names: Vec<&str> = award
            .winners
            .iter()
            .map(|winner| named(&winner.display_name, &winner.subject))
            .collect();
        let value = award.winners.first().map_or("", |winner| &winner.value);
        let names = match names.split_at_checked(WINNERS) {
            Some((shown, rest)) if !rest.is_empty() => {
                format!("{}, dan {} lainnya", shown.join("; "), rest.len())
            }
            _ => names.join("; "),
        };
        Row::new([
            text(award.title.trim_start_matches("Teladan ")),
            text(names),
            text(figure(value)),
        ])
    });
    html! {
        @if let Some(first) = awards.first() {
            h3 { "Teladan per aspek" }
            p.muted {
                "Aturan: nilai aspek tertinggi di antara yang berperingkat pada tabel ini; yang sama tinggi disebut semua. Sumber: "
                (first.source.trim_end_matches('.')) "."
            }
            (table("teladan", "Teladan per aspek", &[("Aspek", LEFT), ("Teladan", LEFT), ("Nilai aspek", RIGHT)], rows.collect()))
        }
    }
}
