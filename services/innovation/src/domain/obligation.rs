//! The obligation "one agency, one innovation" and the score made of it. The score is defined by Prima, in data.

use std::sync::LazyLock;

use serde::Deserialize;

use super::number::{self, Rational, whole};

/// Names of the two categories.
#[derive(Debug, Default, Deserialize)]
pub struct Labels {
    /// Name with at least one innovation.
    pub with: String,
    /// Name without innovations.
    pub without: String,
}

/// The definition of the score.
#[derive(Debug, Default, Deserialize)]
pub struct Definition {
    /// Name and version.
    pub id: String,
    /// Metric.
    pub metric: String,
    /// Categories of a unit.
    pub unit: Labels,
    /// Categories of an agency.
    pub agency: Labels,
}

/// The definition in force.
pub fn definition() -> &'static Definition {
    static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../data/obligation.json")).unwrap_or_default()
    });
    &DEFINITION
}

/// Whether a unit that the directory has announced is active in a year; `close_date` is its last day (`YYYY-MM-DD`),
/// empty while it has none.
pub fn is_active(close_date: &str, year: i32) -> bool {
    close_date.is_empty() || *close_date >= *format!("{year}-01-01")
}

/// The score of a unit: 100 with at least one innovation in operation in the year, otherwise 0. `None` for one without
/// an innovation that is not active either: nothing is expected of it.
pub fn unit_score(at_work: i64, active: bool) -> Option<Rational> {
    match (at_work > 0, active) {
        (true, _) => Some(whole(100)),
        (false, true) => Some(whole(0)),
        (false, false) => None,
    }
}

/// The score of an agency: the mean of the scores of its active units, which is the percentage of units with an
/// innovation. `None` without units.
pub fn agency_score(units_with: usize, units: usize) -> Option<Rational> {
    number::percent(units_with, units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_active_unit_without_innovation_has_zero_and_another_one_no_score() {
        assert_eq!(unit_score(0, true), Some(whole(0)));
        assert_eq!(unit_score(0, false), None);
        assert_eq!(unit_score(1, false), Some(whole(100)));
        assert!(is_active("", 2022) && is_active("2022-01-01", 2022) && !is_active("2021-12-31", 2022));
    }

    #[test]
    fn the_score_of_an_agency_is_the_mean_of_its_units() {
        let units: Vec<Rational> = [1, 0, 2]
            .into_iter()
            .filter_map(|n| unit_score(n, true))
            .collect();
        assert_eq!(agency_score(2, 3), number::mean(&units));
        assert_eq!(agency_score(0, 0), None);
        assert_eq!(
            agency_score(2, 3).map(|s| number::decimal(&s, 2)),
            Some("66.67".to_owned())
        );
        assert_eq!(
            (definition().id.as_str(), definition().metric.as_str()),
            ("prima-inovasi-1", "innovation")
        );
    }
}
