//! The subjects that a league table misses.

mod read;

pub use read::list;
