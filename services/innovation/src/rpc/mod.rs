//! One folder for each noun, with one file for each operation that changes state. Nouns do not import each other.
//!
//! Rows are locked in this order: innovation, round, entry, replication, portfolios, outbox. Scores of agencies are
//! locked only by their runner, before portfolios.

mod access;
pub mod entry;
pub mod innovation;
mod message;
mod once;
pub mod portfolio;
pub mod replication;
pub mod round;
pub mod score;
pub mod uncounted;
