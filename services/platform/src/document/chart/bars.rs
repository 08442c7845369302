//! Horizontal bars on one scale.

use maud::{Markup, html};

use super::draw::{
    ACCENT, About, INK, LINE, SOFT, WIDTH, clear_text, label, line, n, text, tick_label, ticks,
};

const LEFT: f64 = 262.0;
const RIGHT: f64 = 56.0;
const TOP: f64 = 24.0;
const STEP: f64 = 30.0;
const BAR: f64 = 17.0;
const BOTTOM: f64 = 40.0;

/// One bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it shows.
    pub label: String,
    /// Its value; `None` draws no bar.
    pub value: Option<f64>,
    /// The figure printed after it.
    pub shown: String,
    /// Whether it is hatched, for emphasis.
    pub hatched: bool,
}

/// A band of the scale that starts at a value.
#[derive(Debug, Clone)]
pub struct Guide {
    /// Value at which it starts.
    pub from: f64,
    /// Its name, printed above.
    pub label: String,
}

/// Horizontal bars on one scale.
#[derive(Debug, Clone)]
pub struct Bars<'a> {
    /// Title and description of the chart.
    pub about: About<'a>,
    /// Name of the scale.
    pub axis: &'a str,
    /// Lowest value of the scale.
    pub from: f64,
    /// Highest value of the scale, above the lowest.
    pub to: f64,
    /// Bands of the scale, in any order.
    pub guides: Vec<Guide>,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

impl Bars<'_> {
    /// The chart as SVG.
    pub fn render(&self) -> Markup {
        let end = TOP + STEP * self.bars.len() as f64;
        let (values, places) = ticks(self.from, self.to);
        let (defs, hatch) = self.about.hatch();
        let content = html! {
            (defs)
            @for at in &values {
                (line((self.x(*at), TOP), (self.x(*at), end), LINE, None))
                (text((self.x(*at), end + 16.0), "middle", SOFT, &tick_label(*at, places)))
            }
            (self.bands(end))
            @for (row, bar) in (0_u32..).zip(&self.bars) {
                (self.bar(TOP + STEP * (f64::from(row) + 0.5), bar, &hatch))
            }
            (line((LEFT, TOP), (LEFT, end), INK, None))
            (text(((LEFT + WIDTH - RIGHT) / 2.0, end + 34.0), "middle", SOFT, self.axis))
        };
        self.about.svg(end + BOTTOM, &content)
    }

    fn x(&self, value: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn bands(&self, end: f64) -> Markup {
        let mut starts: Vec<(f64, &str)> = self
            .guides
            .iter()
            .map(|guide| (self.x(guide.from), guide.label.as_str()))
            .collect();
        starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = starts.iter().skip(1).map(|(x, _)| *x).chain([WIDTH - RIGHT]);
        html! {
            @for ((from, name), to) in starts.iter().zip(ends) {
                @if *from > LEFT { (line((*from, TOP - 6.0), (*from, end), SOFT, Some("4 3"))) }
                (text(((*from + to) / 2.0, TOP - 9.0), "middle", SOFT, name))
            }
        }
    }

    fn bar(&self, middle: f64, bar: &Bar, hatch: &str) -> Markup {
        let fill = if bar.hatched { hatch } else { ACCENT };
        let end = bar.value.map_or(LEFT, |value| self.x(value));
        html! {
            (label(LEFT - 8.0, middle, &bar.label))
            @if bar.value.is_some() {
                rect x=(n(LEFT)) y=(n(middle - BAR / 2.0)) width=(n(end - LEFT)) height=(n(BAR)) fill=(fill)
                    stroke=(ACCENT) stroke-width="1" {}
            }
            (clear_text((end + 6.0, middle + 4.0), "start", INK, &bar.shown))
        }
    }
}
