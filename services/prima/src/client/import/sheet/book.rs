//! Sheets of workbooks: XLSX, ODS, and the formats of older spreadsheets. Each cell is read as text: a date as a date,
//! a number as it was written.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use calamine::{
    Data, ExcelDateTime, Reader, SheetType, SheetVisible, Sheets, Xlsx, open_workbook_auto_from_rs,
};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, SubsecRound};
use csv::StringRecord;

use super::record::Record;

/// Largest size of a workbook in bytes, both as it is and unpacked.
const FILE_MAX: u64 = 100 << 20;
const UNPACKED_MAX: u64 = 1 << 30;
/// Columns beyond this one are not imported.
const COLUMNS_MAX: u32 = 1000;
/// Whole numbers from this one on have more than the 15 digits that a spreadsheet keeps.
const CUT: f64 = 1e15;
/// Whole numbers below this one are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Cells below this value are times of day, not dates.
const FIRST_DAY: f64 = 1.0;

/// A file in memory, shared by its readers.
type Bytes = Cursor<Arc<[u8]>>;

/// Rows of one sheet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// Name of the sheet.
    pub name: String,
    /// Its rows that are not blank.
    pub rows: Vec<Record>,
}

/// Whether a file is a workbook, judged by its first bytes.
pub(crate) fn is_workbook(start: &[u8]) -> bool {
    // A ZIP archive, or a compound file of the years before 2007.
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"\xd0\xcf\x11\xe0")
}

/// The text file in an archive that is no workbook: Google Forms packs its CSV. `None` when it is a workbook, or another
/// file that the reader of workbooks reports.
///
/// # Errors
///
/// When the archive holds several text files, or a damaged or too large one.
pub(crate) fn packed_text(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let Ok(mut archive) = zip::ZipArchive::new(std::fs::File::open(path)?) else {
        return Ok(None);
    };
    let ends = |name: &str, end: &str| name.len() > end.len() && name.to_lowercase().ends_with(end);
    let mut texts = Vec::new();
    for name in archive.file_names() {
        let Ok(name) = name else { return Ok(None) };
        let name: &str = &name;
        if name.starts_with("xl/") || ["mimetype", "content.xml", "[Content_Types].xml"].contains(&name) {
            return Ok(None);
        }
        if (ends(name, ".csv") || ends(name, ".tsv")) && !name.starts_with("__MACOSX/") {
            texts.push(name.to_owned());
        }
    }
    texts.sort();
    match texts.as_slice() {
        [] => Ok(None),
        [name] => {
            let mut bytes = Vec::new();
            let file = archive.by_name(name).context("isi arsip rusak")?;
            file.take(FILE_MAX + 1)
                .read_to_end(&mut bytes)
                .context("isi arsip rusak")?;
            if bytes.len() as u64 > FILE_MAX {
                bail!("isinya lebih besar dari {} MB", FILE_MAX >> 20)
            }
            Ok(Some(bytes))
        }
        several => bail!(
            "arsip berisi beberapa berkas ({}); bukalah arsipnya, lalu impor satu per satu",
            several.join(", ")
        ),
    }
}

/// Returns the visible sheets of a workbook, or the one with this name.
///
/// # Errors
///
/// When the workbook can't be read, is locked, or has no such sheet.
pub(crate) fn pages(path: &Path, sheet: Option<&str>) -> anyhow::Result<Vec<Page>> {
    let shown = || format!("buku kerja `{}`", path.display());
    let length = std::fs::metadata(path)
        .with_context(|| format!("{} tidak dapat dibuka", shown()))?
        .len();
    if length > FILE_MAX {
        bail!("{} lebih besar dari {} MB", shown(), FILE_MAX >> 20)
    }
    let bytes: Bytes = Cursor::new(std::fs::read(path).with_context(shown)?.into());
    unpacked(bytes.clone()).with_context(shown)?;
    let mut book = open_workbook_auto_from_rs(bytes).map_err(|error| {
        anyhow!(
            "{} tidak dapat dibaca ({error}); bila dikunci sandi, buka kuncinya, lalu simpan ulang sebagai XLSX",
            shown()
        )
    })?;
    let all = book.sheets_metadata().to_vec();
    let wanted = |name: &str| match sheet {
        Some(sheet) => name.trim().eq_ignore_ascii_case(sheet.trim()),
        None => true,
    };
    let mut pages = Vec::new();
    for sheet_of_book in &all {
        let seen = sheet_of_book.visible == SheetVisible::Visible || sheet.is_some();
        if sheet_of_book.typ != SheetType::WorkSheet || !seen || !wanted(&sheet_of_book.name) {
            continue;
        }
        let rows = rows(&mut book, &sheet_of_book.name)
            .with_context(|| format!("lembar `{}` dari {}", sheet_of_book.name, shown()))?;
        pages.push(Page {
            name: sheet_of_book.name.clone(),
            rows,
        });
    }
    if pages.is_empty() {
        let names: Vec<&str> = all.iter().map(|sheet| sheet.name.as_str()).collect();
        bail!(
            "{} tidak memiliki lembar itu; lembarnya: {}",
            shown(),
            names.join(", ")
        )
    }
    Ok(pages)
}

/// Refuses an archive that unpacks to more than the allowed size.
fn unpacked(bytes: Bytes) -> anyhow::Result<()> {
    let Ok(mut archive) = zip::ZipArchive::new(bytes) else {
        // It is a compound file or a damaged archive; the reader of the workbook reports the damage.
        return Ok(());
    };
    let mut bytes = 0_u64;
    for place in 0..archive.len() {
        bytes = bytes.saturating_add(archive.by_index_raw(place)?.size());
    }
    if bytes > UNPACKED_MAX {
        bail!("isinya lebih besar dari {} MB", UNPACKED_MAX >> 20)
    }
    Ok(())
}

/// Cells by row and column.
type Cells = BTreeMap<u32, BTreeMap<u32, String>>;

fn rows(book: &mut Sheets<Bytes>, name: &str) -> anyhow::Result<Vec<Record>> {
    let mut cells = Cells::new();
    match book {
        Sheets::Xlsx(book) => sparse(book, name, &mut cells)?,
        other => {
            let range = other.worksheet_range(name)?;
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, value) in range.used_cells() {
                let place = |offset: usize, at: u32| u32::try_from(offset).ok()?.checked_add(at);
                if let (Some(row), Some(column)) = (place(row, top), place(column, left)) {
                    put(&mut cells, row, column, text(value));
                }
            }
        }
    }
    let count = cells.len() as u64;
    let record = |(place, (row, cells)): (usize, (u32, BTreeMap<u32, String>))| {
        let width = cells.last_key_value().map_or(0, |(column, _)| column + 1);
        let all: StringRecord = (0..width)
            .map(|column| cells.get(&column).map(String::as_str).unwrap_or_default())
            .collect();
        Record {
            line: u64::from(row) + 1,
            read: (place as u64 + 1).min(count),
            cells: all,
            fault: None,
        }
    };
    Ok(cells.into_iter().enumerate().map(record).collect())
}

fn put(cells: &mut Cells, row: u32, column: u32, text: String) {
    if !text.trim().is_empty() && column < COLUMNS_MAX {
        cells.entry(row).or_default().insert(column, text);
    }
}

/// Reads cell by cell, so that a sheet whose only cell is in the last corner takes little memory.
fn sparse(book: &mut Xlsx<Bytes>, name: &str, cells: &mut Cells) -> anyhow::Result<()> {
    let styles = book.worksheet_style(name)?;
    let percent = |at: (u32, u32)| {
        let style = styles.get(at).and_then(|style| style.number_format.as_ref());
        style.is_some_and(|format| format.format_code.contains('%'))
    };
    let mut reader = book.worksheet_cells_reader(name)?;
    while let Some(cell) = reader.next_cell()? {
        let at = cell.get_position();
        let value = Data::from(cell.get_value().clone());
        let text = match &value {
            Data::Float(number) if percent(at) => format!("{}%", decimal(number * 100.0)),
            value => text(value),
        };
        put(cells, at.0, at.1, text);
    }
    drop(reader);
    // A merged cell has its value in each row that it spans.
    for merged in book.merge_cells_by_sheet_name(name)? {
        let (top, column) = merged.start;
        if column != merged.end.1 {
            continue;
        }
        let value = cells.get(&top).and_then(|row| row.get(&column)).cloned();
        let below = top.saturating_add(1)..=merged.end.0;
        for row in below.take(cells.len()) {
            if let (Some(value), true) = (&value, cells.contains_key(&row)) {
                put(cells, row, column, value.clone());
            }
        }
    }
    Ok(())
}

/// Converts a value to text.
fn text(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => decimal(*number),
        Data::String(text) => text
            .replace("_x000D_", "")
            .replace("\r\n", "\n")
            .replace('\r', "\n"),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(time) => date(time),
        Data::DateTimeIso(text) => text.replace('T', " "),
        Data::DurationIso(text) => duration(text),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

/// Converts a number to text as a spreadsheet shows it in full: whole, or with 15 digits. A spreadsheet replaces the
/// digits behind the 15th by zeros, so that a number which ends in one probably lost digits; its text is no number then.
fn decimal(number: f64) -> String {
    if number.abs() >= CUT && number % 10.0 == 0.0 {
        return format!("{number:e}");
    }
    if number.fract() == 0.0 && number.abs() < EXACT {
        return number.to_string();
    }
    let shown = format!("{number:.14e}");
    let rounded: f64 = shown.parse().unwrap_or(number);
    rounded.to_string()
}

/// Converts a date, a time of day, or both to text.
fn date(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    if time.is_duration() || value < FIRST_DAY {
        let seconds = (value * 86_400.0).round().max(0.0);
        let part = |unit: f64, of: f64| (seconds / unit).floor() % of;
        return format!(
            "{:02}:{:02}:{:02}",
            (seconds / 3600.0).floor(),
            part(60.0, 60.0),
            part(1.0, 60.0)
        );
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let day = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day));
    let clock = NaiveTime::from_hms_milli_opt(hour.into(), minute.into(), second.into(), milli.into());
    let (Some(day), Some(clock)) = (day, clock) else {
        return value.to_string();
    };
    // A time such as 08:00 is no exact binary fraction of a day, so it is rounded.
    let time = NaiveDateTime::new(day, clock);
    let rounded = time.round_subsecs(0);
    let exact = (time - rounded).num_milliseconds().abs() <= 2;
    let time = if exact { rounded } else { time };
    if time.time() == NaiveTime::MIN {
        time.date().to_string()
    } else {
        time.to_string()
    }
}

/// Converts `PT08H30M00S` to `08:30:00`.
fn duration(text: &str) -> String {
    let parts = text
        .strip_prefix("PT")
        .map(|rest| rest.replace(['H', 'M'], ":").replace('S', ""));
    match parts {
        Some(parts) => parts.split('.').next().unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}
