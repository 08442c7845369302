//! The league tables that this replica derives from what it hears, and the snapshot of that. They stand in memory, so the
//! follower keeps them and not platform's runner.

pub mod snapshot;
pub mod tables;

#[cfg(test)]
mod agreement;
