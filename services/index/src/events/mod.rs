//! What the index service tells others, and what others tell it.

pub mod complaint_performance;
mod day;
pub mod directory_unit;
pub mod facts;
pub mod feed;
pub mod innovation_portfolio;
pub mod publish;
pub mod survey_result;
