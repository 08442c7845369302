//! The gRPC side of the survey service.

pub mod convert;
mod server;

pub use server::server;
