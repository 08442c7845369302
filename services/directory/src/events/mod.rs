//! The events that the directory publishes. It consumes none but the revocations, as every process does.

pub mod publish;
pub mod revoked;
