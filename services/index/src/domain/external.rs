//! Scores that other bodies publish. Each configured metric has eras; an era has one method and one scale.

use std::sync::LazyLock;

use prima_platform::caller::{Caller, Role};
use prima_proto::{
    name::{self, Subject},
    period::Period,
};
use serde::Deserialize;

use super::{
    band::{self, Band, Published},
    number::{self, Rational},
};

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

/// The years of one method; scores of different eras are not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// Id, such as `ombudsman-2022`.
    pub id: String,
    /// First year.
    pub from_year: i32,
    /// Last year; `None` while it goes on.
    pub to_year: Option<i32>,
    /// Lowest score.
    pub minimum: Rational,
    /// Highest score.
    pub maximum: Rational,
    /// Decimals of a published score.
    pub decimals: u32,
    /// Regulations.
    pub citations: Vec<String>,
    /// Categories, best first; empty where none is known.
    pub bands: Vec<Band>,
    /// Whether a score may carry "tanpa maladministrasi".
    pub may_be_without_maladministration: bool,
}

impl Metric {
    /// The era of a year.
    pub fn era(&self, year: i32) -> Option<&Era> {
        self.eras
            .iter()
            .find(|e| e.from_year <= year && e.to_year.is_none_or(|last| year <= last))
    }
}

impl Era {
    /// The published form of a score; `None` when the score does not fit the scale.
    pub fn publish(&self, score: &str) -> Option<Published> {
        let exact = number::parse_decimal(score)?;
        let places = score.split_once('.').map_or(0, |(_, part)| part.len());
        let fits = exact >= self.minimum && exact <= self.maximum && places <= self.decimals as usize;
        fits.then(|| band::publish(&self.bands, exact, self.decimals))
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

/// Change between published scores: in points, and in percent of the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// New minus old, in points of the scale, signed, with the decimals of the scale.
    pub points: String,
    /// Change in percent of the old score, two decimals, signed; `None` when the old score is 0.
    pub relative_percent: Option<String>,
}

/// The change from `old` to `new`, both as published.
pub fn change(old: &Rational, new: &Rational, decimals: u32) -> Change {
    let points = new - old;
    let zero = Rational::from_integer(0.into());
    let percent =
        (*old != zero).then(|| number::decimal(&(&points / old * Rational::from_integer(100.into())), 2));
    Change {
        points: number::decimal(&points, decimals),
        relative_percent: percent,
    }
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

fn read(text: &str) -> Option<Vec<Metric>> {
    let rows: Vec<MetricRow> = serde_json::from_str(text).ok()?;
    let era = |row: EraRow| {
        let bands = row.bands.into_iter().map(|b| {
            Some(Band {
                key: b.key,
                name: b.name,
                lower: number::parse_decimal(&b.lower)?,
                zone: b.zone,
            })
        });
        Some(Era {
            id: row.id,
            from_year: row.from_year,
            to_year: row.to_year,
            minimum: number::parse_decimal(&row.minimum)?,
            maximum: number::parse_decimal(&row.maximum)?,
            decimals: row.decimals,
            citations: row.citations,
            bands: bands.collect::<Option<_>>()?,
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
mod tests {
    use serde_json::Value;

    use super::*;

    fn golden() -> Value {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/ombudsman.json"
        ));
        serde_json::from_str(text).unwrap()
    }

    fn text<'a>(row: &'a Value, key: &str) -> &'a str {
        row[key].as_str().unwrap_or_default()
    }

    fn era(id: &str) -> &'static Era {
        find("ombudsman")
            .unwrap()
            .eras
            .iter()
            .find(|e| e.id == id)
            .unwrap()
    }

    #[test]
    fn every_metric_is_sound() {
        let keys: Vec<&str> = metrics().iter().map(|m| m.key.as_str()).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(keys, sorted);
        assert_eq!(keys.len(), 8);
        for metric in metrics() {
            assert!(metric.of_units || metric.of_agencies, "{}", metric.key);
            for pair in metric.eras.windows(2) {
                assert!(pair[0].to_year.unwrap() < pair[1].from_year, "{}", metric.key);
            }
            for era in &metric.eras {
                let lower: Vec<&Rational> = era.bands.iter().map(|b| &b.lower).collect();
                assert!(lower.windows(2).all(|w| w[0] > w[1]), "{}", era.id);
                assert!(
                    lower.last().is_none_or(|last| **last == era.minimum),
                    "{}",
                    era.id
                );
            }
        }
    }

    #[test]
    fn every_published_score_has_its_category() {
        let data = golden();
        let rows = data["scores"].as_array().unwrap();
        assert!(rows.len() > 10);
        for row in rows {
            let of_year = find("ombudsman").unwrap();
            let year = i32::try_from(row["year"].as_i64().unwrap()).unwrap();
            let era = of_year.era(year).unwrap();
            assert_eq!(era.id, text(row, "era"), "{row}");
            let published = era.publish(text(row, "score")).unwrap();
            assert_eq!(published.value, text(row, "score"), "{row}");
            for (found, key) in [
                (&published.category, "category"),
                (&published.zone, "zone"),
                (&published.name, "name"),
            ] {
                if let Some(expected) = row[key].as_str() {
                    assert_eq!(found, expected, "{row}");
                }
            }
        }
    }

    #[test]
    fn every_bound_is_read_from_the_rounded_value() {
        for row in golden()["boundaries"]["rows"].as_array().unwrap() {
            let exact = number::parse_decimal(text(row, "unrounded")).unwrap();
            let published = band::publish(&era(text(row, "era")).bands, exact, 2);
            assert_eq!(published.value, text(row, "score"), "{row}");
            assert_eq!(published.category, text(row, "category"), "{row}");
            assert_eq!(published.zone, text(row, "zone"), "{row}");
        }
    }

    #[test]
    fn a_change_is_given_in_points_and_in_percent() {
        for row in golden()["changes"].as_array().unwrap() {
            let exact = |key| number::parse_decimal(text(row, key)).unwrap();
            let change = change(&exact("from"), &exact("to"), 2);
            assert_eq!(change.points, text(row, "points"), "{row}");
            assert_eq!(
                change.relative_percent.as_deref(),
                Some(text(row, "relative_percent")),
                "{row}"
            );
        }
        let zero = Rational::from_integer(0.into());
        assert_eq!(change(&zero, &zero, 2).relative_percent, None);
    }

    #[test]
    fn a_score_off_the_scale_is_refused() {
        for bad in ["100.01", "-1", "88.123", "1e2", "", "88,1"] {
            assert_eq!(era("ombudsman-2022").publish(bad), None, "{bad}");
        }
    }
}
