//! What is recomputed from several rows: portfolios, by whoever changes one of them; scores of agencies, by the platform's
//! runner.

pub mod agency_score;
pub mod portfolio;
