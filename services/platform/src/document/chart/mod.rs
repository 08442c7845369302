//! Charts as inline SVG, readable without colour, with a title and a description for readers who can't see them.
//!
//! Binary floats are used for positions in the drawing only; every figure that is printed is a text that the caller has
//! rounded.

mod bars;
mod scatter;
mod stack;

use maud::{Markup, html};

pub use bars::{Bar, Bars, Guide};
pub use scatter::{Point, Scatter};
pub use stack::{Stack, StackRow};

/// Width of every chart in its own units; a printed page is about as many pixels wide.
const WIDTH: f64 = 680.0;
const INK: &str = "#1b2733";
const SOFT: &str = "#5c6b7a";
const LINE: &str = "#c9d2db";
const ACCENT: &str = "#24476f";

/// Title and description of a chart.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// Id within the page; the ids in the drawing start with it.
    pub id: &'a str,
    /// What it shows, in a few words.
    pub title: &'a str,
    /// Description for readers who can't see it, with all that it shows.
    pub description: &'a str,
}

impl About<'_> {
    fn svg(&self, height: f64, content: &Markup) -> Markup {
        let (title, description) = (format!("{}-judul", self.id), format!("{}-uraian", self.id));
        html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (n(WIDTH)) " " (n(height)) } role="img"
                aria-labelledby={ (title) " " (description) } font-size="12" fill=(INK) {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                (content)
            }
        }
    }

    /// A hatched fill, and its reference.
    fn hatch(&self) -> (Markup, String) {
        let id = format!("{}-arsir", self.id);
        let defs = html! {
            defs {
                pattern id=(id) width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect width="5" height="5" fill="#ffffff" {}
                    line x1="0" y1="0" x2="0" y2="5" stroke=(ACCENT) stroke-width="3" {}
                }
            }
        };
        (defs, format!("url(#{id})"))
    }
}

/// A coordinate with one decimal at most.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn line(from: (f64, f64), to: (f64, f64), colour: &str, dashes: Option<&str>) -> Markup {
    html! {
        line x1=(n(from.0)) y1=(n(from.1)) x2=(n(to.0)) y2=(n(to.1)) stroke=(colour) stroke-width="1"
            stroke-dasharray=[dashes] {}
    }
}

/// A text at a position; `anchor` is `start`, `middle` or `end`.
fn text(at: (f64, f64), anchor: &str, colour: &str, content: &str) -> Markup {
    html! { text x=(n(at.0)) y=(n(at.1)) text-anchor=(anchor) fill=(colour) { (content) } }
}

/// A text with an outline, so that it is readable on lines that cross it.
fn clear_text(at: (f64, f64), anchor: &str, colour: &str, text: &str) -> Markup {
    html! {
        text x=(n(at.0)) y=(n(at.1)) text-anchor=(anchor) fill=(colour) stroke="#ffffff" stroke-width="4"
            paint-order="stroke" { (text) }
    }
}

/// A label to the left of `x` with the middle `y`, on one or two lines.
fn label(x: f64, y: f64, content: &str) -> Markup {
    let lines = wrapped(content, 38);
    let first = if lines.len() > 1 { y - 3.0 } else { y + 4.0 };
    html! {
        @for (line, part) in (0_u8..).zip(&lines) {
            (text((x, first + 13.0 * f64::from(line)), "end", INK, part))
        }
    }
}

/// The text on at most two lines of `width` characters, broken between words, cut with `…`.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines.len();
        let Some(last) = lines.last_mut() else { break };
        let length = last.chars().count() + 1 + word.chars().count();
        if last.is_empty() {
            last.push_str(word);
        } else if length <= width {
            last.push(' ');
            last.push_str(word);
        } else if full == 2 {
            last.push('…');
            break;
        } else {
            lines.push(word.to_owned());
        }
    }
    for line in &mut lines {
        if line.chars().count() > width {
            *line = line.chars().take(width - 1).chain(['…']).collect();
        }
    }
    lines
}

/// About six round values within a range, for the ticks of an axis, and the number of decimals that they need.
fn ticks(from: f64, to: f64) -> (Vec<f64>, usize) {
    let span = to - from;
    if !span.is_finite() || span <= 0.0 {
        return (vec![from], 2);
    }
    let rough = span / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(power);
    let places = (0_usize..6)
        .find(|places| step >= 10_f64.powf(-(*places as f64)) * 0.999)
        .unwrap_or(6);
    let mut values = Vec::new();
    let mut at = (from / step).ceil() * step;
    while at <= to + step * 1e-9 && values.len() < 20 {
        values.push(at);
        at += step;
    }
    (values, places)
}

/// Label of a tick of an axis.
fn tick_label(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    // A negative value that is rounded to zero has a minus sign.
    let zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    super::number::decimal(if zero { text.trim_start_matches('-') } else { &text })
}

#[cfg(test)]
mod tests;
