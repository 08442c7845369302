//! How sure the ranks of a league table are.

mod read;

pub use read::get;
