//! Standings: the rank of one subject in each of its tables.

mod read;

pub use read::get;
