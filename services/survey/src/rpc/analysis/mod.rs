//! What lies behind the result of a survey.

mod figures;
mod message;
mod read;

pub use read::analyze;
