//! What follows from several rows: figures of surveys, scores of units and agencies, and the end of surveys by the clock.

pub mod agency_scores;
pub mod closing;
pub mod outcome;
mod recorded_scores;
pub mod unit_scores;
