//! What this service publishes, and the handlers of what it consumes.

pub mod facts;
pub mod feeds;
pub mod render;
