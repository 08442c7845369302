//! The complaint service as its callers see it: over gRPC, on real databases, with its relay and a bus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod call;
mod consultation;
mod consultation_input;
mod consultation_roles;
mod consultation_rows;
mod desk;
mod fixture;
mod knowledge;
mod life;
mod matrix;
mod performance;
mod repeats;
mod roles;
