//! Standings: where one subject stands in each of its tables.

mod read;

pub use read::get;
