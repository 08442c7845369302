//! Tests of the command line against all services in one process.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod call;
mod doctor;
mod exports;
mod field;
mod files;
mod league;
mod lists;
mod privacy;
mod process;
mod responses;
mod saved;
