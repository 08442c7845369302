//! Tests the complaint service as its callers use it: over gRPC, on real databases, with its relay and a bus.

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
mod data_subjects;
mod desk;
mod duplicates;
mod erasure;
mod fixture;
mod handover;
mod helpers;
mod knowledge;
mod life;
mod list;
mod matrix;
mod not_found;
mod performance;
mod performance_dirty;
mod performance_disclosed;
mod performance_held;
mod personal;
mod privacy;
mod repeats;
mod roles;
mod rotation;
mod settings;
mod settings_input;
mod status;
mod sweep;
mod track;
mod uncounted;
mod watch;
