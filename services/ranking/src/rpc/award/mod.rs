//! Awards: who is honoured by the rows of a table, and by which rule.

mod give;
mod list;

pub use list::list;

#[cfg(test)]
mod tests;
