//! What is counted in no figure or table.

mod read;

pub use read::list;
