//! Figures that are recomputed from several rows.

pub mod performance;
