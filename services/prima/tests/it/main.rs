//! Tests of the command line against all services in one process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod call;
mod field;
mod league;
mod lists;
mod process;
