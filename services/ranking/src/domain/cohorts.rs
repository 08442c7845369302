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
    if is_cohort(&unit.unit_type) {
        cohorts.push(unit.unit_type.clone());
        let province = agency.and_then(|agency| agency.province(id));
        cohorts.extend(province.map(|province| format!("{}.{province}", unit.unit_type)));
    }
    cohorts.push(format!("{UNITS}.{id}"));
    cohorts
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
