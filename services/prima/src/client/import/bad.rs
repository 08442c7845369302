//! Rejected rows: printed by line, and written to a file with the columns of the original, which can be corrected and
//! imported.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use csv::{StringRecord, Terminator, Writer, WriterBuilder};
use prima_platform::document::csv::guarded;
use rust_xlsxwriter::Workbook;

use super::Options;
use super::sheet::record::trim;
use super::sheet::{ADDED, Sheet};
use super::words::squash;
use crate::client::print;

/// The rejected rows of a file that fits into memory, by line.
#[derive(Debug, Default)]
pub(super) struct BadRows(pub BTreeMap<u64, Vec<String>>);

impl BadRows {
    pub(super) fn add(&mut self, line: u64, reason: impl Into<String>) {
        self.0.entry(line).or_default().push(reason.into());
    }

    pub(super) fn has(&self, line: u64) -> bool {
        self.0.contains_key(&line)
    }

    /// Prints how the file was understood and the rejected rows by line, and writes these rows to `--errors`. Returns
    /// how many there are.
    ///
    /// # Errors
    ///
    /// When rows were rejected and none may be skipped, or the file of rejected rows can't be written.
    pub(super) fn settle(&self, options: &Options, sheet: &mut Sheet) -> anyhow::Result<u64> {
        if !options.quiet {
            for note in sheet.notes() {
                print::note(&print::clean(&note));
            }
        }
        for (line, reasons) in &self.0 {
            print::note(&bad_row(*line, reasons));
        }
        if let Some(path) = &options.errors {
            let mut file = BadFile::new(path, &options.file, sheet)?;
            sheet.rewind()?;
            while let Some(row) = sheet.next()? {
                if let Some(reasons) = self.0.get(&row.line) {
                    file.add(row.line, row.record(), reasons)?;
                }
            }
            file.finish()?;
        }
        let count = self.0.len() as u64;
        if !options.dry_run {
            refuse_bad(count, options)?;
        }
        Ok(count)
    }
}

pub(super) fn bad_row(line: u64, reasons: &[String]) -> String {
    print::clean(&format!("baris {line}: {}", reasons.join("; ")))
}

/// Refuses to import a file with rejected rows, unless these may be skipped.
///
/// # Errors
///
/// When there are rejected rows and they may not be skipped.
pub(super) fn refuse_bad(count: u64, options: &Options) -> anyhow::Result<()> {
    if count > 0 && !options.skip_bad_rows {
        bail!("{count} baris salah; tidak ada yang diimpor. Perbaiki berkas, atau pakai --skip-bad-rows")
    }
    Ok(())
}

/// A file of rejected rows.
pub(super) struct BadFile {
    path: PathBuf,
    out: Out,
    /// Positions of the columns that are written.
    places: Vec<usize>,
}

enum Out {
    Csv(Box<Writer<File>>),
    Book(Box<Workbook>, u32),
}

impl BadFile {
    /// Creates the file for the rejected rows of another file.
    ///
    /// # Errors
    ///
    /// When the file can't be written, or is the file that is imported.
    pub(super) fn new(path: &Path, import: &Path, sheet: &Sheet) -> anyhow::Result<Self> {
        let shown = || format!("berkas baris salah `{}`", path.display());
        if path.exists() && std::fs::canonicalize(path)? == std::fs::canonicalize(import)? {
            bail!("{} adalah berkas yang diimpor itu sendiri", shown())
        }
        let mut file = File::create(path).with_context(|| format!("{} tidak dapat ditulis", shown()))?;
        let book = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("xlsx"));
        let out = if book {
            let mut book = Workbook::new();
            book.add_worksheet();
            Out::Book(Box::new(book), 0)
        } else {
            let style = sheet.style();
            if style.bom {
                file.write_all(b"\xef\xbb\xbf")?;
            }
            let end = if style.crlf {
                Terminator::CRLF
            } else {
                Terminator::Any(b'\n')
            };
            let mut writer = WriterBuilder::new();
            Out::Csv(Box::new(
                writer
                    .delimiter(style.delimiter)
                    .terminator(end)
                    .from_writer(file),
            ))
        };
        let added = |name: &str| ADDED.iter().any(|own| squash(own) == squash(name));
        let header = sheet.header();
        let places: Vec<usize> = (0..header.len())
            .filter(|place| header.get(*place).is_some_and(|name| !added(name)))
            .collect();
        let mut bad = Self {
            path: path.to_owned(),
            out,
            places,
        };
        let names: Vec<String> = bad
            .places
            .iter()
            .filter_map(|place| header.get(*place).cloned())
            .chain(ADDED.map(str::to_owned))
            .collect();
        bad.write(&names)?;
        Ok(bad)
    }

    /// Writes a rejected row with its reasons.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub(super) fn add(&mut self, line: u64, record: &StringRecord, reasons: &[String]) -> anyhow::Result<()> {
        let cell = |place: &usize| record.get(*place).map(trim).unwrap_or_default().to_owned();
        let cells: Vec<String> = self
            .places
            .iter()
            .map(cell)
            .chain([line.to_string(), reasons.join("; ")])
            .collect();
        self.write(&cells)
    }

    fn write(&mut self, cells: &[String]) -> anyhow::Result<()> {
        let shown = || format!("berkas baris salah `{}` tidak dapat ditulis", self.path.display());
        match &mut self.out {
            Out::Csv(writer) => writer
                .write_record(cells.iter().map(|cell| guarded(cell)))
                .with_context(shown),
            Out::Book(book, row) => {
                let sheet = book.worksheet_from_index(0).with_context(shown)?;
                for (column, cell) in (0_u16..).zip(cells) {
                    sheet.write_string(*row, column, cell).with_context(shown)?;
                }
                *row += 1;
                Ok(())
            }
        }
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        let shown = || format!("berkas baris salah `{}` tidak dapat ditulis", self.path.display());
        match &mut self.out {
            Out::Csv(writer) => writer.flush().with_context(shown),
            Out::Book(book, _) => book.save(&self.path).with_context(shown),
        }
    }
}
