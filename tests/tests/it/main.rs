//! End-to-end, fault and conformance suites; `prima_tests` is their harness.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail there"
)]

mod bad_input;
mod callers;
mod complaint;
mod connections;
mod contract;
mod corrections;
mod definitions;
mod doors;
mod evaluation;
mod faults;
mod guarantees;
mod history;
mod house;
mod import;
mod journey;
mod publication;
mod secrets;
mod startup;
mod storage;
mod surveys;
mod trace;
mod upgrade;
