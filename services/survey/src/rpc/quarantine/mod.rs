//! Quarantined bursts of open links: listed, and accepted or voided.

mod decide;
mod message;
mod read;

pub use decide::Decide;
pub use read::list;
