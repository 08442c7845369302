//! Deadlines of classes that units have promised.

mod message;
mod read;
mod set;

pub use read::list;
pub use set::Set;
