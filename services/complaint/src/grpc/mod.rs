//! The gRPC side: requests to rules, answers back. Statuses come from the platform.

mod attachments;
pub mod complaints;
pub mod consultations;
mod convert;
mod convert_action;
mod convert_consultation;
mod convert_knowledge;
mod convert_privacy;
pub mod desk;
mod faults;
pub mod performance;
pub mod privacy;
mod read_consultation;
pub mod render;
pub mod render_consultation;
pub mod settings;
