//! What this service publishes, and the handlers of what it consumes.

pub mod directory_unit;
pub mod publish;
pub mod survey_result;
