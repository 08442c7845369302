//! A table in a file, read row by row: CSV with any delimiter, line end and encoding, or a sheet of a workbook (XLSX,
//! ODS).
//!
//! The header may be below titles. Columns without a name and without content, blank rows, headers that are repeated on
//! further pages, totals, and remarks below totals are not rows of the table. The notes say what was left out and how
//! the file was understood.

mod ahead;
pub(crate) mod book;
mod choose;
mod columns;
pub(crate) mod head;
mod lines;
pub(crate) mod record;
mod split;
mod text;

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use csv::StringRecord;

use self::book::Page;
use self::choose::{choose, refuse_other_kinds};
use self::columns::places;
use self::head::{Head, LOOK};
use self::lines::Origin;
use self::record::{Record, trim};
use self::text::Text;

pub(super) use self::columns::{ADDED, Column};
pub(super) use self::record::LeftOut;

/// Most rows that are listed one by one as left out.
const LISTED_MAX: usize = 20;
/// A row below a total with at most this many cells is a remark.
const REMARK: usize = 2;

/// The file and the place of the table in it.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Sheet of a workbook; when `None`, the only sheet that fits.
    pub sheet: Option<String>,
    /// Line of the header; found automatically when `None`.
    pub header_row: Option<u64>,
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            ..Self::default()
        }
    }
}

/// The format of a file, for another file that is written in the same format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// Delimiter between cells.
    pub delimiter: u8,
    /// Whether it begins with a byte order mark.
    pub bom: bool,
    /// Whether lines end with CRLF.
    pub crlf: bool,
}

enum Rows {
    Text(Text),
    Page(Page, usize),
}

impl Rows {
    fn next(&mut self) -> anyhow::Result<Option<Record>> {
        match self {
            Self::Text(text) => text.next(),
            Self::Page(page, place) => {
                let record = page.rows.get(*place).cloned();
                *place += 1;
                Ok(record)
            }
        }
    }
}

/// An open file, positioned after its header.
pub(super) struct Sheet {
    rows: Rows,
    /// Rows that were read while looking for the header.
    ahead: VecDeque<Record>,
    record: Record,
    head: Head,
    /// Position of each column in the file, in the order of the columns that were asked for.
    places: Vec<Option<usize>>,
    notes: Vec<String>,
    /// Line and description of what was left out because it is no row of the table.
    left_out: Vec<(u64, String)>,
    below_total: bool,
    first: bool,
    /// Rows that are left out for what one of their cells says.
    leave_out: Vec<LeftOut>,
    /// Positions of the columns that are read: a formula's error there makes a row bad.
    read: Vec<usize>,
    /// The row below the header in which Qualtrics describes the columns.
    below_header: Option<StringRecord>,
}

/// One row.
pub(super) struct Row<'a> {
    /// Line of the file on which the row begins, counted from 1.
    pub line: u64,
    /// How much of the file was read up to the end of the row, out of [`Sheet::length`].
    pub read: u64,
    record: &'a Record,
    places: &'a [Option<usize>],
}

impl<'a> Row<'a> {
    fn new(record: &'a Record, places: &'a [Option<usize>]) -> Self {
        Self {
            line: record.line,
            read: record.read,
            record,
            places,
        }
    }

    /// What is wrong with the row as a whole; its cells are empty then.
    pub(super) fn fault(&self) -> Option<&str> {
        self.record.fault.as_deref()
    }

    /// The row as read, even when it has a fault.
    pub(super) fn record(&self) -> &StringRecord {
        &self.record.cells
    }

    /// The cell at this position in the file, trimmed; empty when there is none.
    pub(super) fn raw(&self, place: usize) -> &str {
        match self.record.fault {
            None => self.record.cells.get(place).map(trim).unwrap_or_default(),
            Some(_) => "",
        }
    }

    /// The cell of a column, by its index among the columns that were asked for, trimmed; empty when there is none.
    pub(super) fn cell(&self, column: usize) -> &str {
        match self.places.get(column) {
            Some(Some(place)) => self.entry(*place),
            _ => "",
        }
    }

    /// The cell at this position in the file, trimmed. In lists a dash alone says that there is nothing.
    pub(super) fn entry(&self, place: usize) -> &str {
        match self.raw(place) {
            "-" | "\u{2013}" | "\u{2014}" => "",
            cell => cell,
        }
    }
}

impl Sheet {
    /// Opens a file and checks its header for required and allowed columns.
    ///
    /// # Errors
    ///
    /// As [`Sheet::raw`], and when the header has missing, unknown or repeated columns; the error names all of them.
    pub(super) fn open(source: &Source, columns: &[Column]) -> anyhow::Result<Self> {
        let known = |cells: &[String]| {
            let held = |column: &&Column| cells.iter().any(|cell| column.is(cell));
            columns.iter().filter(held).count()
        };
        let mut sheet = Self::raw(source, &known)?;
        sheet.places = places(&sheet.head.cells, columns)
            .map_err(|fault| anyhow!("berkas `{}`: {fault}", source.path.display()))?;
        sheet.read = sheet.places.iter().flatten().copied().collect();
        Ok(sheet)
    }

    /// Opens a file whose columns the caller will interpret. `known` counts the different columns that it recognises
    /// among the cells of a row, by which the header is found.
    ///
    /// # Errors
    ///
    /// When the file can't be read, is no table, or has several sheets with such a header.
    pub(super) fn raw(source: &Source, known: &dyn Fn(&[String]) -> usize) -> anyhow::Result<Self> {
        let path = source.path.as_path();
        let shown = || format!("berkas `{}`", path.display());
        let mut start = Vec::new();
        let file = File::open(path).with_context(|| format!("{} tidak dapat dibuka", shown()))?;
        file.take(1024).read_to_end(&mut start).with_context(shown)?;
        refuse_other_kinds(&start).with_context(shown)?;
        let mut notes = Vec::new();
        let packed = match start.starts_with(b"PK") {
            true => book::packed_text(path).with_context(shown)?,
            false => None,
        };
        let (rows, ahead, head) = if book::is_workbook(&start) && packed.is_none() {
            let mut pages = book::pages(path, source.sheet.as_deref())?;
            if let [page] = pages.as_mut_slice() {
                text::unwrap(&mut page.rows, &mut notes)?;
            }
            let (page, head) = choose(pages, source, known, &mut notes).with_context(shown)?;
            let ahead: VecDeque<Record> = page.rows.iter().take(LOOK).cloned().collect();
            let read = ahead.len();
            (Rows::Page(page, read), ahead, head)
        } else {
            if source.sheet.is_some() {
                bail!("{}: --sheet hanya untuk buku kerja (XLSX, ODS)", shown())
            }
            let origin = match packed {
                Some(bytes) => {
                    notes.push("berkas di dalam arsip ZIP dibaca".to_owned());
                    Origin::unpacked(path, bytes)
                }
                None => Origin::file(path),
            };
            let mut text = Text::open(origin, &mut notes)?;
            let mut ahead = VecDeque::new();
            let reach = source.header_row.unwrap_or_default();
            while ahead.len() < LOOK || ahead.back().is_some_and(|last: &Record| last.line <= reach) {
                let Some(record) = text.next()? else { break };
                if !record.is_blank() {
                    ahead.push_back(record);
                }
            }
            let head = head::find(ahead.make_contiguous(), source.header_row, known);
            (Rows::Text(text), ahead, head)
        };
        let head = match (head, source.header_row) {
            (Some(head), _) => head,
            (None, Some(line)) => bail!("{}: baris {line} kosong atau tidak ada", shown()),
            (None, None) => Head {
                line: 1,
                last: 1,
                cells: Vec::new(),
                known: 0,
            },
        };
        if ahead.front().is_some_and(|first| first.line < head.line) && source.header_row.is_none() {
            notes.push(format!("kepala kolom dibaca dari baris {}", head.line));
        }
        let mut sheet = Self {
            ahead,
            record: Record::default(),
            places: Vec::new(),
            notes,
            left_out: Vec::new(),
            below_total: false,
            first: true,
            leave_out: Vec::new(),
            read: Vec::new(),
            below_header: None,
            head,
            rows,
        };
        sheet.rewind()?;
        Ok(sheet)
    }

    /// Goes back to the first row after the header.
    ///
    /// # Errors
    ///
    /// When the file can't be opened again.
    pub(super) fn rewind(&mut self) -> anyhow::Result<()> {
        self.ahead.clear();
        self.left_out.clear();
        (self.below_total, self.first) = (false, true);
        match &mut self.rows {
            Rows::Text(text) => {
                text.set_width(0);
                text.rewind()?;
            }
            Rows::Page(_, place) => *place = 0,
        }
        loop {
            let Some(record) = self.rows.next()? else { break };
            if record.line > self.head.last {
                self.ahead.push_back(record);
                break;
            }
            // Rows after the header are checked against its width, but the header itself is not.
            if record.line == self.head.last {
                if let Rows::Text(text) = &mut self.rows {
                    text.set_width(self.head.cells.len());
                }
                break;
            }
        }
        Ok(())
    }

    /// Leaves out the rows that these rules find.
    pub(super) fn leave_out(&mut self, rules: Vec<LeftOut>) {
        self.leave_out = rules;
    }

    /// Tells which columns are read; an error of a formula in another column does not matter.
    pub(super) fn read_columns(&mut self, places: Vec<usize>) {
        self.read = places;
    }

    /// The row below the header that describes the columns, once it was read.
    pub(super) fn below_header(&self) -> Option<&StringRecord> {
        self.below_header.as_ref()
    }

    /// The header as written.
    pub(super) fn header(&self) -> &[String] {
        &self.head.cells
    }

    /// The total to be read, in the unit of [`Row::read`].
    pub(super) fn length(&self) -> u64 {
        match &self.rows {
            Rows::Text(text) => text.bytes(),
            Rows::Page(page, _) => page.rows.len() as u64,
        }
    }

    /// The format of the file; for a workbook that of CSV from an Indonesian spreadsheet.
    pub(super) fn style(&self) -> Style {
        match &self.rows {
            Rows::Text(text) => {
                let (delimiter, bom, crlf) = text.style();
                Style { delimiter, bom, crlf }
            }
            Rows::Page(..) => Style {
                delimiter: b';',
                bom: true,
                crlf: true,
            },
        }
    }

    /// Remarks on how the file was understood, a line each; what was left out is known only after all rows were read.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        for (line, what) in self.left_out.iter().take(LISTED_MAX) {
            notes.push(format!("baris {line} tidak diimpor: {what}"));
        }
        if self.left_out.len() > LISTED_MAX {
            let more = self.left_out.len() - LISTED_MAX;
            notes.push(format!("… dan {more} baris lain yang bukan baris tabel"));
        }
        notes
    }

    /// Returns the next row with content; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the rest of the file can't be read.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row<'_>>> {
        let more = self.advance()?;
        Ok(more.then(|| Row::new(&self.record, &self.places)))
    }

    /// Reads the next row with content into `record`; false at the end.
    fn advance(&mut self) -> anyhow::Result<bool> {
        loop {
            let next = match self.ahead.pop_front() {
                Some(record) => Some(record),
                None => self.rows.next()?,
            };
            let Some(record) = next else { return Ok(false) };
            if record.is_blank() {
                continue;
            }
            let first = std::mem::take(&mut self.first);
            if record.fault.is_none()
                && let Some(what) = self.no_row(&record.cells, first)
            {
                self.left_out.push((record.line, what));
                continue;
            }
            self.record = record;
            break;
        }
        self.fit();
        Ok(true)
    }

    /// Describes a row that is no row of the table; `None` when it is one.
    fn no_row(&mut self, cells: &StringRecord, first: bool) -> Option<String> {
        if let Some(total) = head::total(cells) {
            self.below_total = true;
            return Some(format!("baris jumlah `{total}`"));
        }
        if head::repeats(cells, &self.head.cells) {
            return Some("kepala kolom yang berulang".to_owned());
        }
        if first && head::counts_columns(cells) {
            return Some("nomor kolom".to_owned());
        }
        if first && head::describes_columns(cells) {
            self.below_header = Some(cells.clone());
            return Some("keterangan kolom".to_owned());
        }
        if let Some(rule) = self.leave_out.iter().find(|rule| rule.finds(cells)) {
            return Some(rule.why().to_owned());
        }
        let held = || cells.iter().filter(|cell| !trim(cell).is_empty()).count();
        if self.below_total && self.head.cells.len() > 2 * REMARK && held() <= REMARK {
            let text = cells.iter().map(trim).find(|cell| !cell.is_empty());
            return Some(format!(
                "keterangan di bawah jumlah, `{}`",
                text.unwrap_or_default()
            ));
        }
        None
    }

    /// Gives the row as many cells as the header has, and reports cells that belong to no column.
    fn fit(&mut self) {
        let width = self.head.cells.len();
        let record = &mut self.record;
        if record.fault.is_some() {
            return;
        }
        let named = |place: usize| self.head.cells.get(place).is_some_and(|name| !name.is_empty());
        let asked = |place: usize| self.places.is_empty() && place < width;
        let stray = (0..record.cells.len())
            .filter(|place| !named(*place) && !asked(*place))
            .find(|place| {
                record
                    .cells
                    .get(*place)
                    .is_some_and(|cell| !trim(cell).is_empty())
            });
        if let Some(place) = stray {
            let cell = record.cells.get(place).map(trim).unwrap_or_default();
            record.fault = Some(if place < width {
                format!("kolom {} tidak bernama, tetapi berisi `{cell}`", place + 1)
            } else {
                format!("memiliki {} kolom, seharusnya {width}", record.cells.len())
            });
            return;
        }
        let failed = |place: &&usize| record.cells.get(**place).is_some_and(record::is_error);
        if let Some(place) = self.read.iter().find(failed) {
            record.fault = Some(format!(
                "kolom {} berisi kesalahan rumus `{}`; perbaiki rumusnya, atau tulis nilainya",
                place + 1,
                record.cells.get(*place).map(trim).unwrap_or_default()
            ));
            return;
        }
        while record.cells.len() < width {
            record.cells.push_field("");
        }
        record.cells.truncate(width);
    }
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
