//! The events that this service publishes, and the handlers of those that it consumes.

pub mod directory_unit;
pub mod publish;
pub mod survey_result;
