//! Scores that other bodies publish. Each configured metric has eras; an era has one method and one scale.

use std::{collections::BTreeMap, sync::LazyLock};

use prima_platform::caller::{Caller, Role};
use prima_proto::{
    name::{self, Subject},
    period::Period,
};
use serde::Deserialize;

use super::{band::Band, number};

mod era;
mod published;

pub use era::{Era, Part};
pub use published::{Stated, Statement, opinion, shown};

/// A metric: an assessment by another body, or the index of past years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Key, such as `ombudsman`.
    pub key: String,
    /// Name, in Indonesian.
    pub name: String,
    /// Whether units have scores of it.
    pub of_units: bool,
    /// Whether agencies have scores of it.
    pub of_agencies: bool,
    /// Eras, oldest first; they do not overlap.
    pub eras: Vec<Era>,
}

impl Metric {
    /// The era of a year.
    pub fn era(&self, year: i32) -> Option<&Era> {
        self.eras
            .iter()
            .find(|e| e.from_year <= year && e.to_year.is_none_or(|last| year <= last))
    }
}

/// Every metric, ordered by key.
pub fn metrics() -> &'static [Metric] {
    &METRICS
}

/// The metric of this key.
pub fn find(key: &str) -> Option<&'static Metric> {
    metrics().iter().find(|m| m.key == key)
}

/// The agency or the unit with these ids; that of the unit is empty for an agency.
pub fn subject(agency: &str, unit: &str) -> Subject {
    let (agency, unit) = (agency.to_owned(), unit.to_owned());
    match unit.is_empty() {
        true => Subject::Agency(name::Agency { agency }),
        false => Subject::Unit(name::Unit { agency, unit }),
    }
}

/// The year of a period.
pub fn year(period: &Period) -> i32 {
    chrono::Datelike::year(&period.first_day())
}

/// Whether a score of this agency counts as confirmed when this caller records it; the same caller may confirm scores
/// that others recorded. Only the national admin may, and not for an agency that the admin belongs to.
pub fn confirms(caller: &Caller, agency: &str) -> bool {
    let own = caller.names(agency) || caller.require(&[Role::Operator], agency).is_ok();
    caller.require(&[Role::Admin], "*").is_ok() && !own
}

static METRICS: LazyLock<Vec<Metric>> =
    LazyLock::new(|| read(include_str!("../../data/external-metrics.json")).unwrap_or_default());

#[derive(Deserialize)]
struct MetricRow {
    key: String,
    name: String,
    subjects: Vec<String>,
    eras: Vec<EraRow>,
}

#[derive(Deserialize)]
struct EraRow {
    id: String,
    from_year: i32,
    to_year: Option<i32>,
    minimum: String,
    maximum: String,
    decimals: u32,
    citations: Vec<String>,
    bands: Vec<BandRow>,
    #[serde(default)]
    vertical_bands: Vec<BandRow>,
    #[serde(default)]
    also: BTreeMap<String, String>,
    #[serde(default)]
    parts: Vec<PartRow>,
    #[serde(default)]
    agency_is_mean_of_units: bool,
    #[serde(default)]
    may_be_without_maladministration: bool,
}

#[derive(Deserialize)]
struct BandRow {
    key: String,
    name: String,
    lower: String,
    #[serde(default)]
    zone: String,
}

#[derive(Deserialize)]
struct PartRow {
    key: String,
    name: String,
    weight: String,
}

fn bands(rows: Vec<BandRow>) -> Option<Vec<Band>> {
    let band = |b: BandRow| {
        Some(Band {
            key: b.key,
            name: b.name,
            lower: number::parse_decimal(&b.lower)?,
            zone: b.zone,
        })
    };
    rows.into_iter().map(band).collect()
}

fn read(text: &str) -> Option<Vec<Metric>> {
    let rows: Vec<MetricRow> = serde_json::from_str(text).ok()?;
    let part = |row: PartRow| {
        Some(Part {
            key: row.key,
            name: row.name,
            weight: number::parse_decimal(&row.weight)?,
        })
    };
    let era = |row: EraRow| {
        Some(Era {
            id: row.id,
            from_year: row.from_year,
            to_year: row.to_year,
            minimum: number::parse_decimal(&row.minimum)?,
            maximum: number::parse_decimal(&row.maximum)?,
            decimals: row.decimals,
            citations: row.citations,
            bands: bands(row.bands)?,
            vertical_bands: bands(row.vertical_bands)?,
            also: row.also,
            parts: row.parts.into_iter().map(part).collect::<Option<_>>()?,
            agency_is_mean_of_units: row.agency_is_mean_of_units,
            may_be_without_maladministration: row.may_be_without_maladministration,
        })
    };
    let metric = |row: MetricRow| {
        Some(Metric {
            key: row.key,
            name: row.name,
            of_units: row.subjects.iter().any(|s| s == "unit"),
            of_agencies: row.subjects.iter().any(|s| s == "agency"),
            eras: row.eras.into_iter().map(era).collect::<Option<_>>()?,
        })
    };
    rows.into_iter().map(metric).collect()
}

#[cfg(test)]
#[path = "external_tests.rs"]
mod tests;
