//! What the service does: keeps tables from what it hears, and a snapshot of that.

pub mod snapshot;
pub mod tables;
