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

/// The score of a unit: 100 with at least one innovation in operation in the year, otherwise 0.
pub fn unit_score(has_one: bool) -> Rational {
    whole(if has_one { 100 } else { 0 })
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
    fn the_score_of_an_agency_is_the_mean_of_its_units() {
        let units: Vec<Rational> = [true, false, true].map(unit_score).to_vec();
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
