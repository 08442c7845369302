//! Scores that other bodies publish.

mod confirm;
mod held;
mod message;
mod read;
mod record;

pub use confirm::Confirm;
pub use read::{list, list_metrics};
pub use record::Record;
