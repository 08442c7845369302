//! What this service consumes.

pub mod facts;
pub mod feeds;
