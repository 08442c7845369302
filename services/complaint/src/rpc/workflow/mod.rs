//! Workflows (alur pengelolaan), by which reports are led.

mod add;
mod message;
mod read;

pub use add::Add;
pub use read::list;
