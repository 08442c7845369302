//! Published results: what everybody may read of surveys, as a view of its own.

mod message;
mod read;

pub use read::list;
