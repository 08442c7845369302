//! The gRPC side: requests to rules, answers back. Statuses come from the platform.

mod attachments;
pub mod complaints;
pub mod consultations;
mod convert;
mod convert_action;
mod convert_consultation;
mod convert_knowledge;
mod convert_list;
mod convert_privacy;
mod convert_settings;
pub mod desk;
mod faults;
pub mod performance;
pub mod privacy;
mod read;
mod read_consultation;
mod read_settings;
pub mod render;
pub mod render_consultation;
pub mod render_settings;
pub mod render_timeline;
mod render_view;
pub mod settings;
mod watch;
