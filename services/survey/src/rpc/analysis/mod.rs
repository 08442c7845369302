//! The analysis of a survey's result.

mod figures;
mod grouped;
mod message;
mod read;

pub use read::analyze;
