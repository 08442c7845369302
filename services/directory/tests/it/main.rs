//! Tests of the directory over gRPC on a real database, with its relay and a bus.
//!
//! Every test runs on SQLite, and on PostgreSQL too when `PRIMA_TEST_POSTGRES_URL` is set.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agencies;
mod events;
mod facts;
mod fixture;
mod public_services;
mod races;
mod revocations;
mod standard_faults;
mod standards;
mod unit_types;
mod units;
