//! The analysis of a survey's result.

mod figures;
mod message;
mod read;

pub use read::analyze;
