//! Background tasks that run on a timer. Each row is processed in a transaction of its own.

pub mod deadlines;
pub mod due;
pub mod feed;
pub mod retention;
pub mod rotation;
