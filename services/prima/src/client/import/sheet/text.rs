//! Rows of delimited text, with any delimiter, line end and encoding that spreadsheets use.
//!
//! A quote that is not closed would swallow the rows below it. A cell with line breaks is therefore checked: when one
//! of its lines is a complete row by itself, the quote is treated as unclosed, its line is bad, and reading continues
//! on the next line.

use anyhow::bail;
use std::collections::BTreeMap;

use super::lines::{Letters, Line, Lines, Origin, look};
use super::record::Record;
use super::split::{Quotes, Rule, literal_cells, split};

/// Delimiters that files have, the usual one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Lines and bytes by which the delimiter is judged.
const SAMPLE: (usize, usize) = (200, 1 << 18);
/// Most lines and bytes of one row.
const ROW: (usize, usize) = (200, 1 << 17);
/// A file is given up after this many rows in succession with an unclosed quote.
const UNCLOSED: usize = 100;
/// From this number of cells on, a line with as many cells is a row and not a sentence.
const TELLING: usize = 4;

/// A text file of rows.
pub(crate) struct Text {
    origin: Origin,
    letters: Letters,
    lines: Lines,
    delimiter: u8,
    /// Number of lines before the rows, which name the delimiter.
    skip: u64,
    /// Delimiter within cells, when each row is in one cell.
    inner: Option<u8>,
    width: usize,
    unclosed: usize,
}

impl Text {
    /// Opens a file and determines its encoding and delimiter.
    ///
    /// # Errors
    ///
    /// When the file can't be read or is no text.
    pub(crate) fn open(origin: Origin, notes: &mut Vec<String>) -> anyhow::Result<Self> {
        let letters = look(&origin)?;
        let mut text = Self {
            lines: Lines::open(&origin, &letters)?,
            origin,
            letters,
            delimiter: b',',
            skip: 0,
            inner: None,
            width: 0,
            unclosed: 0,
        };
        let (sample, named) = text.sample()?;
        text.skip = u64::from(named.is_some());
        let (delimiter, inner) = match named {
            Some(delimiter) => (delimiter, None),
            None => delimiters(&sample)?,
        };
        (text.delimiter, text.inner) = (delimiter, inner);
        if let Some(inner) = inner {
            notes.push(in_one_cell(inner));
        }
        if let Some(encoding) = letters.encoding {
            let example = sample.iter().find(|line| !line.is_ascii());
            let example = example.map_or_else(String::new, |line| {
                format!(", misalnya `{}`", line.chars().take(60).collect::<String>())
            });
            notes.push(format!(
                "berkas bukan UTF-8 dan dibaca sebagai {}{example}; bila hurufnya salah, simpan ulang sebagai \"CSV UTF-8\"",
                encoding.name()
            ));
        }
        text.rewind()?;
        Ok(text)
    }

    /// Goes back to the first row.
    ///
    /// # Errors
    ///
    /// When the file can't be opened again.
    pub(crate) fn rewind(&mut self) -> anyhow::Result<()> {
        self.lines = Lines::open(&self.origin, &self.letters)?;
        self.unclosed = 0;
        for _ in 0..self.skip {
            self.lines.next()?;
        }
        Ok(())
    }

    /// Sets the number of cells of a complete row; from then on rows swallowed by a quote are recognised.
    pub(crate) fn set_width(&mut self, width: usize) {
        self.width = width;
    }

    /// Length of the file, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.letters.bytes
    }

    /// Returns the delimiter, whether there is a byte order mark, and whether lines end with CRLF.
    pub(crate) fn style(&self) -> (u8, bool, bool) {
        (
            self.inner.unwrap_or(self.delimiter),
            self.letters.bom,
            self.letters.crlf,
        )
    }

    /// Returns the first lines, and the delimiter that the first of them may name (`sep=;`).
    fn sample(&mut self) -> anyhow::Result<(Vec<String>, Option<u8>)> {
        let (mut sample, mut bytes) = (Vec::new(), 0);
        while sample.len() < SAMPLE.0 && bytes < SAMPLE.1 {
            let Some(line) = self.lines.next()? else { break };
            bytes += line.text.len();
            sample.push(line.text);
        }
        let named = sample.first().and_then(|line| separator(line));
        if named.is_some() {
            sample.remove(0);
        }
        Ok((sample, named))
    }

    /// Returns the next row, which may be blank; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the rest of the file can't be read, or quotes are never closed.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Record>> {
        let Some(first) = self.lines.next()? else {
            return Ok(None);
        };
        let mut record = Record {
            line: first.number,
            read: first.read,
            fault: first.damaged.then(|| {
                "berisi huruf yang bukan UTF-8; simpan ulang berkas sebagai \"CSV UTF-8\"".to_owned()
            }),
            ..Record::default()
        };
        if split(&first.text, self.delimiter, Rule::Strict, &mut record.cells) != Quotes::Closed {
            self.quoted(&first, &mut record)?;
        } else {
            self.unclosed = 0;
        }
        if let Some(inner) = self.inner.filter(|_| record.cells.len() == 1) {
            let whole = record.cells.get(0).unwrap_or_default().to_owned();
            split(&whole, inner, Rule::Lenient, &mut record.cells);
        }
        Ok(Some(record))
    }

    /// Reads a row whose quotes are not balanced in its first line.
    fn quoted(&mut self, first: &Line, record: &mut Record) -> anyhow::Result<()> {
        if split(&first.text, self.delimiter, Rule::Lenient, &mut record.cells) == Quotes::Closed {
            if self.width > 0 && record.cells.len() != self.width {
                record.fault = Some("tanda kutip di dalam sel tidak ditulis ganda (\"\")".to_owned());
            }
            return Ok(());
        }
        let (mut text, mut more) = (first.text.clone(), Vec::new());
        let mut quotes = Quotes::Open;
        while quotes == Quotes::Open && more.len() < ROW.0 && text.len() < ROW.1 {
            let Some(line) = self.lines.next()? else { break };
            text.push('\n');
            text.push_str(&line.text);
            let closing = line.text.contains('"');
            more.push(line);
            if closing {
                quotes = split(&text, self.delimiter, Rule::Strict, &mut record.cells);
            }
        }
        if quotes == Quotes::Closed && !self.swallowed(first, &more) {
            if let Some(last) = more.last() {
                record.read = last.read;
            }
            if more.iter().any(|line| line.damaged) && record.fault.is_none() {
                record.fault = Some("berisi huruf yang bukan UTF-8".to_owned());
            }
            self.unclosed = 0;
            return Ok(());
        }
        self.unclosed += 1;
        if self.unclosed >= UNCLOSED {
            bail!(
                "{} baris berturut-turut (sampai baris {}) membuka tanda kutip yang tidak ditutup; perbaiki berkas, atau \
                 simpan ulang dari aplikasi asalnya",
                self.unclosed,
                first.number
            )
        }
        split(&first.text, self.delimiter, Rule::Literal, &mut record.cells);
        record.fault = Some(match (more.first(), more.last()) {
            (Some(from), Some(to)) => format!(
                "tanda kutip yang dibuka di baris ini tidak ditutup, sehingga dapat menelan {} baris sesudahnya (baris {} \
                 sampai {}); tutup atau hapus tanda kutip itu",
                more.len(),
                from.number,
                to.number
            ),
            _ => "tanda kutip yang dibuka di baris ini tidak ditutup".to_owned(),
        });
        self.lines.give_back(more.into_iter());
        Ok(())
    }

    /// Whether a row of several lines is probably several rows: one of its further lines has all the cells of a row.
    fn swallowed(&self, first: &Line, more: &[Line]) -> bool {
        if self.width < 2 {
            return false;
        }
        let whole = |line: &Line| literal_cells(&line.text, self.delimiter) >= self.width;
        let Some((_, middle)) = more.split_last() else {
            return false;
        };
        if self.width < TELLING {
            // A sentence may contain as many commas as a narrow row.
            return more.len() > 1 && whole(first) && more.iter().all(whole);
        }
        middle.iter().any(whole) || (whole(first) && more.iter().any(whole))
    }
}

/// The delimiter that a line `sep=;` names.
fn separator(line: &str) -> Option<u8> {
    let line = line.trim().trim_matches('"');
    let (key, value) = line.split_at_checked(4)?;
    match value.as_bytes() {
        [delimiter] if key.eq_ignore_ascii_case("sep=") && !delimiter.is_ascii_alphanumeric() => {
            Some(*delimiter)
        }
        // Trimming the line has removed the tab.
        [] if key.eq_ignore_ascii_case("sep=") => Some(b'\t'),
        _ => None,
    }
}

/// Determines the delimiter with which the rows agree, and the delimiter within cells when each row is in one cell.
fn delimiters(sample: &[String]) -> anyhow::Result<(u8, Option<u8>)> {
    if let Some(delimiter) = agreed(sample)? {
        return Ok((delimiter, None));
    }
    // No delimiter splits the rows: each row may be quoted as a whole.
    let mut inner = Vec::new();
    let mut cells = csv::StringRecord::new();
    for line in sample.iter().filter(|line| !line.trim().is_empty()) {
        split(line, b',', Rule::Strict, &mut cells);
        inner.push(cells.get(0).unwrap_or_default().to_owned());
    }
    Ok((b',', agreed(&inner)?))
}

/// Splits rows that are in one cell each, as when a spreadsheet opened a text file without its delimiter.
pub(crate) fn unwrap(rows: &mut [Record], notes: &mut Vec<String>) -> anyhow::Result<()> {
    if rows.len() < 2 || rows.iter().any(|row| row.cells.len() != 1) {
        return Ok(());
    }
    let cell = |row: &Record| row.cells.get(0).unwrap_or_default().to_owned();
    let sample: Vec<String> = rows.iter().take(SAMPLE.0).map(cell).collect();
    let Some(delimiter) = agreed(&sample)? else {
        return Ok(());
    };
    for row in rows {
        let whole = cell(row);
        split(&whole, delimiter, Rule::Lenient, &mut row.cells);
    }
    notes.push(in_one_cell(delimiter));
    Ok(())
}

fn in_one_cell(delimiter: u8) -> String {
    format!(
        "setiap baris ada dalam satu sel; dipisah kembali menurut {}",
        name(delimiter)
    )
}

/// Returns the delimiter with which most rows have the same number of cells, more than one.
fn agreed(sample: &[String]) -> anyhow::Result<Option<u8>> {
    let mut best: Option<(usize, usize, u8)> = None;
    for delimiter in DELIMITERS {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        let mut rows = Text {
            origin: Origin::default(),
            letters: Letters {
                encoding: None,
                bom: false,
                crlf: false,
                bytes: 0,
            },
            lines: Lines::text(sample.join("\n")),
            delimiter,
            skip: 0,
            inner: None,
            width: 0,
            unclosed: 0,
        };
        while let Ok(Some(record)) = rows.next() {
            if record.cells.len() > 1 {
                *counts.entry(record.cells.len()).or_default() += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(cells, rows)| (*rows, *cells));
        if let Some((cells, rows)) = most
            && best.is_none_or(|(held, width, _)| (rows, cells) > (held, width))
        {
            best = Some((rows, cells, delimiter));
        }
    }
    Ok(best.map(|(_, _, delimiter)| delimiter))
}

/// The name of a delimiter that is printed.
fn name(delimiter: u8) -> String {
    match delimiter {
        b',' => "koma".to_owned(),
        b';' => "titik koma".to_owned(),
        b'\t' => "tab".to_owned(),
        other => format!("`{}`", char::from(other)),
    }
}
