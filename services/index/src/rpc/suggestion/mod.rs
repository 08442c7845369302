//! Suggested levels: those that live data supports.

mod message;
mod read;

pub use read::list;
