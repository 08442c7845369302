//! The gRPC side: requests to rules, answers back. Statuses come from the platform.

mod attachments;
pub mod complaints;
pub mod consultations;
mod convert;
mod convert_action;
pub mod desk;
mod faults;
pub mod performance;
pub mod privacy;
pub mod render;
pub mod settings;
