//! Points in a plane that two lines cut into quarters.

use maud::{Markup, html};

use super::{ACCENT, About, INK, LINE, SOFT, WIDTH, clear_words, line, mark, n, ticks, words};

const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const END: f64 = 332.0;
const HEIGHT: f64 = 376.0;
const DOT: f64 = 4.5;
/// Half the height of a label.
const TALL: f64 = 7.0;

/// One point.
#[derive(Debug, Clone)]
pub struct Point {
    /// Its short name.
    pub label: String,
    /// Place from left to right.
    pub x: f64,
    /// Place from bottom to top.
    pub y: f64,
}

/// Points in a plane that two lines cut into quarters.
#[derive(Debug, Clone)]
pub struct Scatter<'a> {
    /// What the chart is.
    pub about: About<'a>,
    /// Name of the axis from left to right.
    pub x_axis: &'a str,
    /// Name of the axis from bottom to top.
    pub y_axis: &'a str,
    /// Where the two lines cross, when they are drawn.
    pub split: Option<(f64, f64)>,
    /// Names of the quarters: top left, top right, bottom left, bottom right.
    pub quarters: [String; 4],
    /// The points.
    pub points: Vec<Point>,
}

/// A rectangle by its middle and half its sides.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    wide: f64,
    tall: f64,
}

impl Place {
    fn meets(&self, other: &Self) -> bool {
        (self.x - other.x).abs() < self.wide + other.wide && (self.y - other.y).abs() < self.tall + other.tall
    }

    fn is_inside(&self) -> bool {
        self.x - self.wide > LEFT
            && self.x + self.wide < WIDTH - RIGHT
            && self.y - self.tall > TOP
            && self.y + self.tall < END
    }
}

impl Scatter<'_> {
    /// As SVG.
    pub fn render(&self) -> Markup {
        let xs = range(self.points.iter().map(|p| p.x).chain(self.split.map(|s| s.0)));
        let ys = range(self.points.iter().map(|p| p.y).chain(self.split.map(|s| s.1)));
        let x = |value: f64| LEFT + (value - xs.0) / (xs.1 - xs.0) * (WIDTH - RIGHT - LEFT);
        let y = |value: f64| END - (value - ys.0) / (ys.1 - ys.0) * (END - TOP);
        let (across, x_places) = ticks(xs.0, xs.1);
        let (up, y_places) = ticks(ys.0, ys.1);
        let dots: Vec<(f64, f64)> = self.points.iter().map(|p| (x(p.x), y(p.y))).collect();
        let content = html! {
            @for at in across {
                (line((x(at), TOP), (x(at), END), LINE, None))
                (words((x(at), END + 16.0), "middle", SOFT, &mark(at, x_places)))
            }
            @for at in up {
                (line((LEFT, y(at)), (WIDTH - RIGHT, y(at)), LINE, None))
                (words((LEFT - 6.0, y(at) + 4.0), "end", SOFT, &mark(at, y_places)))
            }
            rect x=(n(LEFT)) y=(n(TOP)) width=(n(WIDTH - RIGHT - LEFT)) height=(n(END - TOP)) fill="none" stroke=(SOFT) {}
            @if let Some((cut_x, cut_y)) = self.split {
                (line((x(cut_x), TOP), (x(cut_x), END), INK, Some("6 4")))
                (line((LEFT, y(cut_y)), (WIDTH - RIGHT, y(cut_y)), INK, Some("6 4")))
            }
            (self.names())
            (self.labels(&dots))
            @for (cx, cy) in &dots {
                circle cx=(n(*cx)) cy=(n(*cy)) r=(n(DOT)) fill=(ACCENT) stroke="#ffffff" stroke-width="1" {}
            }
            (words(((LEFT + WIDTH - RIGHT) / 2.0, END + 36.0), "middle", INK, self.x_axis))
            text transform={ "translate(16 " (n((TOP + END) / 2.0)) ") rotate(-90)" } text-anchor="middle" {
                (self.y_axis)
            }
        };
        self.about.svg(HEIGHT, &content)
    }

    fn names(&self) -> Markup {
        let [top_left, top_right, bottom_left, bottom_right] = &self.quarters;
        let (left, right) = (LEFT + 8.0, WIDTH - RIGHT - 8.0);
        html! {
            g font-style="italic" {
                (clear_words((left, TOP + 16.0), "start", SOFT, top_left))
                (clear_words((right, TOP + 16.0), "end", SOFT, top_right))
                (clear_words((left, END - 8.0), "start", SOFT, bottom_left))
                (clear_words((right, END - 8.0), "end", SOFT, bottom_right))
            }
        }
    }

    /// Each label beside its point, where it meets neither another label nor a point, if there is such a place.
    fn labels(&self, dots: &[(f64, f64)]) -> Markup {
        let square = |(x, y): (f64, f64)| Place {
            x,
            y,
            wide: DOT,
            tall: DOT,
        };
        let mut taken: Vec<Place> = dots.iter().copied().map(square).collect();
        let mut placed = Vec::with_capacity(dots.len());
        for (point, (x, y)) in self.points.iter().zip(dots) {
            let wide = point.label.chars().count() as f64 * 3.6 + 1.0;
            let (side, up) = (wide + DOT + 3.0, TALL + DOT + 2.0);
            let tries = [
                (side, 0.0),
                (0.0, -up),
                (-side, 0.0),
                (0.0, up),
                (side, -up),
                (-side, -up),
                (side, up),
                (-side, up),
            ];
            let at = |(dx, dy): &(f64, f64)| Place {
                x: x + dx,
                y: y + dy,
                wide,
                tall: TALL,
            };
            let free = |place: &Place| place.is_inside() && !taken.iter().any(|other| other.meets(place));
            let place = tries.iter().map(at).find(free).unwrap_or(at(&(side, 0.0)));
            taken.push(place);
            placed.push((place, &point.label));
        }
        html! {
            g font-weight="bold" {
                @for (place, text) in placed { (clear_words((place.x, place.y + 4.0), "middle", INK, text)) }
            }
        }
    }
}

/// The range of an axis: all values with room on both sides.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    let room = ((high - low) * 0.12).max(0.05);
    (low - room, high + room)
}
