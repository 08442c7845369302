//! A row of a file as it was read, before the meaning of its columns is known.

use csv::StringRecord;

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
