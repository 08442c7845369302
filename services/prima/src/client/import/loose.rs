//! Files exported from other systems: the columns that are known are read, and the others are reported as left out.

use anyhow::bail;

use super::sheet::{Row, Sheet, Source};
use super::when;
use super::words::squash;
use crate::cli::DateOrder;

/// A column to look for.
pub(super) struct Wanted {
    pub name: &'static str,
    /// Other names of the column, squashed (lower-case letters and digits only), the most specific first.
    pub others: &'static [&'static str],
    /// Whether a file without the column is refused.
    pub required: bool,
}

impl Wanted {
    /// A column with this name.
    pub(super) const fn of(name: &'static str, others: &'static [&'static str], required: bool) -> Self {
        Self {
            name,
            others,
            required,
        }
    }

    fn is(&self, header: &str) -> bool {
        let header = squash(header);
        !header.is_empty() && self.names().any(|name| name == header)
    }

    fn names(&self) -> impl Iterator<Item = String> {
        std::iter::once(squash(self.name)).chain(self.others.iter().map(|name| (*name).to_owned()))
    }
}

/// An open file with the positions of the columns that were looked for, in their order.
pub(super) struct Loose {
    pub sheet: Sheet,
    places: Vec<Option<usize>>,
    /// Headers of the columns that are not read.
    pub left_out: Vec<String>,
}

impl Loose {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or lacks required columns; the error names all of them.
    pub(super) fn open(source: &Source, columns: &[Wanted]) -> anyhow::Result<Self> {
        let known = |cells: &[String]| {
            let held = |column: &&Wanted| cells.iter().any(|cell| column.is(cell));
            columns.iter().filter(held).count()
        };
        let mut sheet = Sheet::raw(source, &known)?;
        let header: Vec<String> = sheet.header().iter().map(|name| squash(name)).collect();
        let mut taken = Vec::new();
        let mut place = |column: &Wanted| {
            let place = column.names().find_map(|name| {
                let mut places = (0..header.len()).filter(|place| header.get(*place) == Some(&name));
                places.find(|place| !taken.contains(place))
            });
            taken.extend(place);
            place
        };
        let places: Vec<Option<usize>> = columns.iter().map(&mut place).collect();
        let missing = columns
            .iter()
            .zip(&places)
            .filter(|(column, place)| column.required && place.is_none());
        let missing: Vec<&str> = missing.map(|(column, _)| column.name).collect();
        if !missing.is_empty() {
            let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
            bail!(
                "berkas `{}`: kolom tidak ada: {} (kolom yang dikenal: {})",
                source.path.display(),
                missing.join(", "),
                known.join(", ")
            )
        }
        let own = super::sheet::ADDED.map(squash);
        let left_out = (0..header.len())
            .filter(|place| !taken.contains(place))
            .filter(|place| {
                header
                    .get(*place)
                    .is_some_and(|name| !name.is_empty() && !own.contains(name))
            })
            .filter_map(|place| sheet.header().get(place).cloned())
            .collect();
        sheet.read_columns(places.iter().flatten().copied().collect());
        Ok(Self {
            sheet,
            places,
            left_out,
        })
    }

    /// Whether the file has the column with this index among those that were looked for.
    pub(super) fn has(&self, column: usize) -> bool {
        self.places.get(column).is_some_and(Option::is_some)
    }

    /// Determines the order of day and month in these columns from the whole file.
    ///
    /// # Errors
    ///
    /// When the rest of the file can't be read.
    pub(super) fn order(&mut self, columns: &[usize]) -> anyhow::Result<DateOrder> {
        let mut days = Vec::new();
        while let Some(row) = self.sheet.next()? {
            days.extend(
                columns
                    .iter()
                    .map(|column| cell(&row, &self.places, *column).to_owned()),
            );
        }
        self.sheet.rewind()?;
        Ok(when::order(days.iter().map(String::as_str)))
    }

    /// A copy of the positions of the columns, which is usable while the rows of the file are read.
    pub(super) fn places(&self) -> Vec<Option<usize>> {
        self.places.clone()
    }
}

/// The cell of a column, trimmed; empty when there is none.
pub(super) fn cell<'a>(row: &'a Row<'_>, places: &[Option<usize>], column: usize) -> &'a str {
    match places.get(column) {
        Some(Some(place)) => row.entry(*place),
        _ => "",
    }
}
