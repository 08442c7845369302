//! The gRPC side: requests to rules, answers back. Statuses come from the platform.

pub mod complaints;
pub mod consultations;
mod convert;
mod convert_consultation;
mod faults;
pub mod privacy;
mod read_consultation;
pub mod render;
pub mod render_consultation;
pub mod settings;
