//! What changed since an earlier period, and why.

use maud::{Markup, html};
use prima_platform::document::html::{Row, figure};
use prima_platform::document::number;
use prima_proto::ranking::v1 as pb;

use super::super::super::labels::{figure as decimal, period, signed};
use super::super::movement::{Explained, Movement, Mover};
use super::super::{LeagueReport, Part, slope};
use super::{LEFT, RIGHT, count, missing, table, text};
use crate::client::print::rank_change::{moved, source};

/// Named in each direction.
const NAMED: usize = 5;

pub(super) fn render(report: &LeagueReport) -> Markup {
    match &report.movement {
        Err(reason) => missing("Perbandingan dengan periode sebelumnya", reason),
        Ok(movement) => html! {
            p {
                "Dibandingkan dengan " (period(&movement.before.period)) ": " (number::integer(count(movement.movers.len())))
                " berperingkat pada kedua periode, " (number::integer(count(movement.entrants))) " masuk, "
                (number::integer(count(movement.leavers))) " keluar."
            }
            @if let Some(drawing) = slope::draw(movement, &report.league.table.period) {
                (figure("gambar-perubahan", &drawing, "Perubahan peringkat, dengan nama yang paling banyak naik dan turun"))
                (movers(movement))
                (why(report, &movement.explained))
            } @else {
                p { "Tidak ada yang berperingkat pada kedua periode." }
            }
        },
    }
}

fn movers(movement: &Movement) -> Markup {
    let row = |mover: &&Mover| {
        let [before, after] = &mover.scores;
        Row::new([
            text(mover.name.as_str()),
            text(number::integer(mover.ranks[0])),
            text(number::integer(mover.ranks[1])),
            text(moved(&(-mover.up()).to_string())),
            text(decimal(before)),
            text(decimal(after)),
        ])
    };
    let (risen, fallen) = (movement.risen(NAMED), movement.fallen(NAMED));
    let rows: Vec<Row> = risen.iter().chain(&fallen).map(row).collect();
    html! {
        @if rows.is_empty() {
            p { "Tidak ada peringkat yang berubah." }
        } @else {
            (table("bergerak", "Yang paling banyak naik dan turun", &[
                ("Nama", LEFT),
                ("Peringkat awal", RIGHT),
                ("Peringkat akhir", RIGHT),
                ("Perubahan", LEFT),
                ("Nilai awal", RIGHT),
                ("Nilai akhir", RIGHT),
            ], rows))
        }
    }
}

fn why(report: &LeagueReport, explained: &[Explained]) -> Markup {
    html! {
        @if !explained.is_empty() { h3 { "Mengapa yang terbesar berubah" } }
        @for (number, one) in (1..).zip(explained) {
            (split(report, number, &one.mover, &one.change))
        }
        @if let Some(rule) = explained.iter().find_map(|one| one.change.as_ref().ok()).map(|change| &change.rule) {
            p.note { (rule) }
        }
    }
}

fn split(
    report: &LeagueReport,
    number: usize,
    mover: &Mover,
    change: &Part<pb::ExplainRankChangeResponse>,
) -> Markup {
    let change = match change {
        Ok(change) if !change.parts.is_empty() => change,
        Ok(_) => {
            return missing(
                &format!("Uraian {}", mover.name),
                "tanpa peringkat pada salah satu waktu",
            );
        }
        Err(reason) => return missing(&format!("Uraian {}", mover.name), reason),
    };
    // Sources without a part in the change tell a reader nothing.
    let parts = change.parts.iter().filter(|part| part.ranks_fraction != "0/1");
    let rows = parts.map(|part| {
        Row::new([
            text(
                report
                    .aspect(&part.component)
                    .map_or_else(|| source(part, change), str::to_owned),
            ),
            text(decimal(&part.component_from)),
            text(decimal(&part.component_to)),
            text(signed(&part.value_change)),
            text(moved(&part.ranks).replace('.', ",")),
        ])
    });
    let caption = format!("{}: {} peringkat", mover.name, moved(&change.ranks.to_string()));
    table(
        &format!("uraian-{number}"),
        &caption,
        &[
            ("Sumber", LEFT),
            ("Unsur awal", RIGHT),
            ("Unsur akhir", RIGHT),
            ("Terhadap nilai", RIGHT),
            ("Terhadap peringkat", LEFT),
        ],
        rows.collect(),
    )
}
