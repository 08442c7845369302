//! Instruments of evaluation.

mod add;
mod document;
mod message;
mod read;

pub use add::Add;
pub use read::{check, get, list};
