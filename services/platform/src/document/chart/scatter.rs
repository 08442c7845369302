//! Points in a plane that two lines cut into quarters.

use maud::{Markup, html};

use super::draw::{
    ACCENT, About, INK, LINE, PAPER, SOFT, WIDTH, clear_text, line, n, text, tick_label, ticks,
};

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
    /// Value on the horizontal axis.
    pub x: f64,
    /// Value on the vertical axis.
    pub y: f64,
}

/// Points in a plane that two lines cut into quarters.
#[derive(Debug, Clone)]
pub struct Scatter<'a> {
    /// Title and description of the chart.
    pub about: About<'a>,
    /// Name of the horizontal axis.
    pub x_axis: &'a str,
    /// Name of the vertical axis.
    pub y_axis: &'a str,
    /// Where the two lines cross; `None` to draw none.
    pub split: Option<(f64, f64)>,
    /// Names of the quarters: top left, top right, bottom left, bottom right.
    pub quarters: [String; 4],
    /// The points.
    pub points: Vec<Point>,
}

/// A rectangle, by its centre and half its width and height.
#[derive(Debug, Clone, Copy)]
struct Rectangle {
    x: f64,
    y: f64,
    wide: f64,
    tall: f64,
}

impl Rectangle {
    fn overlaps(&self, other: &Self) -> bool {
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
    /// The chart as SVG.
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
                (text((x(at), END + 16.0), "middle", SOFT, &tick_label(at, x_places)))
            }
            @for at in up {
                (line((LEFT, y(at)), (WIDTH - RIGHT, y(at)), LINE, None))
                (text((LEFT - 6.0, y(at) + 4.0), "end", SOFT, &tick_label(at, y_places)))
            }
            rect x=(n(LEFT)) y=(n(TOP)) width=(n(WIDTH - RIGHT - LEFT)) height=(n(END - TOP)) fill="none" stroke=(SOFT) {}
            @if let Some((cut_x, cut_y)) = self.split {
                (line((x(cut_x), TOP), (x(cut_x), END), INK, Some("6 4")))
                (line((LEFT, y(cut_y)), (WIDTH - RIGHT, y(cut_y)), INK, Some("6 4")))
            }
            (self.names())
            (self.labels(&dots))
            @for (cx, cy) in &dots {
                circle cx=(n(*cx)) cy=(n(*cy)) r=(n(DOT)) fill=(ACCENT) stroke=(PAPER) stroke-width="1" {}
            }
            (text(((LEFT + WIDTH - RIGHT) / 2.0, END + 36.0), "middle", INK, self.x_axis))
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
                (clear_text((left, TOP + 16.0), "start", SOFT, top_left))
                (clear_text((right, TOP + 16.0), "end", SOFT, top_right))
                (clear_text((left, END - 8.0), "start", SOFT, bottom_left))
                (clear_text((right, END - 8.0), "end", SOFT, bottom_right))
            }
        }
    }

    /// Labels beside their points, at positions without overlap with other labels and points if there are any.
    fn labels(&self, dots: &[(f64, f64)]) -> Markup {
        let square = |(x, y): (f64, f64)| Rectangle {
            x,
            y,
            wide: DOT,
            tall: DOT,
        };
        let mut taken: Vec<Rectangle> = dots.iter().copied().map(square).collect();
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
            let at = |(dx, dy): &(f64, f64)| Rectangle {
                x: x + dx,
                y: y + dy,
                wide,
                tall: TALL,
            };
            let free = |r: &Rectangle| r.is_inside() && !taken.iter().any(|other| other.overlaps(r));
            let rectangle = tries.iter().map(at).find(free).unwrap_or(at(&(side, 0.0)));
            taken.push(rectangle);
            placed.push((rectangle, &point.label));
        }
        html! {
            g font-weight="bold" {
                @for (at, label) in placed { (clear_text((at.x, at.y + 4.0), "middle", INK, label)) }
            }
        }
    }
}

/// The range of an axis: from the least to the greatest value, with room on both sides.
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
