//! What this service publishes, and the handlers of what it consumes.

pub mod render;
