//! Figures that are derived from several rows: results of surveys, scores of units and agencies. Also the closing of
//! surveys by the clock, and the corrections of closed ones.

pub mod agency_scores;
pub mod closing;
pub mod correction;
pub mod outcome;
mod recorded_scores;
pub mod released;
pub mod results;
pub mod unit_scores;
pub mod voiding;

use prima_platform::config;

use crate::domain::release::Rules;

/// The configured rules by which figures are released.
pub fn rules(config: &config::Survey) -> Rules {
    let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Rules {
        step: count(config.disclosure_step),
        link_step: count(config.disclosure_step_link),
        minimum: config.minimum_respondents.into(),
        correction_day: config.correction_day,
    }
}
