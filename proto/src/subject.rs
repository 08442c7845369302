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
/// Type of the events of scores, whose subjects are those of [`crate::score::Key`].
pub const SCORE_TYPE: &str = "prima.score";

/// State of an agency.
pub fn agency(name: &name::Agency) -> String {
    format!("prima.directory.agency.{}", name.agency)
}

/// State of a unit with its public services.
pub fn unit(name: &name::Unit) -> String {
    format!("prima.directory.unit.{}.{}", name.agency, name.unit)
}

/// The unit that the end of a subject names by its first two ids, `3271.dpmptsp` or `3271.dpmptsp.skm-2024`.
pub fn unit_in(ids: &str) -> Option<name::Unit> {
    let mut ids = ids.split('.');
    let (agency, unit) = (ids.next()?, ids.next()?);
    name::Unit::of(agency, unit).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_unit_by_its_first_two_ids() {
        let unit = name::Unit::parse("agencies/3271/units/dpmptsp").ok();
        for ids in ["3271.dpmptsp", "3271.dpmptsp.skm-2024"] {
            assert_eq!(unit_in(ids), unit, "{ids}");
        }
        for ids in ["", "3271", "3271.", ".dpmptsp", "3271.A"] {
            assert_eq!(unit_in(ids), None, "{ids}");
        }
    }
}
