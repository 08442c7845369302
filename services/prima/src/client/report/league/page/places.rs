//! The provinces: on one line, as tiles, and as a table.

use maud::{Markup, html};
use prima_platform::document::html::{Row, figure};
use prima_platform::document::number;

use super::super::super::labels::figure as decimal;
use super::super::provinces::{self, Province};
use super::super::{LeagueReport, strip, tiles};
use super::{LEFT, RIGHT, count, table, text};
use crate::client::print::league::score_heading;

/// `None` when the table has values of fewer than two provinces.
pub(super) fn render(report: &LeagueReport) -> Option<Markup> {
    let shown = &report.league.table;
    let provinces = provinces::of(&report.league.rows)?;
    let of_provinces = shown.cohort.split('.').next() == Some("provinsi");
    let heading = match of_provinces {
        true => score_heading(shown),
        false => score_heading(shown).replacen("Nilai", "Rata-rata nilai", 1),
    };
    let mut sorted: Vec<&Province> = provinces.iter().collect();
    sorted.sort_by(|a, b| match shown.higher_is_better {
        true => b.mean.cmp(&a.mean),
        // One without a value comes last.
        false => (a.mean.is_none(), &a.mean).cmp(&(b.mean.is_none(), &b.mean)),
    });
    let rows = sorted.iter().map(|province| {
        Row::new([
            text(province.tile.code),
            text(province.tile.name),
            text(province.tile.short),
            text(number::integer(count(province.ranked))),
            text(decimal(&province.shown)),
        ])
    });
    let with_value = provinces
        .iter()
        .filter(|province| province.mean.is_some())
        .count();
    Some(html! {
        p {
            (with_value) " dari " (provinces.len()) " provinsi mempunyai nilai pada tabel ini."
            @if !of_provinces {
                " Nilai provinsi di sini adalah rata-rata nilai yang diperingkat di dalamnya, tanpa bobot; bukan nilai pemerintah \
                 provinsi, dan provinsi dengan sedikit anggota mudah berubah."
            }
        }
        @if let Some(drawing) = strip::draw(&provinces, &heading) {
            (figure("gambar-provinsi", &drawing, "Semua provinsi pada satu garis nilai"))
        }
        @if let Some(drawing) = tiles::draw(&provinces, shown.higher_is_better) {
            (figure("gambar-peta", &drawing, "Peta provinsi sebagai petak yang sama besar"))
        }
        div.small {
            (table("provinsi", "Nilai tiap provinsi", &[
                ("Kode", LEFT),
                ("Provinsi", LEFT),
                ("Singkatan", LEFT),
                ("Diperingkat", RIGHT),
                (heading.as_str(), RIGHT),
            ], rows.collect()))
        }
    })
}
