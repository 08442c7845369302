//! A CSV file with a header, read row by row: UTF-8, with or without byte order mark, `,`, `;` or tab between cells.

use std::fs::File;
use std::io::{Chain, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use csv::{ByteRecord, ReaderBuilder, Terminator};

const BOM: &[u8] = b"\xef\xbb\xbf";
const BUFFER: usize = 1 << 16;

/// A column that a file may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name in the header.
    pub name: String,
    /// Whether a file without it is refused.
    pub required: bool,
}

impl Column {
    /// A column that must be there.
    pub(super) fn required(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            required: true,
        }
    }

    /// A column that may be missing.
    pub(super) fn optional(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            required: false,
        }
    }
}

/// An open file, behind its header.
pub(super) struct Sheet {
    reader: csv::Reader<Chain<File, &'static [u8]>>,
    record: ByteRecord,
    /// The header as written, trimmed.
    header: Vec<String>,
    /// Where each column stands; the order is that of the columns asked for.
    places: Vec<Option<usize>>,
    width: usize,
    bytes: u64,
}

/// One row.
pub(super) struct Row<'a> {
    /// Where it begins in the file, from 1; the header is line 1.
    pub line: u64,
    /// Bytes read up to its end.
    pub byte: u64,
    record: &'a ByteRecord,
    cells: Result<(&'a ByteRecord, &'a [Option<usize>]), String>,
}

impl Row<'_> {
    /// What is wrong with the row as such; its cells are empty then.
    pub(super) fn fault(&self) -> Option<&str> {
        self.cells.as_ref().err().map(String::as_str)
    }

    /// The row as read, whatever is wrong with it.
    pub(super) fn record(&self) -> &ByteRecord {
        self.record
    }

    /// The cell at this place in the file, trimmed; empty when there is none.
    pub(super) fn raw(&self, place: usize) -> &str {
        self.cells
            .as_ref()
            .ok()
            .and_then(|(record, _)| record.get(place))
            .and_then(text)
            .unwrap_or_default()
    }

    /// The cell of the column with this place among the columns asked for, trimmed; empty when there is none.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells
            .as_ref()
            .ok()
            .and_then(|(record, places)| record.get((*places.get(column)?)?))
            .and_then(text)
            .unwrap_or_default()
    }
}

impl Sheet {
    /// Opens a file and checks its header against the columns that it must or may have.
    ///
    /// # Errors
    ///
    /// As [`Sheet::raw`], and when the header has missing, unknown or repeated columns; all are named.
    pub(super) fn open(path: &Path, columns: &[Column]) -> anyhow::Result<Self> {
        let mut sheet = Self::raw(path)?;
        let names: Vec<String> = sheet
            .header
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        sheet.places =
            places(&names, columns).map_err(|fault| anyhow!("berkas `{}`: {fault}", path.display()))?;
        Ok(sheet)
    }

    /// Opens a file whose columns the caller will make sense of.
    ///
    /// # Errors
    ///
    /// When the file can't be read or is not UTF-8.
    pub(super) fn raw(path: &Path) -> anyhow::Result<Self> {
        let shown = || format!("berkas `{}`", path.display());
        let mut file = File::open(path).with_context(|| format!("{} tidak dapat dibuka", shown()))?;
        let bytes = file.metadata().with_context(shown)?.len();
        let mut start = Vec::new();
        (&mut file)
            .take(BUFFER as u64)
            .read_to_end(&mut start)
            .with_context(shown)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            bail!(
                "{}: harus UTF-8, bukan UTF-16; simpan ulang sebagai \"CSV UTF-8\"",
                shown()
            )
        }
        let bom = if start.starts_with(BOM) { BOM.len() } else { 0 };
        let delimiter = sniff(start.get(bom..).unwrap_or_default());
        file.seek(SeekFrom::Start(bom as u64)).with_context(shown)?;
        // Lines are counted by their LF: a CR before it is trimmed with the cell, and a last line gets an LF too.
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .terminator(Terminator::Any(b'\n'))
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER)
            .from_reader(file.chain(b"\n".as_slice()));
        let mut header = ByteRecord::new();
        reader.read_byte_record(&mut header).with_context(shown)?;
        let header: Option<Vec<String>> = header.iter().map(|cell| text(cell).map(str::to_owned)).collect();
        let Some(header) = header else {
            bail!("{}: harus UTF-8", shown())
        };
        Ok(Self {
            reader,
            record: ByteRecord::new(),
            places: Vec::new(),
            width: header.len(),
            header,
            bytes,
        })
    }

    /// The header as written.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Length of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next row that holds anything; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the file can't be read on.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row<'_>>> {
        let line = loop {
            let earliest = self.reader.position().line();
            if !self
                .reader
                .read_byte_record(&mut self.record)
                .context("berkas tidak dapat dibaca")?
            {
                return Ok(None);
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                // The reader counts blank lines before a record to it, so count back from its end.
                let inner = self
                    .record
                    .as_slice()
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count() as u64;
                break self
                    .reader
                    .position()
                    .line()
                    .saturating_sub(inner + 1)
                    .max(earliest);
            }
        };
        let byte = self.reader.position().byte();
        let cells = if self.record.len() != self.width {
            Err(format!(
                "memiliki {} kolom, seharusnya {}",
                self.record.len(),
                self.width
            ))
        } else if self.record.iter().any(|cell| text(cell).is_none()) {
            Err("bukan UTF-8".to_owned())
        } else {
            Ok((&self.record, self.places.as_slice()))
        };
        Ok(Some(Row {
            line,
            byte,
            record: &self.record,
            cells,
        }))
    }
}

/// A cell as trimmed text; `None` when it is not UTF-8.
fn text(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell).ok().map(str::trim)
}

/// The delimiter that the header has most of, what stands between quotes aside; a comma when it has none.
fn sniff(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(delimiter == byte);
                }
            }
            _ => {}
        }
    }
    let [mut best, others @ ..] = counts;
    for other in others {
        if other.1 > best.1 {
            best = other;
        }
    }
    best.0
}

fn places(names: &[String], columns: &[Column]) -> Result<Vec<Option<usize>>, String> {
    let mut faults = Vec::new();
    let mut tell = |what: &str, mut list: Vec<&str>| {
        list.sort_unstable();
        list.dedup();
        if !list.is_empty() {
            faults.push(format!("{what}: {}", list.join(", ")));
        }
    };
    let missing = columns
        .iter()
        .filter(|column| column.required && !names.contains(&column.name));
    tell(
        "kolom tidak ada",
        missing.map(|column| column.name.as_str()).collect(),
    );
    let unknown = names
        .iter()
        .filter(|name| !columns.iter().any(|column| column.name == **name));
    tell(
        "kolom tidak dikenal",
        unknown
            .map(|name| if name.is_empty() { "(tanpa nama)" } else { name })
            .collect(),
    );
    let twice = names
        .iter()
        .filter(|name| names.iter().filter(|other| other == name).count() > 1);
    tell("kolom ganda", twice.map(String::as_str).collect());
    if faults.is_empty() {
        Ok(columns
            .iter()
            .map(|column| names.iter().position(|name| *name == column.name))
            .collect())
    } else {
        let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        Err(format!(
            "{} (kolom yang dikenal: {})",
            faults.join("; "),
            known.join(", ")
        ))
    }
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
