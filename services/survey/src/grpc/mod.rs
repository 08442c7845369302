//! The gRPC side of the survey service.

mod access;
mod analysis;
mod comments;
pub mod convert;
mod corrections;
mod intake;
mod periods;
mod publication;
mod recorded;
mod results;
mod server;
mod surveys;

pub use server::{access_service, survey_service};
