//! A table of data: named columns, each of one kind, and rows of cells.

/// Type of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Decimals shown with this many places.
    Decimal(u8),
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name for programs: the CSV header.
    pub key: &'static str,
    /// Name for people: the XLSX header.
    pub header: &'static str,
    /// Type of its cells.
    pub kind: Kind,
    /// Width in characters.
    pub width: u16,
}

impl Column {
    /// A column of texts, `width` characters wide.
    pub const fn text(key: &'static str, header: &'static str, width: u16) -> Self {
        Self {
            key,
            header,
            kind: Kind::Text,
            width,
        }
    }

    /// A column of whole numbers.
    pub const fn integer(key: &'static str, header: &'static str) -> Self {
        Self {
            key,
            header,
            kind: Kind::Integer,
            width: 14,
        }
    }

    /// A column of decimals with `places` places.
    pub const fn decimal(key: &'static str, header: &'static str, places: u8) -> Self {
        Self {
            key,
            header,
            kind: Kind::Decimal(places),
            width: 14,
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, never a formula.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A plain decimal such as `-91.48`; anything else is written as text.
    Decimal(String),
}

impl Cell {
    /// A text; an empty cell for an empty text.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    /// A decimal; an empty cell for an empty text.
    pub fn decimal(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Decimal(text)
        }
    }

    /// A whole number; an empty cell when `given` is false.
    pub fn integer_if(given: bool, value: i64) -> Self {
        if given { Self::Integer(value) } else { Self::Empty }
    }
}

/// A table of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Name for programs, part of a file name: `[a-z0-9-]`.
    pub key: &'static str,
    /// Name for people, at most 31 characters and without `[]:*?/\`.
    pub title: &'static str,
    /// The columns.
    pub columns: &'static [Column],
    /// The rows, each with a cell per column.
    pub rows: Vec<Vec<Cell>>,
}
