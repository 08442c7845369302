//! The complaint service as its callers see it: over gRPC, on real databases, with its relay and a bus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod calendar;
mod consultation;
mod consultation_files;
mod consultation_input;
mod consultation_roles;
mod consultation_rows;
mod fixture;
mod knowledge;
mod life;
mod settings;
mod sweep;
mod watch;
