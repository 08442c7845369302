//! What is in no table, or listed without a rank.

mod read;

pub use read::list;
