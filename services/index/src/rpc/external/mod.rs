//! Scores that other bodies publish.

mod checks;
mod confirm;
mod message;
mod read;
mod record;

pub use confirm::Confirm;
pub use read::{list, list_metrics, own_metric};
pub use record::Record;
