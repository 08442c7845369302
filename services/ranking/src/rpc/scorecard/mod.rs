//! Scorecards: one subject over all metrics and periods.

mod read;

pub use read::get;
