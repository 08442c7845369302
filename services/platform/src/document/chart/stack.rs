//! Shares of a whole, side by side in one bar per row.

use maud::{Markup, html};

use super::draw::{About, INK, LINE, SOFT, WIDTH, label, line, n, text};
use crate::document::number;

const LEFT: f64 = 262.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const STEP: f64 = 28.0;
const BAR: f64 = 18.0;
const BOTTOM: f64 = 24.0;
/// Least width of a part that has its figure printed inside.
const ROOM: f64 = 30.0;
/// Fills of the parts, hatched, light and dark, which can be distinguished without colour; and the colours of the
/// figures inside.
const FILLS: [(&str, &str); 6] = [
    ("", "#1b2733"),
    ("#e6ecf2", "#1b2733"),
    ("#a9bfd6", "#1b2733"),
    ("#24476f", "#ffffff"),
    ("#6d8fb3", "#1b2733"),
    ("#101d2e", "#ffffff"),
];

/// One bar.
#[derive(Debug, Clone)]
pub struct StackRow {
    /// What it shows.
    pub label: String,
    /// Count of each part; no bar is drawn when their sum is 0.
    pub counts: Vec<i64>,
}

/// Shares of a whole, side by side in one bar per row.
#[derive(Debug, Clone)]
pub struct Stack<'a> {
    /// Title and description of the chart.
    pub about: About<'a>,
    /// Names of the parts from left to right, at most six.
    pub parts: Vec<String>,
    /// From top to bottom.
    pub rows: Vec<StackRow>,
}

impl Stack<'_> {
    /// The chart as SVG.
    pub fn render(&self) -> Markup {
        let end = TOP + STEP * self.rows.len() as f64;
        let (defs, hatch) = self.about.hatch();
        let content = html! {
            (defs)
            (self.legend(&hatch))
            @for quarter in 0_u8..=4 {
                @let x = LEFT + f64::from(quarter) / 4.0 * (WIDTH - LEFT - RIGHT);
                (line((x, TOP), (x, end), LINE, None))
                (text((x, end + 16.0), "middle", SOFT, &format!("{}%", quarter * 25)))
            }
            @for (row, each) in (0_u32..).zip(&self.rows) {
                (bar(TOP + STEP * (f64::from(row) + 0.5), each, &hatch))
            }
        };
        self.about.svg(end + BOTTOM, &content)
    }

    fn legend(&self, hatch: &str) -> Markup {
        let step = (WIDTH - LEFT - RIGHT) / self.parts.len().max(1) as f64;
        html! {
            @for ((at, part), (fill, _)) in (0_u8..).zip(&self.parts).zip(FILLS) {
                @let x = LEFT + f64::from(at) * step;
                rect x=(n(x)) y="8" width="14" height="12" fill=(filled(fill, hatch)) stroke=(INK) stroke-width="0.7" {}
                (text((x + 20.0, 18.0), "start", INK, part))
            }
        }
    }
}

fn filled<'a>(fill: &'a str, hatch: &'a str) -> &'a str {
    if fill.is_empty() { hatch } else { fill }
}

fn bar(middle: f64, row: &StackRow, hatch: &str) -> Markup {
    let whole: i64 = row.counts.iter().sum();
    let width = |count: i64| count as f64 / whole as f64 * (WIDTH - LEFT - RIGHT);
    let starts = row.counts.iter().scan(0, |before, count| {
        let start = LEFT + width(*before);
        *before += count;
        Some(start)
    });
    html! {
        (label(LEFT - 8.0, middle, &row.label))
        @if whole > 0 {
            @for ((count, start), (fill, ink)) in row.counts.iter().zip(starts).zip(FILLS) {
                (part((start, middle), width(*count), filled(fill, hatch), ink, &share(*count, whole)))
            }
        }
    }
}

fn share(count: i64, whole: i64) -> String {
    number::percent(count, whole).map_or_else(String::new, |text| number::decimal(&text))
}

fn part(at: (f64, f64), width: f64, fill: &str, ink: &str, share: &str) -> Markup {
    let (from, middle) = at;
    let hatched = fill.starts_with("url");
    html! {
        @if width > 0.0 {
            rect x=(n(from)) y=(n(middle - BAR / 2.0)) width=(n(width)) height=(n(BAR)) fill=(fill) stroke=(INK)
                stroke-width="0.7" {}
            @if width >= ROOM {
                @if hatched {
                    rect x=(n(from + width / 2.0 - 14.0)) y=(n(middle - 7.0)) width="28" height="14" fill="#ffffff" {}
                }
                (text((from + width / 2.0, middle + 4.0), "middle", ink, share))
            }
        }
    }
}
