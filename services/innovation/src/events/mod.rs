//! What this service publishes, and the handlers of what it consumes.

pub mod directory_agency;
pub mod directory_unit;
pub mod publish;

/// Name of the service, its schema and its stream.
pub const NAME: &str = "innovation";
