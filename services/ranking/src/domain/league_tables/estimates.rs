//! The scores of a table as estimates of the true ones.

use super::{LeagueTables, MemberId};
use crate::domain::{
    certainty::Estimate,
    definition::{Better, Definition},
    facts::Figures,
    member_score::ParsedScore,
    row::Row,
    table::{Table, TableKey},
};

/// How a service names the mean of the scores of the units of an agency, each with the same weight.
const MEAN_OF_UNITS: &str = "mean_of_units";

impl LeagueTables {
    /// The ranked rows of a table, each with its score as an estimate; that is `None` when it has no standard error. No rows
    /// when there is no such table.
    ///
    /// The score of an agency has the error that follows from those of its units, which are independent samples, when it is
    /// their mean and every one has an error.
    pub fn estimates(&self, key: &TableKey) -> Vec<(Row, Option<Estimate>)> {
        let ranked = self.table(key).map_or(0, Table::ranked);
        let rows = self.rows(key, 0, ranked).unwrap_or_default();
        let definition = self.definition_of(&key.metric);
        let series = self.series.find(&[&key.metric, &key.period]);
        let estimate = |row: &Row| {
            let id = self.find(&row.subject)?;
            let (_, parsed) = self.member(id)?.score(series?)?.shown()?;
            let error = match parsed.figures.standard_error() {
                Some(error) => number(&error.to_string())?,
                None => self.error_of_mean(id, series?, parsed, &row.score)?,
            };
            Estimate::new(oriented(&definition, &row.score)?, error)
        };
        rows.into_iter()
            .map(|row| {
                let estimate = estimate(&row);
                (row, estimate)
            })
            .collect()
    }

    /// The standard error of the mean of the units of an agency; `None` unless it is made of exactly the units that have a
    /// score of its instrument with an error.
    fn error_of_mean(
        &self,
        agency: MemberId,
        series: u32,
        score: &ParsedScore,
        figures: &Figures,
    ) -> Option<f64> {
        if figures.aggregation != MEAN_OF_UNITS || figures.recorded {
            return None;
        }
        let (mut squares, mut units) = (0.0, 0_u32);
        for unit in self.units.get(&agency)? {
            let of_unit = self.member(*unit)?.score(series).and_then(|unit| unit.shown());
            let Some((_, unit)) = of_unit else { continue };
            if unit.figures.instrument(&self.names) != score.figures.instrument(&self.names) {
                continue;
            }
            if let Some(error) = unit.figures.standard_error() {
                let error = number(&error.to_string())?;
                squares += error * error;
                units += 1;
            }
        }
        let is_complete = units > 0 && i64::from(units) == figures.units_counted;
        is_complete.then(|| squares.sqrt() / f64::from(units))
    }
}

/// The ranked value, so that a higher one is better.
fn oriented(definition: &Definition, figures: &Figures) -> Option<f64> {
    let value = number(&definition.value(figures).ok()??.to_string())?;
    Some(match definition.better {
        Better::Higher => value,
        Better::Lower => -value,
    })
}

/// The nearest number of the machine, the same on every platform.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Kind,
        tests::{agency, agency_name, key, score, unit, unit_name},
    };

    fn with_error(of: &str, value: &str, error: &str) -> crate::domain::Score {
        let mut score = score(of, value);
        score.figures.standard_error = error.parse().ok();
        score
    }

    fn errors(tables: &LeagueTables, cohort: &str) -> Vec<(String, Option<f64>)> {
        let rows = tables.estimates(&key(cohort)).into_iter();
        rows.map(|(row, estimate)| (row.score.value, estimate.map(|own| own.error())))
            .collect()
    }

    #[test]
    fn ranked_scores_have_their_errors_and_the_others_are_left_out() {
        let mut tables = LeagueTables::default();
        for name in ["11/a", "11/b", "11/c"] {
            tables.unit(unit_name(name), 1, unit("clinic"));
        }
        tables
            .score("survey", 1, with_error("11/a", "80", "0.5000"))
            .unwrap();
        tables.score("survey", 1, with_error("11/b", "90", "")).unwrap();
        let mut small = with_error("11/c", "85", "0.1");
        small.figures.sample_minimum = 30;
        tables.score("survey", 1, small).unwrap();
        let expected = [("90".to_owned(), None), ("80".to_owned(), Some(0.5))];
        assert_eq!(errors(&tables, "clinic"), expected);
        assert!(errors(&tables, "school").is_empty());
    }

    #[test]
    fn the_mean_of_units_has_the_error_that_follows_from_theirs() {
        let mut tables = LeagueTables::default();
        tables.agency(agency_name("11"), 1, agency(Kind::Kota, None));
        for (name, error) in [("11/a", "0.3"), ("11/b", "0.4")] {
            tables.unit(unit_name(name), 1, unit("clinic"));
            tables.score("survey", 1, with_error(name, "80", error)).unwrap();
        }
        let mut mean = score("11", "80");
        (mean.figures.units_counted, mean.figures.units_expected) = (2, 2);
        MEAN_OF_UNITS.clone_into(&mut mean.figures.aggregation);
        tables.score("survey", 1, mean.clone()).unwrap();
        assert_eq!(errors(&tables, "kota"), [("80".to_owned(), Some(0.25))]);
        // A third unit is in the mean whose error is unknown.
        tables.unit(unit_name("11/c"), 1, unit("clinic"));
        tables.score("survey", 1, with_error("11/c", "80", "")).unwrap();
        mean.figures.units_counted = 3;
        tables.score("survey", 2, mean.clone()).unwrap();
        assert_eq!(errors(&tables, "kota"), [("80".to_owned(), None)]);
        // A unit with another instrument is in no mean.
        let mut other = with_error("11/c", "80", "0.1");
        other.figures.instrument = "other".to_owned();
        tables.score("survey", 2, other).unwrap();
        mean.figures.units_counted = 2;
        tables.score("survey", 3, mean.clone()).unwrap();
        assert_eq!(errors(&tables, "kota"), [("80".to_owned(), Some(0.25))]);
        mean.figures.recorded = true;
        tables.score("survey", 4, mean).unwrap();
        assert_eq!(errors(&tables, "kota"), [("80".to_owned(), None)]);
    }
}
