//! The gRPC side: requests to rules, answers back. Statuses come from the platform.

mod convert;
mod convert_entry;
mod convert_round;
mod faults;
mod read;
pub mod render;
mod render_round;
mod server;

pub use server::server;
