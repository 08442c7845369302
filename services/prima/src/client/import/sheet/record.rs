//! A row of a file as it was read, before the meaning of its columns is known.

use csv::StringRecord;

/// Errors of formulas, as spreadsheets show them.
const ERRORS: [&str; 9] = [
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
];

/// A row of a text file or of a sheet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Line of the file on which the row begins, counted from 1.
    pub line: u64,
    /// How much of the file was read up to the end of the row: bytes of a text file, rows of a sheet.
    pub read: u64,
    /// Its cells; line breaks within them are `\n`.
    pub cells: StringRecord,
    /// What is wrong with the row as a whole.
    pub fault: Option<String>,
}

impl Record {
    /// Whether no cell holds anything.
    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| trim(cell).is_empty())
    }
}

/// A rule by which rows are left out: those in which the cell of a column says that they are no row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeftOut {
    place: usize,
    says: fn(&str) -> bool,
    why: &'static str,
}

impl LeftOut {
    /// A rule on the column at this position, with the reason that is printed.
    pub(crate) fn new(place: usize, says: fn(&str) -> bool, why: &'static str) -> Self {
        Self { place, says, why }
    }

    /// Whether the rule leaves a row out.
    pub(crate) fn finds(&self, cells: &StringRecord) -> bool {
        (self.says)(cells.get(self.place).map(trim).unwrap_or_default())
    }

    /// The reason.
    pub(crate) fn why(&self) -> &'static str {
        self.why
    }
}

/// Whether a cell holds the error of a formula instead of its value, also as a text file that a spreadsheet saved.
pub(crate) fn is_error(cell: &str) -> bool {
    cell.trim_start().starts_with('#') && ERRORS.contains(&trim(cell))
}

/// A cell without the white space and invisible characters around it, and without the leading `'` that keeps a
/// spreadsheet from reading the cell as a formula.
pub(crate) fn trim(cell: &str) -> &str {
    let idle = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'
            )
    };
    let cell = cell.trim_matches(idle);
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) => rest,
        _ => cell,
    }
}

/// The trimmed cells of a record or a header.
pub(crate) fn texts(record: &StringRecord) -> Vec<String> {
    record.iter().map(|cell| trim(cell).to_owned()).collect()
}
