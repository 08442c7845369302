//! The events that the service consumes and publishes.

pub mod directory_unit;
pub mod publish;
