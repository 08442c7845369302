//! The definition of the league tables of a metric, as data: what the metric is called, which value is better, who is
//! ranked and in which cohorts.
//!
//! The definitions of a release are in `data/tables/`. An operator adds definitions of own metrics, and newer ones of the
//! built-in metrics, while the service runs. Of all definitions of a metric the one with the highest version counts. A
//! metric without one is ranked by `data/tables/default.json`.

pub mod built_in;
pub mod cohort_rule;
mod document;
pub mod era;
pub mod placing;
mod words;

use chrono::Datelike;
use prima_platform::number::{self, Rational};
use prima_proto::{name::Subject, period::Period};
use rust_decimal::{Decimal, RoundingStrategy};

use super::facts::{Figures, Status};
use super::sort_key::{Direction, SortKey};
use super::unranked::{BadScore, Unranked, decimal};
use cohort_rule::{CohortRule, Peers, Region, Volume};
use era::Era;
pub use words::Words;

/// Versions of an operator's definitions begin here, so that no later release has a definition with the same version or
/// replaces one of an operator.
pub const FIRST_OWN_VERSION: i64 = 1000;

/// Which of two values is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The higher one.
    Higher,
    /// The lower one.
    Lower,
}

/// Which value of a score is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankedBy {
    /// The published one: subjects with the same published value share a rank.
    Published,
    /// The exact one. A score without an exact value is ranked by the published one.
    Exact,
}

/// Which rank subjects share that nothing distinguishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Standard competition ranking (1, 2, 2, 4): one more than the number of better subjects.
    #[default]
    Competition,
    /// Modified competition ranking (1, 3, 3, 4): the number of subjects that are better or equal.
    Modified,
}

/// What decides between subjects with the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieBreaker {
    /// The larger sample comes first.
    LargerSample,
    /// The agency of which more units are counted comes first.
    MoreUnits,
    /// A final score comes before a provisional one.
    FinalFirst,
}

/// A share as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Numerator.
    pub numerator: i64,
    /// Denominator, at least 1.
    pub denominator: i64,
}

impl Share {
    /// The smallest whole number that is at least this share of `of`.
    fn of(self, of: i64) -> i64 {
        let needed = i128::from(of) * i128::from(self.numerator);
        let denominator = i128::from(self.denominator.max(1));
        i64::try_from((needed + denominator - 1) / denominator).unwrap_or(i64::MAX)
    }
}

/// How scores of the metric are recorded (RecordExternalScore), when no service computes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Whether units have scores.
    pub of_units: bool,
    /// Whether agencies have scores.
    pub of_agencies: bool,
    /// Lowest score.
    pub minimum: Decimal,
    /// Highest score.
    pub maximum: Decimal,
}

/// What a table shows of each row, besides rank, subject, value and remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The agency of the unit.
    Agency,
    /// The category of the value.
    Category,
    /// The size of the sample.
    Sample,
    /// How many units of the agency are counted.
    Units,
}

/// The definition of the tables of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Key of the metric, such as `skm`.
    pub metric: String,
    /// Version; 0 in a document that does not state it, and of a metric without a definition.
    pub version: i64,
    /// What the metric is called.
    pub title: Words,
    /// The unit of its values, such as days; `None` for a number without one.
    pub unit: Option<Words>,
    /// Which values are better.
    pub better: Better,
    /// Which value is ranked.
    pub ranked_by: RankedBy,
    /// Decimals of exact values and of means as they are shown.
    pub decimals: u32,
    /// The rule of shared ranks.
    pub ties: Ties,
    /// What decides between equal values, the first one first.
    pub tie_breakers: Vec<TieBreaker>,
    /// Whether its values have categories.
    pub categories: bool,
    /// What the sample consists of, such as respondents; `None` when the scores have no sample.
    pub sample: Option<Words>,
    /// Fewer than these are listed without a rank, also when the score states no minimum or a lower one.
    pub minimum_sample: i64,
    /// The share of its units that an agency needs; `None` when the score of an agency is not made of units.
    pub coverage: Option<Share>,
    /// In which cohorts a subject is ranked.
    pub cohorts: Vec<CohortRule>,
    /// Named groups of provinces.
    pub regions: Vec<Region>,
    /// Named groups by the size of the sample, the largest first.
    pub volumes: Vec<Volume>,
    /// Named lists of subjects.
    pub peers: Vec<Peers>,
    /// Which scores may be compared over time.
    pub eras: Vec<Era>,
    /// How its scores are recorded; `None` when they are not.
    pub recorded: Option<Recorded>,
    /// The rule behind it.
    pub citation: String,
    /// How certain the citation is.
    pub mark: String,
    /// Whether this stands for a definition that this release can't read.
    pub is_unreadable: bool,
}

impl Definition {
    /// The value that is ranked: higher or lower is better as the definition says. `None` when only a category was
    /// published or the value is withheld.
    ///
    /// # Errors
    ///
    /// The published value is not a decimal. That does not depend on the definition, so that a state stays readable
    /// whichever definition arrives later.
    pub fn value(&self, figures: &Figures) -> Result<Option<Decimal>, BadScore> {
        if figures.is_without_value() {
            return Ok(None);
        }
        let published = decimal(&figures.value)?;
        Ok(Some(match (self.ranked_by, figures.exact) {
            (RankedBy::Exact, Some(exact)) => exact,
            (RankedBy::Exact, None) | (RankedBy::Published, _) => published,
        }))
    }

    /// Where the figures are sorted among those of other subjects, when they are ranked.
    ///
    /// # Errors
    ///
    /// See [`Self::value`].
    pub fn sort_key(&self, figures: &Figures) -> Result<SortKey, BadScore> {
        let Some(value) = self.value(figures)? else {
            return Ok(SortKey::UNRANKED);
        };
        let direction = match self.better {
            Better::Higher => Direction::HigherFirst,
            Better::Lower => Direction::LowerFirst,
        };
        let mut breakers = self.tie_breakers.iter().map(|breaker| match breaker {
            TieBreaker::LargerSample => figures.sample_size,
            TieBreaker::MoreUnits => figures.units_counted,
            TieBreaker::FinalFirst => i64::from(figures.status == Status::Final),
        });
        let breakers = [breakers.next().unwrap_or(0), breakers.next().unwrap_or(0)];
        Ok(SortKey::ordered(direction, value, breakers))
    }

    /// Why these figures give no rank, whatever the units of an agency are.
    pub fn unranked(&self, subject: &Subject, figures: &Figures) -> Option<Unranked> {
        if self.is_unreadable {
            return Some(Unranked::DefinitionUnreadable);
        }
        if figures.is_without_value() {
            return Some(match figures.too_few {
                true => Unranked::TooFew,
                false => Unranked::NoValue,
            });
        }
        if figures.sample_size < self.sample_minimum(figures) {
            return Some(Unranked::SampleTooSmall);
        }
        let is_incomplete = matches!(subject, Subject::Agency(_))
            && figures.units_counted < figures.units_expected
            && figures.status == Status::Provisional;
        is_incomplete.then_some(Unranked::UnitsMissing)
    }

    /// The minimum sample: that of the score or that of the definition, whichever is larger; 0 when there is none.
    pub fn sample_minimum(&self, figures: &Figures) -> i64 {
        figures.sample_minimum.max(self.minimum_sample)
    }

    /// How many units of an agency must have a rank of their own; 0 for a unit, and for a score that is not made of
    /// units, that states a minimum sample of its own, or that was recorded from an earlier publication.
    pub fn units_required(&self, subject: &Subject, figures: &Figures) -> i64 {
        let Some(coverage) = self.coverage else { return 0 };
        let has_own_rule = figures.recorded || figures.units_counted <= 0 || figures.sample_minimum > 0;
        if has_own_rule || matches!(subject, Subject::Unit(_)) {
            return 0;
        }
        coverage.of(figures.units_expected.max(figures.units_counted))
    }

    /// The value as it is shown: the published one as it was published, an exact one with the decimals of the definition.
    pub fn shown_value(&self, figures: &Figures) -> String {
        match (self.ranked_by, figures.exact) {
            (RankedBy::Exact, Some(exact)) if !figures.is_without_value() => {
                let places = self.decimals as usize;
                let rounded =
                    exact.round_dp_with_strategy(self.decimals, RoundingStrategy::MidpointAwayFromZero);
                format!("{rounded:.places$}")
            }
            _ => figures.value.clone(),
        }
    }

    /// The ranked value as a fraction, of which means are made.
    pub fn rational(&self, figures: &Figures) -> Option<Rational> {
        let value = self.value(figures).ok().flatten()?;
        number::parse_decimal(&value.to_string())
    }

    /// The columns that mean something in a table of this cohort.
    pub fn columns(&self, cohort: &str) -> Vec<Column> {
        let of_agencies = super::cohorts::is_of_agencies(cohort);
        [
            (Column::Agency, !of_agencies),
            (Column::Category, self.categories),
            (Column::Sample, self.sample.is_some()),
            (Column::Units, of_agencies && self.coverage.is_some()),
        ]
        .into_iter()
        .filter_map(|(column, means_something)| means_something.then_some(column))
        .collect()
    }

    /// Whether every subject is in the same cohorts by both definitions, whatever its scores are.
    pub fn has_cohorts_of(&self, other: &Self) -> bool {
        !self.cohorts_depend_on_score() && self.has_cohort_rules_of(other)
    }

    /// Whether both definitions place a subject with the same figures in the same cohorts.
    pub fn has_cohort_rules_of(&self, other: &Self) -> bool {
        self.cohorts == other.cohorts
            && self.regions == other.regions
            && self.volumes == other.volumes
            && self.peers == other.peers
    }

    /// Whether this is a definition of the metric, and not the rule for metrics without one.
    pub fn is_defined(&self) -> bool {
        self.version > 0
    }
}

impl Definition {
    /// The era of a score, by its instrument and the year of its period: scores of one era may be compared. Outside of all
    /// eras, and without eras, scores of one instrument may.
    pub fn era<'a>(&'a self, instrument: &'a str, year: Option<i32>) -> &'a str {
        let era = self.eras.iter().find(|era| era.includes(instrument, year));
        era.map_or(instrument, |era| era.key.as_str())
    }

    /// The era of a score in a period.
    pub fn era_in<'a>(&'a self, instrument: &'a str, period: &str) -> &'a str {
        let year = period
            .parse::<Period>()
            .ok()
            .map(|period| period.first_day().year());
        self.era(instrument, year)
    }
}

#[cfg(test)]
#[path = "definition/tests.rs"]
mod tests;
