//! Figures that are derived from several rows: results of surveys, scores of units and agencies. Also the closing of
//! surveys by the clock.

pub mod agency_scores;
pub mod closing;
pub mod outcome;
mod recorded_scores;
pub mod results;
pub mod unit_scores;
