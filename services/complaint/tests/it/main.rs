//! The complaint service as its callers see it: over gRPC, on real databases, with its relay and a bus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod call;
mod duplicates;
mod fixture;
mod life;
mod list;
mod matrix;
mod repeats;
mod roles;
mod standing;
mod track;
