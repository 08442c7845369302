//! The names of cohorts.

use prima_proto::name::{self, Subject};

use super::facts::{Kind, UnitFacts};

/// Cohort of all units of an agency, before a dot and the id of the agency.
pub const UNITS: &str = "units";
/// Cohort of all regencies and cities of a province, before a dot and the id of the province.
pub const AGENCIES: &str = "agencies";
/// Cohort of all ministries and national bodies (kementerian/lembaga).
pub const NATIONAL: &str = "kl";
/// Cohort of all regional governments (pemerintah daerah).
pub const REGIONAL: &str = "daerah";

/// Cohort of all units of a type that the agency of the unit has defined; `None` for a built-in type. No built-in type had
/// its key when it was defined, so it is not one of a type and a province.
pub(super) fn of_agency_type(subject: &Subject, unit: &UnitFacts) -> Option<String> {
    let is_defined = unit.agency_type.is_some() && is_cohort(&unit.unit_type);
    is_defined.then(|| format!("{}.{}", unit.unit_type, subject.agency_id()))
}

/// Whether the subjects of a cohort are agencies.
pub fn is_of_agencies(cohort: &str) -> bool {
    let kind = cohort.split_once('.').map_or(cohort, |(kind, _)| kind);
    Kind::parse(kind).is_some() || [AGENCIES, NATIONAL, REGIONAL].contains(&kind)
}

/// Whether a unit type can name a cohort. A unit type with the name of another kind of cohort would mix its units with
/// the subjects of that one.
pub(super) fn is_cohort(unit_type: &str) -> bool {
    name::token(unit_type, name::TOKEN_MAX).is_ok() && unit_type != UNITS && !is_of_agencies(unit_type)
}
