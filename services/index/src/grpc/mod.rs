//! The gRPC side of the index service.

mod actions;
pub mod assessments;
mod check;
pub mod convert;
mod cycles;
mod evaluation;
mod evidence;
mod external;
mod groups;
mod indexes;
mod instruments;
mod server;
mod suggestions;

pub use server::{assessment_service, index_service};
