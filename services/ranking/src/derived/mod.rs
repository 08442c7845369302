//! The league tables of this replica, and their snapshot. They are kept in memory, so the follower updates them and
//! not the platform's runner of derived figures.

mod hashes;
pub mod snapshot;
pub mod tables;

#[cfg(test)]
mod agreement;
