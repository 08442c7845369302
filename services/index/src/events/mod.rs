//! The states that this service publishes, and those that it consumes.

mod complaint_performance;
mod day;
mod directory_unit;
pub mod facts;
pub mod feed;
mod innovation_portfolio;
pub mod publish;
mod survey_result;
pub mod table_definition;
