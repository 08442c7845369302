//! The gRPC side: requests to rules, answers back. Statuses come from the platform.

mod convert;
mod faults;
pub mod render;
mod server;
mod standards;

pub use server::server;
