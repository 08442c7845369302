//! Bus subjects, one for each aggregate. The ids come from parsed names, so they are valid parts of subjects.

use crate::name;

/// Type of [`agency()`] events.
pub const AGENCY_TYPE: &str = "prima.directory.agency";
/// Type of [`unit()`] events.
pub const UNIT_TYPE: &str = "prima.directory.unit";
/// Type of [`revocation()`] events.
pub const REVOCATION_TYPE: &str = "prima.directory.revocation";
/// Type of [`survey_result()`] events.
pub const SURVEY_RESULT_TYPE: &str = "prima.survey.result";
/// Type of [`innovation_portfolio()`] events.
pub const INNOVATION_PORTFOLIO_TYPE: &str = "prima.innovation.portfolio";
/// Type of [`complaint_performance()`] events.
pub const COMPLAINT_PERFORMANCE_TYPE: &str = "prima.complaint.performance";
/// Type of [`table_definition()`] events.
pub const TABLE_DEFINITION_TYPE: &str = "prima.ranking.definition";
/// Type of the events of scores; [`crate::score::Key`] makes their subjects.
pub const SCORE_TYPE: &str = "prima.score";

/// Type of [`audit_head()`] events.
pub const AUDIT_HEAD_TYPE: &str = "prima.audit.head";

/// Subject of the head of the audit log of a service.
pub fn audit_head(service: &str) -> String {
    format!("prima.{service}.audit.head")
}

/// Subject of the state of an agency.
pub fn agency(name: &name::Agency) -> String {
    format!("prima.directory.agency.{}", name.agency)
}

/// Subject of the state of a unit with its public services.
pub fn unit(name: &name::Unit) -> String {
    format!("prima.directory.unit.{}.{}", name.agency, name.unit)
}

/// Subject of a revocation of tokens, whose id is a digest in hexadecimal.
pub fn revocation(id: &str) -> String {
    format!("prima.directory.revocation.{id}")
}

/// The unit in the last part of a subject, whose first two ids it is: `3271.dpmptsp` or `3271.dpmptsp.skm-2024`.
pub fn unit_in(ids: &str) -> Option<name::Unit> {
    let mut ids = ids.split('.');
    let (agency, unit) = (ids.next()?, ids.next()?);
    name::Unit::of(agency, unit).ok()
}

/// Subject of the result of a survey.
pub fn survey_result(name: &name::Survey) -> String {
    format!(
        "prima.survey.result.{}.{}.{}",
        name.unit.agency, name.unit.unit, name.survey
    )
}

/// Subject of the innovation portfolio of a unit in a period.
pub fn innovation_portfolio(name: &name::Unit, period: &str) -> String {
    format!(
        "prima.innovation.portfolio.{}.{}.{period}",
        name.agency, name.unit
    )
}

/// Subject of the figures of a unit's complaints in a period.
pub fn complaint_performance(name: &name::Unit, period: &str) -> String {
    format!(
        "prima.complaint.performance.{}.{}.{period}",
        name.agency, name.unit
    )
}

/// Subject of the definition of the league tables of a metric.
pub fn table_definition(metric: &str) -> String {
    format!("prima.ranking.definition.{metric}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_subject_is_in_its_first_two_ids() {
        let unit = name::Unit::parse("agencies/3271/units/dpmptsp").ok();
        for ids in ["3271.dpmptsp", "3271.dpmptsp.skm-2024"] {
            assert_eq!(unit_in(ids), unit, "{ids}");
        }
        for ids in ["", "3271", "3271.", ".dpmptsp", "3271.A"] {
            assert_eq!(unit_in(ids), None, "{ids}");
        }
    }
}
