//! League tables: who is ranked by a metric, in a period, among a cohort.

mod message;
mod read;

pub use read::{get, list, watch};
