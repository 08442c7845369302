//! The complaint service as its callers see it: over gRPC, on real databases, with its relay and a bus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attachments;
mod bad_input;
mod calendar;
mod call;
mod consultation;
mod consultation_files;
mod consultation_input;
mod consultation_roles;
mod consultation_rows;
mod desk;
mod doors;
mod duplicates;
mod erasure;
mod fixture;
mod kit;
mod knowledge;
mod life;
mod list;
mod matrix;
mod performance;
mod performance_disclosed;
mod performance_marks;
mod personal;
mod privacy;
mod repeats;
mod roles;
mod rotation;
mod settings;
mod settings_input;
mod standing;
mod sweep;
mod track;
mod watch;
