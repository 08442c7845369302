//! Output: tables for people, JSON and CSV for machines.

pub mod analysis;
pub mod award;
pub mod certainty;
pub mod complaint;
pub mod complaint_figures;
pub mod doctor;
pub mod index;
pub mod index_tree;
pub mod instrument;
pub mod league;
pub mod period;
pub mod rank_change;
pub mod result;
pub mod scorecard;
pub mod scores;
pub mod standing;

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, presets};
use prima_platform::document::csv::guarded;
use prima_proto::ranking::v1 as ranking;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde::Serialize;

use super::contract;
use crate::cli::TableOrJson;

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

/// Labels and values, one pair a line.
pub fn lines(rows: &[(&str, String)]) -> String {
    let line = |(label, value): &(&str, String)| clean(&format!("{label:<12}: {value}")) + "\n";
    rows.iter().map(line).collect()
}

/// A table that is made column by column, for people or as CSV.
pub struct Table<R> {
    /// Each row with the cells that it has so far.
    rows: Vec<(R, Vec<String>)>,
    columns: Vec<Column>,
}

struct Column {
    heading: String,
    right: bool,
    whole: bool,
}

impl<R: Copy> Table<R> {
    /// A table of these rows, without columns.
    pub fn of(rows: impl IntoIterator<Item = R>) -> Self {
        Self {
            rows: rows.into_iter().map(|row| (row, Vec::new())).collect(),
            columns: Vec::new(),
        }
    }

    /// Adds a column of text. Long text is wrapped.
    pub fn text<S: ToString>(self, heading: &str, cell: impl Fn(R) -> S) -> Self {
        self.column(heading, (false, false), cell)
    }

    /// Adds a column of text that is never wrapped, because people copy it.
    pub fn whole<S: ToString>(self, heading: &str, cell: impl Fn(R) -> S) -> Self {
        self.column(heading, (false, true), cell)
    }

    /// Adds a column of numbers.
    pub fn number<S: ToString>(self, heading: &str, cell: impl Fn(R) -> S) -> Self {
        self.column(heading, (true, false), cell)
    }

    /// Adds a column of numbers that are never wrapped.
    pub fn whole_number<S: ToString>(self, heading: &str, cell: impl Fn(R) -> S) -> Self {
        self.column(heading, (true, true), cell)
    }

    /// Adds columns when they mean something here.
    pub fn when(self, means_something: bool, add: impl FnOnce(Self) -> Self) -> Self {
        if means_something { add(self) } else { self }
    }

    fn column<S: ToString>(
        mut self,
        heading: &str,
        (right, whole): (bool, bool),
        cell: impl Fn(R) -> S,
    ) -> Self {
        for (row, cells) in &mut self.rows {
            cells.push(cell(*row).to_string());
        }
        self.columns.push(Column {
            heading: heading.to_owned(),
            right,
            whole,
        });
        self
    }

    /// The table for people. An empty cell is shown as `-`.
    pub fn print(&self) -> String {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic);
        // In a test the table is the same in every terminal.
        if cfg!(test) || table.width().is_none() {
            table.set_width(WIDTH);
        }
        table.set_header(self.columns.iter().map(|column| Cell::new(&column.heading)));
        for (_, cells) in &self.rows {
            table.add_row(cells.iter().map(|cell| Cell::new(or_dash(&clean(cell)))));
        }
        for (set, column) in table.column_iter_mut().zip(&self.columns) {
            if column.right {
                set.set_cell_alignment(CellAlignment::Right);
            }
            if column.whole {
                set.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        format!("{}\n", table.trim_fmt())
    }

    /// The rows as CSV, below the headings when these are wanted. A cell that a spreadsheet would run as a formula gets
    /// a `'` in front.
    pub fn csv(&self, with_headings: bool) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        if with_headings {
            writer.write_record(self.columns.iter().map(|column| &column.heading))?;
        }
        for (_, cells) in &self.rows {
            writer.write_record(cells.iter().map(|cell| guarded(cell)))?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }
}

/// Prints what a service returned: as text for people, or as JSON. `name` is the full name of the message in the
/// contract.
pub fn answer<M: prost::Message>(
    format: TableOrJson,
    name: &str,
    message: &M,
    text: impl FnOnce(&M) -> String,
) -> anyhow::Result<()> {
    let text = match format {
        TableOrJson::Table => text(message),
        TableOrJson::Json => self::message(name, message)?,
    };
    Ok(out(&text)?)
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

/// The line that says of which moment a past table is; `None` for the present one.
pub fn moment(table: &ranking::LeagueTable) -> Option<String> {
    let time =
        |time: Option<&prost_types::Timestamp>| time.and_then(prima_platform::clock::from_proto).map(local);
    let (as_of, known_at) = (time(table.as_of.as_ref())?, time(table.known_at.as_ref())?);
    Some(match as_of == known_at {
        true => format!("keadaan {as_of}"),
        false => format!("keadaan {as_of}, diketahui {known_at}"),
    })
}

/// A time in western Indonesia (WIB).
pub fn local(time: chrono::DateTime<chrono::Utc>) -> String {
    (time + chrono::TimeDelta::hours(7))
        .format("%Y-%m-%d %H:%M:%S WIB")
        .to_string()
}

/// The name, or the key when there is no name.
pub fn named<'a>(name: &'a str, key: &'a str) -> &'a str {
    if name.is_empty() { key } else { name }
}

/// The text; `None` when it is empty.
pub fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
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
        let cells = ["=HYPERLINK(\"x\")", "+1", "-1", "@a", "\tb", "aman, ya", ""];
        let table = Table::of(cells).text("a", |cell| cell);
        assert_eq!(
            table.csv(true).unwrap(),
            "a\n\"'=HYPERLINK(\"\"x\"\")\"\n'+1\n'-1\n'@a\n'\tb\n\"aman, ya\"\n\"\"\n"
        );
        assert_eq!(Table::of(["b"]).text("a", |cell| cell).csv(false).unwrap(), "b\n");
    }

    #[test]
    fn wide_and_hostile_text_does_not_break_a_table() {
        let wide = "Dinas ".repeat(40) + &"x".repeat(200) + "\n\u{1b}[2Jpindah\u{202e}kiri";
        let text = Table::of([(wide.as_str(), "91.48"), ("漢字", "")])
            .text("Nama", |row| row.0)
            .number("Nilai", |row| row.1)
            .print();
        assert!(text.lines().count() > 5);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        for line in text.lines() {
            assert!(line.chars().count() <= usize::from(WIDTH), "{line}");
            assert!(line.ends_with(['┐', '│', '╡', '┘']), "{line}");
        }
        assert!(text.contains("┆     - │"), "{text}");
    }

    #[test]
    fn only_stale_figures_are_warned_of() {
        assert_eq!(staleness(None), None);
        assert_eq!(staleness(Some(&ranking::Freshness::default())), None);
        let stale = ranking::Freshness {
            stale: true,
            as_of: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
            waiting_for: vec!["survey".into()],
            ..Default::default()
        };
        let expected =
            "Perhatian: angka mungkin belum yang terbaru; keadaan 1970-01-01 07:00:00 WIB; menunggu survey.";
        assert_eq!(staleness(Some(&stale)).unwrap(), expected);
    }
}
