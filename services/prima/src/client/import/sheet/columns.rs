//! The columns that a file must have and may have.

use crate::client::import::words::squash;

/// Columns that a file of rejected rows adds.
pub(crate) const ADDED: [&str; 2] = ["baris_asal", "alasan"];

/// Names of the column with running numbers, squashed.
const NUMBERING: [&str; 4] = ["no", "nomor", "nourut", "nomorurut"];

/// A column that a file may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name in the header.
    pub name: String,
    /// Whether a file without it is refused.
    pub required: bool,
    /// Other names of the column, squashed.
    pub others: &'static [&'static str],
}

impl Column {
    /// A column that a file must have.
    pub(crate) fn required(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            required: true,
            others: &[],
        }
    }

    /// A column that a file may lack.
    pub(crate) fn optional(name: &str) -> Self {
        Self {
            required: false,
            ..Self::required(name)
        }
    }

    /// The same column with further names, squashed: lower-case letters and digits only.
    pub(crate) fn or(self, others: &'static [&'static str]) -> Self {
        Self { others, ..self }
    }

    /// Whether a header names it.
    pub(crate) fn is(&self, header: &str) -> bool {
        let header = squash(header);
        !header.is_empty() && (squash(&self.name) == header || self.others.contains(&header.as_str()))
    }
}

/// Returns the position of each column among the names of a header.
///
/// # Errors
///
/// Every column that is missing, unknown or repeated.
pub(crate) fn places(names: &[String], columns: &[Column]) -> Result<Vec<Option<usize>>, String> {
    let mut faults = Vec::new();
    let mut tell = |what: &str, mut list: Vec<&str>| {
        list.sort_unstable();
        list.dedup();
        if !list.is_empty() {
            faults.push(format!("{what}: {}", list.join(", ")));
        }
    };
    let standing = |column: &Column| -> Vec<usize> {
        (0..names.len())
            .filter(|place| names.get(*place).is_some_and(|name| column.is(name)))
            .collect()
    };
    let missing = columns
        .iter()
        .filter(|column| column.required && standing(column).is_empty());
    tell(
        "kolom tidak ada",
        missing.map(|column| column.name.as_str()).collect(),
    );
    // Columns that a file of rejected rows adds are accepted, and so are running numbers, and columns without a name,
    // which have no content.
    let added = |name: &str| {
        let name = squash(name);
        NUMBERING.contains(&name.as_str()) || ADDED.iter().any(|own| squash(own) == name)
    };
    let unknown = names
        .iter()
        .filter(|name| !name.is_empty() && !added(name) && !columns.iter().any(|column| column.is(name)));
    tell("kolom tidak dikenal", unknown.map(String::as_str).collect());
    let twice = columns.iter().filter(|column| standing(column).len() > 1);
    tell("kolom ganda", twice.map(|column| column.name.as_str()).collect());
    if faults.is_empty() {
        Ok(columns
            .iter()
            .map(|column| standing(column).first().copied())
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
