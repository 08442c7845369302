//! The command line against every service in one process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod call;
mod process;
