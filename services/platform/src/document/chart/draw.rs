//! What charts are drawn with: colours, lines, texts, ticks of an axis.

use maud::{Markup, html};

/// Width of every chart in its own units; a printed page is about as many pixels wide.
pub const WIDTH: f64 = 680.0;
/// Colour of text and of lines that carry a meaning. The colours are those of the page, which has other ones in the dark.
pub const INK: &str = "var(--ink, #1b2733)";
/// Colour of text of less weight.
pub const SOFT: &str = "var(--soft, #56646f)";
/// Colour of lines of less weight.
pub const LINE: &str = "var(--line, #b9c4cd)";
/// Colour of what is shown.
pub const ACCENT: &str = "var(--accent, #24476f)";
/// Colour of the page.
pub const PAPER: &str = "var(--paper, #ffffff)";
/// Colour of a band behind what is shown.
pub const TINT: &str = "var(--tint, #eef2f6)";

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
    /// A drawing of this height, [`WIDTH`] wide.
    pub fn svg(&self, height: f64, content: &Markup) -> Markup {
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
    pub fn hatch(&self) -> (Markup, String) {
        let id = format!("{}-arsir", self.id);
        let defs = html! {
            defs {
                pattern id=(id) width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect width="5" height="5" fill=(PAPER) {}
                    line x1="0" y1="0" x2="0" y2="5" stroke=(ACCENT) stroke-width="3" {}
                }
            }
        };
        (defs, format!("url(#{id})"))
    }
}

/// A coordinate with one decimal at most.
pub fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A line, dashed as `dashes` says.
pub fn line(from: (f64, f64), to: (f64, f64), colour: &str, dashes: Option<&str>) -> Markup {
    html! {
        line x1=(n(from.0)) y1=(n(from.1)) x2=(n(to.0)) y2=(n(to.1)) stroke=(colour) stroke-width="1"
            stroke-dasharray=[dashes] {}
    }
}

/// A text at a position; `anchor` is `start`, `middle` or `end`.
pub fn text(at: (f64, f64), anchor: &str, colour: &str, content: &str) -> Markup {
    html! { text x=(n(at.0)) y=(n(at.1)) text-anchor=(anchor) fill=(colour) { (content) } }
}

/// A text with an outline, so that it is readable on lines that cross it.
pub fn clear_text(at: (f64, f64), anchor: &str, colour: &str, text: &str) -> Markup {
    html! {
        text x=(n(at.0)) y=(n(at.1)) text-anchor=(anchor) fill=(colour) stroke=(PAPER) stroke-width="4"
            paint-order="stroke" { (text) }
    }
}

/// A label to the left of `x` with the middle `y`, on one or two lines.
pub fn label(x: f64, y: f64, content: &str) -> Markup {
    let lines = wrapped(content, 38);
    let first = if lines.len() > 1 { y - 3.0 } else { y + 4.0 };
    html! {
        @for (line, part) in (0_u8..).zip(&lines) {
            (text((x, first + 13.0 * f64::from(line)), "end", INK, part))
        }
    }
}

/// The text on at most two lines of `width` characters, broken between words, cut with `…`.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
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
pub fn ticks(from: f64, to: f64) -> (Vec<f64>, usize) {
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
pub fn tick_label(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    // A negative value that is rounded to zero has a minus sign.
    let zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    crate::document::number::decimal(if zero { text.trim_start_matches('-') } else { &text })
}
