//! The innovation service as its callers see it: over gRPC, on real databases, with its relay and a bus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod agency_scores;
mod bad_input;
mod catalogue;
mod events;
mod fixture;
mod registry;
mod replication;
mod roles;
mod rounds;
mod scoring;
mod uncounted;
mod visibility;
mod whole_round;
