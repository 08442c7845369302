//! What the service consumes.

pub mod directory_unit;
