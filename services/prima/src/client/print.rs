//! Output: tables for people, JSON and CSV for machines.

pub mod analysis;
pub mod complaint;
pub mod complaint_figures;
pub mod index;
pub mod index_tree;
pub mod instrument;
pub mod league;
pub mod period;
pub mod result;
pub mod scores;
pub mod standing;

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use prima_platform::{document::csv::guarded, failure::Violation};
use prima_proto::ranking::v1 as ranking;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde::Serialize;

use super::contract;

/// Width of a table when stdout is not a terminal that reports its own width.
const WIDTH: u16 = 160;

/// Writes to stdout and flushes it. Fails when stdout can't be written, for example after its reader has closed it.
pub fn out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes a line to stderr. When stderr is closed there is no one left to inform, so that error is ignored.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Says that a list has more pages, when it has.
pub fn more(next_page_token: &str) {
    if !next_page_token.is_empty() {
        note("Masih ada yang lain; persempit pilihan atau naikkan --limit.");
    }
}

/// Lists the faults of a document, one per line, with their number.
pub fn faults(faults: &[Violation]) -> String {
    let line = |fault: &Violation| clean(&format!("{}: {}", fault.field, fault.localized)) + "\n";
    let lines: String = faults.iter().map(line).collect();
    lines + &format!("{} kesalahan\n", faults.len())
}

/// Removes what could move the cursor, break a line or change the direction of writing.
pub fn clean(text: &str) -> String {
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    let spaced: String = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    spaced.trim_end().to_owned()
}

/// How the columns of a table are set, by their index.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'a> {
    pub right: &'a [usize],
    /// Columns that are never wrapped, because people copy their content.
    pub whole: &'a [usize],
}

/// A table for people. Long text is wrapped.
pub fn table(header: &[&str], columns: Columns<'_>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(header.iter().map(Cell::new));
    for row in rows {
        table.add_row(row.iter().map(|text| Cell::new(clean(text))));
    }
    for index in columns.right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for index in columns.whole {
        if let Some(column) = table.column_mut(*index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    format!("{}\n", table.trim_fmt())
}

/// CSV of a header and rows. A cell that a spreadsheet would run as a formula gets a `'` in front.
pub fn csv<'a>(
    header: Option<&[&str]>,
    rows: impl IntoIterator<Item = Vec<std::borrow::Cow<'a, str>>>,
) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some(header) = header {
        writer.write_record(header)?;
    }
    for row in rows {
        writer.write_record(row.iter().map(|cell| guarded(cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// JSON, indented, or on one line when it is one document of many.
pub fn json(value: &impl Serialize, one_line: bool) -> anyhow::Result<String> {
    let text = if one_line {
        serde_json::to_string(value)?
    } else {
        serde_json::to_string_pretty(value)?
    };
    Ok(text + "\n")
}

/// JSON of a message with the field names of the contract. `name` is its full name there; fails when the message is of
/// another type.
pub fn message(name: &str, message: &impl prost::Message) -> anyhow::Result<String> {
    dynamic(&transcoded(name, message)?, false)
}

pub fn message_line(name: &str, message: &impl prost::Message) -> anyhow::Result<String> {
    dynamic(&transcoded(name, message)?, true)
}

fn transcoded(name: &str, message: &impl prost::Message) -> anyhow::Result<DynamicMessage> {
    let descriptor = contract::message(name)?;
    Ok(DynamicMessage::decode(
        descriptor,
        message.encode_to_vec().as_slice(),
    )?)
}

/// JSON of a message by its descriptor. Fails when the message has no form in JSON, for example a time beyond the year
/// 9999.
pub fn dynamic(message: &DynamicMessage, one_line: bool) -> anyhow::Result<String> {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    json(
        &message.serialize_with_options(serde_json::value::Serializer, &options)?,
        one_line,
    )
}

/// The line that warns of figures that may be outdated; `None` when they are current.
pub fn staleness(freshness: Option<&ranking::Freshness>) -> Option<String> {
    let freshness = freshness.filter(|freshness| freshness.stale)?;
    let as_of = freshness
        .as_of
        .as_ref()
        .and_then(prima_platform::clock::from_proto);
    let as_of = as_of
        .map(|time| format!("; keadaan {}", local(time)))
        .unwrap_or_default();
    let waiting = match freshness.waiting_for.join(", ") {
        list if list.is_empty() => list,
        list => format!("; menunggu {list}"),
    };
    Some(clean(&format!(
        "Perhatian: angka mungkin belum yang terbaru{as_of}{waiting}."
    )))
}

/// A time in western Indonesia (WIB).
pub fn local(time: chrono::DateTime<chrono::Utc>) -> String {
    (time + chrono::TimeDelta::hours(7))
        .format("%Y-%m-%d %H:%M:%S WIB")
        .to_string()
}

/// The text, or `-` when it is empty.
pub fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_runs_no_cell() {
        let rows = [vec![
            "=HYPERLINK(\"x\")".into(),
            "+1".into(),
            "-1".into(),
            "@a".into(),
            "\tb".into(),
            "aman, ya".into(),
        ]];
        let text = csv(Some(&["a", "b", "c", "d", "e", "f"]), rows).unwrap();
        assert_eq!(
            text,
            "a,b,c,d,e,f\n\"'=HYPERLINK(\"\"x\"\")\",'+1,'-1,'@a,'\tb,\"aman, ya\"\n"
        );
    }

    #[test]
    fn wide_and_hostile_text_does_not_break_a_table() {
        let wide = "Dinas ".repeat(40) + &"x".repeat(200) + "\n\u{1b}[2Jpindah\u{202e}kiri";
        let text = table(
            &["Nama", "Nilai"],
            Columns {
                right: &[1],
                whole: &[],
            },
            [vec![wide, "91.48".to_owned()], vec!["漢字".into(), "1".into()]],
        );
        assert!(text.lines().count() > 5);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        for line in text.lines() {
            assert!(line.chars().count() <= usize::from(WIDTH), "{line}");
            assert!(line.ends_with(['┐', '│', '╡', '┘']), "{line}");
        }
    }

    #[test]
    fn only_stale_figures_are_warned_of() {
        assert_eq!(staleness(None), None);
        assert_eq!(staleness(Some(&ranking::Freshness::default())), None);
        let stale = ranking::Freshness {
            stale: true,
            as_of: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
            waiting_for: vec!["survey".into()],
        };
        let expected =
            "Perhatian: angka mungkin belum yang terbaru; keadaan 1970-01-01 07:00:00 WIB; menunggu survey.";
        assert_eq!(staleness(Some(&stale)).unwrap(), expected);
    }
}
