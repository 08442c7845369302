//! The cohorts in which the scores of a subject are ranked.

use prima_proto::name::{self, Subject};

use super::facts::{AgencyFacts, Kind, UnitFacts};

/// Cohort of all units of an agency, before a dot and the id of the agency.
pub const UNITS: &str = "units";
/// Cohort of all regencies and cities of a province, before a dot and the id of the province.
pub const AGENCIES: &str = "agencies";
/// Cohort of all ministries and national bodies (kementerian/lembaga).
pub const NATIONAL: &str = "kl";
/// Cohort of all regional governments (pemerintah daerah).
pub const REGIONAL: &str = "daerah";

/// Cohorts of a unit. `agency` is the entry of its agency, `None` while that is unknown.
pub(super) fn of_unit(subject: &Subject, unit: &UnitFacts, agency: Option<&AgencyFacts>) -> Vec<String> {
    if unit.withdrawn {
        return Vec::new();
    }
    let id = subject.agency_id();
    let mut cohorts = Vec::new();
    let national = match &unit.agency_type {
        Some(defined) => &defined.national,
        None => &unit.unit_type,
    };
    if is_cohort(national) {
        cohorts.push(national.clone());
        let province = agency.and_then(|agency| agency.province(id));
        cohorts.extend(province.map(|province| format!("{national}.{province}")));
    }
    if let Some(own) = of_agency_type(subject, unit)
        && !cohorts.contains(&own)
    {
        cohorts.push(own);
    }
    cohorts.push(format!("{UNITS}.{id}"));
    cohorts
}

/// Cohort of all units of a type that the agency of the unit has defined; `None` for a built-in type. No built-in type had
/// its key when it was defined, so it is not one of a type and a province.
pub(super) fn of_agency_type(subject: &Subject, unit: &UnitFacts) -> Option<String> {
    let is_defined = unit.agency_type.is_some() && is_cohort(&unit.unit_type);
    is_defined.then(|| format!("{}.{}", unit.unit_type, subject.agency_id()))
}

/// Cohorts of an agency.
pub(super) fn of_agency(agency: &AgencyFacts) -> Vec<String> {
    let Some(kind) = agency.kind.filter(|_| !agency.withdrawn) else {
        return Vec::new();
    };
    let all = match kind {
        Kind::Kementerian | Kind::Lembaga => NATIONAL,
        Kind::Provinsi | Kind::Kabupaten | Kind::Kota => REGIONAL,
    };
    let province = match kind {
        Kind::Kabupaten | Kind::Kota => agency.parent.as_ref(),
        Kind::Kementerian | Kind::Lembaga | Kind::Provinsi => None,
    };
    let within = province.map(|province| format!("{AGENCIES}.{}", province.agency));
    [kind.as_str().to_owned(), all.to_owned()]
        .into_iter()
        .chain(within)
        .collect()
}

/// Whether the subjects of a cohort are agencies.
pub fn is_of_agencies(cohort: &str) -> bool {
    let kind = cohort.split_once('.').map_or(cohort, |(kind, _)| kind);
    Kind::parse(kind).is_some() || [AGENCIES, NATIONAL, REGIONAL].contains(&kind)
}

/// Whether a unit type can name a cohort. A unit type with the name of another kind of cohort would mix its units with
/// the subjects of that one.
fn is_cohort(unit_type: &str) -> bool {
    name::token(unit_type, name::TOKEN_MAX).is_ok() && unit_type != UNITS && !is_of_agencies(unit_type)
}
