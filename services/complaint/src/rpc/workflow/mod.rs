//! Workflows (alur pengelolaan) that reports follow.

mod add;
mod message;
mod read;

pub use add::Add;
pub use read::list;
