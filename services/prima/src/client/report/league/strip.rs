//! Every province as a dot on the axis of the scores.

use maud::{Markup, html};
use prima_platform::document::chart::draw::{
    About, INK, LINE, PAPER, SOFT, WIDTH, line, n, text, tick_label, ticks,
};

use super::provinces::Province;

const SIDE: f64 = 24.0;
const TOP: f64 = 14.0;
const RADIUS: f64 = 10.5;
/// Distance of two dots, and of two levels.
const APART: f64 = 22.0;

/// The drawing; `None` when fewer than two provinces have a value.
pub(super) fn draw(provinces: &[Province], axis: &str) -> Option<Markup> {
    // An empty text is no number.
    let mut dots: Vec<(f64, &Province)> = provinces
        .iter()
        .filter_map(|province| Some((province.shown.parse().ok()?, province)))
        .collect();
    dots.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (low, high) = (dots.first()?.0, dots.last()?.0);
    if dots.len() < 2 {
        return None;
    }
    let room = ((high - low) * 0.04).max(0.05);
    let (from, to) = (low - room, high + room);
    let x = |value: f64| SIDE + (value - from) / (to - from) * (WIDTH - 2.0 * SIDE);
    let placed = stacked(&dots.iter().map(|(value, _)| x(*value)).collect::<Vec<_>>());
    let levels = placed.iter().copied().max().unwrap_or_default() + 1;
    let base = TOP + APART * levels as f64;
    let (values, places) = ticks(from, to);
    let about = About {
        id: "gambar-provinsi-garis",
        title: "Semua provinsi pada satu garis",
        description: "Setiap provinsi sebagai titik berkode dua angka pada nilainya; yang bernilai hampir sama ditumpuk. Kode dan \
                      nilainya ada di tabel provinsi.",
    };
    let content = html! {
        @for at in values {
            (line((x(at), TOP), (x(at), base + 4.0), LINE, None))
            (text((x(at), base + 20.0), "middle", SOFT, &tick_label(at, places)))
        }
        (line((SIDE / 2.0, base + 2.0), (WIDTH - SIDE / 2.0, base + 2.0), INK, None))
        @for ((value, province), level) in dots.iter().zip(&placed) {
            @let y = base - APART * (*level as f64 + 0.5);
            circle cx=(n(x(*value))) cy=(n(y)) r=(n(RADIUS)) fill=(PAPER) stroke=(INK) stroke-width="1.3" {}
            (text((x(*value), y + 4.0), "middle", INK, province.tile.code))
        }
        (text((WIDTH / 2.0, base + 38.0), "middle", SOFT, axis))
    };
    Some(about.svg(base + 46.0, &content))
}

/// The level of each of the sorted positions, so that none covers another one.
fn stacked(xs: &[f64]) -> Vec<usize> {
    let mut last_on: Vec<f64> = Vec::new();
    xs.iter()
        .map(|x| {
            let free = last_on.iter().position(|last| x - last >= APART);
            let level = free.unwrap_or(last_on.len());
            match last_on.get_mut(level) {
                Some(last) => *last = *x,
                None => last_on.push(*x),
            }
            level
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_that_would_cover_each_other_are_stacked() {
        assert_eq!(stacked(&[0.0, 5.0, 30.0, 31.0, 60.0]), [0, 1, 0, 1, 0]);
        assert_eq!(stacked(&[0.0, 0.0, 0.0, 22.0]), [0, 1, 2, 0]);
    }
}
