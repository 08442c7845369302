//! Figures of units.

mod read;

pub use read::get;
