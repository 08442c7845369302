//! The published states, and the mirrors of consumed states.

pub mod directory_agency;
pub mod directory_unit;
pub mod publish;

/// Name of the service, its schema and its stream.
pub const NAME: &str = "innovation";
