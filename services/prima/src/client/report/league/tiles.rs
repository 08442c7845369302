//! A map of the provinces as equal tiles: a small province is as large as a large one. Each tile has its value; four shades
//! repeat it, so that the map can be read without them.

use maud::{Markup, html};
use prima_platform::document::chart::draw::{About, INK, LINE, PAPER, SOFT, WIDTH, n};
use prima_platform::document::number;
use prima_platform::number::Rational;

use super::provinces::{ALL, Province};

const SHADES: usize = 4;
const COLUMNS: f64 = 15.0;
const GAP: f64 = 3.0;
const LEGEND: f64 = 30.0;
/// Fill of each shade, and the text on it; the colours are those of the page.
const FILLS: [(&str, &str); SHADES] = [
    ("var(--step1, #e6ecf2)", "var(--on-light, #1b2733)"),
    ("var(--step2, #bccbdc)", "var(--on-light, #1b2733)"),
    ("var(--step3, #4a6f98)", "var(--on-dark, #ffffff)"),
    ("var(--step4, #1d3a5c)", "var(--on-dark, #ffffff)"),
];

/// The drawing of provinces, the better ones darker on a light page; `None` when none has a value.
pub(super) fn draw(provinces: &[Province], higher_is_better: bool) -> Option<Markup> {
    let mut sorted: Vec<(&Rational, &str)> = provinces
        .iter()
        .filter_map(|province| Some((province.mean.as_ref()?, province.shown.as_str())))
        .collect();
    sorted.sort();
    if !higher_is_better {
        sorted.reverse();
    }
    let shades = shades(&sorted);
    let shade = |mean: &Rational| {
        shades
            .iter()
            .position(|shade| shade.iter().any(|(own, _)| *own == mean))
    };
    let side = WIDTH / COLUMNS;
    let rows = ALL.iter().map(|tile| tile.at.1).max()? + 1;
    let top = f64::from(rows) * side;
    let about = About {
        id: "gambar-provinsi-peta",
        title: "Peta provinsi sebagai petak yang sama besar",
        description: "Setiap provinsi sebagai satu petak kira-kira di tempatnya, dengan nama singkat dan nilainya. Semakin baik \
                      nilainya, semakin kuat warnanya; petak bergaris putus-putus belum mempunyai nilai. Angkanya ada di tabel \
                      provinsi.",
    };
    let content = html! {
        @for province in provinces {
            @let (left, up) = (f64::from(province.tile.at.0) * side, f64::from(province.tile.at.1) * side);
            @let found = province.mean.as_ref().and_then(&shade).and_then(|at| FILLS.get(at));
            (square((left, up), side, found.map(|(fill, _)| *fill)))
            @let colour = found.map_or(SOFT, |(_, colour)| *colour);
            (centred((left + side / 2.0, up + 17.0), "9.4", colour, province.tile.short))
            (centred((left + side / 2.0, up + 33.0), "11.5", colour, &value(province)))
        }
        @for (at, (own, (fill, _))) in (0_u32..).zip(shades.iter().zip(FILLS)) {
            @if let (Some((_, from)), Some((_, to))) = (own.first(), own.last()) {
                @let left = f64::from(at) * 150.0;
                rect x=(n(left)) y=(n(top + 10.0)) width="14" height="14" fill=(fill) stroke=(INK) stroke-width="0.8" {}
                text x=(n(left + 20.0)) y=(n(top + 21.0)) fill=(INK) {
                    (number::decimal(from)) " – " (number::decimal(to))
                }
            }
        }
    };
    (!sorted.is_empty()).then(|| about.svg(top + LEGEND, &content))
}

/// The sorted values in four parts of about the same size. Equal values are in one part.
fn shades<'a>(sorted: &[(&'a Rational, &'a str)]) -> Vec<Vec<(&'a Rational, &'a str)>> {
    let mut shades = vec![Vec::new(); SHADES];
    let mut at = 0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let part = (at * SHADES / sorted.len().max(1)).min(SHADES - 1);
        if let Some(shade) = shades.get_mut(part) {
            shade.extend_from_slice(equal);
        }
        at += equal.len();
    }
    shades
}

fn square((x, y): (f64, f64), side: f64, fill: Option<&str>) -> Markup {
    let (stroke, dashes) = match fill {
        Some(_) => (INK, None),
        None => (LINE, Some("3 3")),
    };
    html! {
        rect x=(n(x + GAP / 2.0)) y=(n(y + GAP / 2.0)) width=(n(side - GAP)) height=(n(side - GAP))
            fill=(fill.unwrap_or(PAPER)) stroke=(stroke) stroke-width="0.8" stroke-dasharray=[dashes] {}
    }
}

fn centred((x, y): (f64, f64), size: &str, colour: &str, content: &str) -> Markup {
    html! { text x=(n(x)) y=(n(y)) text-anchor="middle" font-size=(size) fill=(colour) { (content) } }
}

fn value(province: &Province) -> String {
    match province.shown.as_str() {
        "" => "–".to_owned(),
        shown => number::decimal(shown),
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::number::whole;

    use super::*;

    #[test]
    fn shades_are_of_about_the_same_size_and_do_not_split_equal_values() {
        let sizes = |values: &[i64]| -> Vec<usize> {
            let values: Vec<Rational> = values.iter().map(|value| whole(*value)).collect();
            let sorted: Vec<(&Rational, &str)> = values.iter().map(|value| (value, "")).collect();
            shades(&sorted).iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(&[1, 2, 3, 4, 5, 6, 7, 8]), [2, 2, 2, 2]);
        assert_eq!(sizes(&[1, 1, 1, 1, 5, 6]), [4, 0, 1, 1]);
        assert_eq!(sizes(&[3]), [1, 0, 0, 0]);
        assert_eq!(sizes(&[]), [0, 0, 0, 0]);
    }
}
