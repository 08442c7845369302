//! Deadlines of classes, as units promise them.

mod message;
mod read;
mod set;

pub use read::list;
pub use set::Set;
