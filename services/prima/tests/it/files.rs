//! Tables as offices keep them, saved as CSV, XLSX and ODS.

use std::fmt::Write as _;
use std::io::{Cursor, Read as _, Write as _};

use chrono::{NaiveDate, NaiveDateTime};
use rand::Rng;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(f64),
    Day(NaiveDate),
    Time(NaiveDateTime),
}

pub fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

pub fn number(number: impl Into<f64>) -> Cell {
    Cell::Number(number.into())
}

/// A day, `2024-10-05`, or a time, `2024-10-05 08:00:00`.
pub fn at(text: &str) -> Cell {
    match NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S") {
        Ok(time) => Cell::Time(time),
        Err(_) => Cell::Day(text.parse().unwrap()),
    }
}

/// A row of texts.
pub fn texts(cells: &[&str]) -> Vec<Cell> {
    cells.iter().map(|cell| text(cell)).collect()
}

/// A table with what stands around it.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Lines above the header, each in merged cells.
    pub titles: Vec<String>,
    pub header: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// The last row, with totals.
    pub total: Option<Vec<Cell>>,
}

impl Table {
    pub fn new(header: &[&str], rows: Vec<Vec<Cell>>) -> Self {
        Self {
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            rows,
            ..Self::default()
        }
    }

    /// Every row, from the first title to the total.
    fn all(&self) -> Vec<Vec<Cell>> {
        let titles = self.titles.iter().map(|title| vec![text(title)]);
        let header = self.header.iter().map(|name| text(name)).collect();
        titles
            .chain([header])
            .chain(self.rows.iter().cloned())
            .chain(self.total.clone())
            .collect()
    }
}

/// How a text file is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub delimiter: char,
    pub end: &'static str,
    /// `utf-8`, `utf-8` with a byte order mark, `utf-16` or `windows-1252`.
    pub encoding: Encoding,
    /// Whether every cell is in quotes.
    pub quoted: bool,
    /// Whether decimals have a comma.
    pub comma: bool,
    /// How dates are written.
    pub dates: Dates,
    /// Whether a blank line follows each row.
    pub blank: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Marked,
    Utf16,
    Windows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// `2024-10-05 08:00:00`
    Iso,
    /// `05/10/2024 08:00:00`
    Slashes,
    /// `5 Oktober 2024 08.00.00`
    Words,
    /// `Sabtu, 5 Okt 2024, pukul 08:00:00`
    Spoken,
}

/// As programs write a text file.
pub const PLAIN: Style = Style {
    delimiter: ',',
    end: "\n",
    encoding: Encoding::Utf8,
    quoted: false,
    comma: false,
    dates: Dates::Iso,
    blank: false,
};
/// As an Indonesian spreadsheet writes a text file.
pub const INDONESIAN: Style = Style {
    delimiter: ';',
    end: "\r\n",
    encoding: Encoding::Marked,
    quoted: false,
    comma: true,
    dates: Dates::Slashes,
    blank: false,
};

impl Style {
    /// Any style.
    pub fn any(random: &mut impl Rng) -> Self {
        let delimiter = [',', ';', '\t', '|'][random.random_range(0..4)];
        Self {
            delimiter,
            end: ["\n", "\r\n", "\r"][random.random_range(0..3)],
            encoding: [
                Encoding::Utf8,
                Encoding::Marked,
                Encoding::Utf16,
                Encoding::Windows,
            ][random.random_range(0..4)],
            quoted: random.random(),
            comma: random.random(),
            dates: [Dates::Iso, Dates::Slashes, Dates::Words, Dates::Spoken][random.random_range(0..4)],
            blank: random.random_ratio(1, 4),
        }
    }

    fn cell(&self, cell: &Cell) -> String {
        const MONTHS: [&str; 12] = [
            "Januari",
            "Februari",
            "Maret",
            "April",
            "Mei",
            "Juni",
            "Juli",
            "Agustus",
            "September",
            "Oktober",
            "November",
            "Desember",
        ];
        use chrono::{Datelike, Timelike};
        let day = |day: &NaiveDate| {
            let month = MONTHS[day.month0() as usize];
            match self.dates {
                Dates::Iso => day.to_string(),
                Dates::Slashes => day.format("%d/%m/%Y").to_string(),
                Dates::Words => format!("{} {month} {}", day.day(), day.year()),
                Dates::Spoken => format!("Sabtu, {} {} {}", day.day(), &month[..3], day.year()),
            }
        };
        match cell {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) if self.comma => number.to_string().replace('.', ","),
            Cell::Number(number) => number.to_string(),
            Cell::Day(of) => day(of),
            Cell::Time(time) => {
                let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                let clock = match self.dates {
                    Dates::Words => format!("{hour:02}.{minute:02}.{second:02}"),
                    Dates::Spoken => format!("pukul {hour:02}:{minute:02}:{second:02}"),
                    _ => format!("{hour:02}:{minute:02}:{second:02}"),
                };
                format!("{} {clock}", day(&time.date()))
            }
        }
    }

    /// Writes a table.
    pub fn save(&self, table: &Table) -> Vec<u8> {
        let mut file = String::new();
        for row in table.all() {
            let cells = row.iter().map(|cell| {
                let cell = self.cell(cell);
                if self.quoted || cell.contains([self.delimiter, '"', '\n', '\r']) {
                    format!("\"{}\"", cell.replace('"', "\"\""))
                } else {
                    cell
                }
            });
            file += &cells.collect::<Vec<_>>().join(&self.delimiter.to_string());
            file += self.end;
            if self.blank {
                file += self.end;
            }
        }
        match self.encoding {
            Encoding::Utf8 => file.into_bytes(),
            Encoding::Marked => format!("\u{feff}{file}").into_bytes(),
            Encoding::Utf16 => format!("\u{feff}{file}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            // The letters of the tests have the same number there as in Unicode.
            Encoding::Windows => file
                .chars()
                .map(|c| u8::try_from(u32::from(c)).unwrap())
                .collect(),
        }
    }
}

/// Writes a table as XLSX: titles merged over all columns, dates and numbers as such.
pub fn xlsx(table: &Table) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let format = |code: &str| Format::new().set_num_format(code);
    let excel = |text: &str| ExcelDateTime::parse_from_str(text).unwrap();
    let last = u16::try_from(table.header.len() - 1).unwrap();
    for (row, cells) in (0..).zip(table.all()) {
        if (row as usize) < table.titles.len() && last > 0 {
            let title = &table.titles[row as usize];
            sheet
                .merge_range(row, 0, row, last, title, &Format::new())
                .unwrap();
            continue;
        }
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) if text.is_empty() => continue,
                Cell::Text(text) => sheet.write_string(row, column, text).unwrap(),
                Cell::Number(number) => sheet.write_number(row, column, number).unwrap(),
                Cell::Day(day) => sheet
                    .write_datetime_with_format(row, column, excel(&day.to_string()), &format("dd/mm/yyyy"))
                    .unwrap(),
                Cell::Time(time) => sheet
                    .write_datetime_with_format(
                        row,
                        column,
                        excel(&time.format("%Y-%m-%dT%H:%M:%S").to_string()),
                        &format("d mmm yyyy hh:mm"),
                    )
                    .unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

/// Writes a table as ODS: titles merged over all columns, dates and numbers as such.
pub fn ods(table: &Table) -> Vec<u8> {
    let escaped = |text: &str| {
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        text.replace('\n', "</text:p><text:p>")
    };
    let mut content = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"Lembar1\">",
    );
    for (number, row) in table.all().iter().enumerate() {
        content += "<table:table-row>";
        for cell in row {
            let span = match number < table.titles.len() {
                true => format!(" table:number-columns-spanned=\"{}\"", table.header.len()),
                false => String::new(),
            };
            let (value, shown) = match cell {
                Cell::Text(text) => ("office:value-type=\"string\"".to_owned(), escaped(text)),
                Cell::Number(number) => (
                    format!("office:value-type=\"float\" office:value=\"{number}\""),
                    number.to_string(),
                ),
                Cell::Day(day) => (
                    format!("office:value-type=\"date\" office:date-value=\"{day}\""),
                    day.format("%d/%m/%y").to_string(),
                ),
                Cell::Time(time) => (
                    format!(
                        "office:value-type=\"date\" office:date-value=\"{}\"",
                        time.format("%Y-%m-%dT%H:%M:%S")
                    ),
                    time.format("%d/%m/%y %H.%M").to_string(),
                ),
            };
            write!(
                content,
                "<table:table-cell {value}{span}><text:p>{shown}</text:p></table:table-cell>"
            )
            .unwrap();
            if number < table.titles.len() && table.header.len() > 1 {
                let covered = table.header.len() - 1;
                write!(
                    content,
                    "<table:covered-table-cell table:number-columns-repeated=\"{covered}\"/>"
                )
                .unwrap();
            }
        }
        content += "</table:table-row>";
    }
    content += "</table:table></office:spreadsheet></office:body></office:document-content>";
    zip(&[
        (
            "mimetype",
            "application/vnd.oasis.opendocument.spreadsheet".as_bytes(),
        ),
        (
            "META-INF/manifest.xml",
            b"<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>",
        ),
        ("content.xml", content.as_bytes()),
    ])
}

/// An archive of these files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Changes the files within an archive, which stays a valid archive.
pub fn within(archive: &[u8], mut change: impl FnMut(&str, &mut Vec<u8>)) -> Vec<u8> {
    let mut read = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let names: Vec<String> = read.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut files = Vec::new();
    for name in names {
        let mut bytes = Vec::new();
        read.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
        change(&name, &mut bytes);
        files.push((name, bytes));
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    zip(&files)
}
