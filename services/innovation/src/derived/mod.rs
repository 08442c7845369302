//! Figures that are recomputed from several rows: portfolios, by the operation that changes an input; scores of
//! agencies, by the platform's runner.

pub mod agency_score;
pub mod portfolio;
