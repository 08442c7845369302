//! Documents for people and data for programs: a printable HTML page with charts, XLSX and CSV.
//!
//! The caller provides the content; this module writes it in formats that open everywhere and execute nothing. [`html`]
//! makes one self-contained page that prints on A4, [`chart`] draws inline SVG for it, [`number`] formats figures in
//! Indonesian, and a [`sheet::Sheet`] is written as [`csv`] or, with others, as one [`xlsx`] workbook.

pub mod chart;
pub mod csv;
pub mod html;
pub mod number;
pub mod sheet;
pub mod xlsx;

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table could not be written as CSV.
    #[error("CSV: {0}")]
    Csv(#[from] ::csv::Error),
    /// A workbook could not be written, such as with two sheets of the same title.
    #[error("XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}
