//! What the index service tells others, and what others tell it.

mod complaint_performance;
mod day;
mod directory_unit;
pub mod facts;
pub mod feed;
mod innovation_portfolio;
pub mod publish;
mod survey_result;
