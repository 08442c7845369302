//! The gRPC side of the ranking service.

mod convert;
mod server;

pub use server::server;
