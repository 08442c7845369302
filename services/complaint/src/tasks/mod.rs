//! What the process does by itself, each by the clock and each row in a transaction of its own.

pub mod deadlines;
pub mod due;
pub mod feed;
pub mod retention;
pub mod rotation;
