//! The gRPC side of the survey service.

pub mod access;
mod analysis;
mod comments;
pub mod convert;
mod corrections;
mod intake;
mod item;
mod periods;
mod publication;
mod recorded;
mod results;
mod server;
mod surveys;

pub use server::{access_service, survey_service};
