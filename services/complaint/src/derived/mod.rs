//! What is recomputed from several rows.

pub mod performance;
