//! Bus subjects: one per aggregate, `design.md` section 2. Ids come from parsed names, so they are valid tokens.

use crate::name;

/// Type of [`agency()`] events.
pub const AGENCY_TYPE: &str = "prima.directory.agency";
/// Type of [`unit()`] events.
pub const UNIT_TYPE: &str = "prima.directory.unit";
/// Type of [`survey_result()`] events.
pub const SURVEY_RESULT_TYPE: &str = "prima.survey.result";
/// Type of [`innovation_portfolio()`] events.
pub const INNOVATION_PORTFOLIO_TYPE: &str = "prima.innovation.portfolio";
/// Type of [`complaint_performance()`] events.
pub const COMPLAINT_PERFORMANCE_TYPE: &str = "prima.complaint.performance";
/// Type of [`unit_score()`] and [`agency_score()`] events.
pub const SCORE_TYPE: &str = "prima.score";

/// State of an agency.
pub fn agency(name: &name::Agency) -> String {
    format!("prima.directory.agency.{}", name.agency)
}

/// State of a unit with its public services.
pub fn unit(name: &name::Unit) -> String {
    format!("prima.directory.unit.{}.{}", name.agency, name.unit)
}

/// Result of a survey.
pub fn survey_result(name: &name::Survey) -> String {
    format!(
        "prima.survey.result.{}.{}.{}",
        name.unit.agency, name.unit.unit, name.survey
    )
}

/// Portfolio of a unit in a period.
pub fn innovation_portfolio(name: &name::Unit, period: &str) -> String {
    format!(
        "prima.innovation.portfolio.{}.{}.{period}",
        name.agency, name.unit
    )
}

/// Figures of a unit's complaints in a period.
pub fn complaint_performance(name: &name::Unit, period: &str) -> String {
    format!(
        "prima.complaint.performance.{}.{}.{period}",
        name.agency, name.unit
    )
}

/// Score of a unit, published by `service`.
pub fn unit_score(service: &str, metric: &str, period: &str, name: &name::Unit) -> String {
    format!(
        "prima.{service}.score.{metric}.{period}.unit.{}.{}",
        name.agency, name.unit
    )
}

/// Score of an agency, published by `service`.
pub fn agency_score(service: &str, metric: &str, period: &str, name: &name::Agency) -> String {
    format!("prima.{service}.score.{metric}.{period}.agency.{}", name.agency)
}
