//! Definitions: how the league tables of a metric are made.

mod create;
mod message;
mod read;

pub use create::Create;
pub use read::{get, list};
