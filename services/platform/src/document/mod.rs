//! Documents for people and data for machines: a printable HTML page with charts, XLSX and CSV.
//!
//! What is said in them is the caller's; here is how it is written so that it opens everywhere and runs nothing.
//! [`html`] makes one self-contained page that prints on A4, [`chart`] draws inline SVG for it, [`number`] writes
//! figures the Indonesian way, and a [`sheet::Sheet`] goes out as [`csv`] or, with others, as one [`xlsx`] workbook.

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
    /// A workbook could not be written, such as for two sheets of one title.
    #[error("XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}
