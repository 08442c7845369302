//! League tables: the subjects of a cohort, ranked by a metric in a period.

mod cursor;
mod read;

pub use read::{get, list, watch};
