//! The league tables of this replica, their snapshot, and the history with the tables of the past. They are kept in memory,
//! so the follower updates them and not the platform's runner of derived figures.

mod audit_heads;
pub mod certainty;
pub mod compaction;
mod hashes;
pub mod history;
pub mod past;
pub mod press;
mod segment;
pub mod snapshot;
pub mod tables;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod restart;
