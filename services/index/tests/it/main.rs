//! The index service as its callers see it: over gRPC, on a real database, with its relay and a bus.
//!
//! Every test runs on SQLite, and on PostgreSQL too when `PRIMA_TEST_POSTGRES_URL` is set.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod actions;
mod complaint;
mod cycles;
mod dirty_flags;
mod evaluation;
mod evidence;
mod external;
mod fixture;
mod indexes;
mod instruments;
mod judging;
mod opinions;
mod own_metrics;
mod setup;
mod stored_responses;
mod suggestions;
mod uncounted;
mod visibility;
