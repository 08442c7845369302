//! The events that the directory publishes. It consumes none.

pub mod publish;
