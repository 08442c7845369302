//! The score of one metric, period and subject, as one or more services have published it.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use prima_proto::name::{self, Subject};
use rust_decimal::Decimal;

use super::facts::{Figures, Status};
use super::table::{Seat, TableKey};

/// Why a score can't be placed. It will not get better by trying again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScore {
    /// The published value is no decimal of at most 28 digits.
    #[error("the value `{value}` is not a decimal of at most 28 digits")]
    Value {
        /// The value, cut to 80 characters.
        value: String,
    },
    /// The metric can't stand in the name of a table.
    #[error("the metric {0}")]
    Metric(#[source] name::Error),
    /// The period can't stand in the name of a table.
    #[error("the period {0}")]
    Period(#[source] name::Error),
}

impl BadScore {
    /// The stable reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "SCORE_VALUE_INVALID",
            Self::Metric(_) => "SCORE_METRIC_INVALID",
            Self::Period(_) => "SCORE_PERIOD_INVALID",
        }
    }

    /// Whether the same score may be accepted later: never.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Value { .. } | Self::Metric(_) | Self::Period(_) => false,
        }
    }

    /// Checks what becomes part of the name of a table.
    pub(super) fn check_names(metric: &str, period: &str) -> Result<(), Self> {
        name::token(metric, name::TOKEN_MAX).map_err(Self::Metric)?;
        name::token(period, name::TOKEN_MAX).map_err(Self::Period)?;
        Ok(())
    }
}

/// Why a subject is listed without a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unranked {
    /// A unit with fewer respondents than its minimum sample.
    SampleTooSmall,
    /// An agency whose units are not all in, while the period may still change.
    UnitsMissing,
}

/// What a state says of a score.
#[derive(Debug)]
pub(super) enum Said {
    /// A figure.
    Figure(Live),
    /// That it no longer counts.
    Withdrawn,
    /// Nothing that this release can read.
    Unreadable,
}

/// A score that counts.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) figures: Figures,
    pub(super) unranked: Option<Unranked>,
    seat: Seat,
}

impl Live {
    /// Fails when the value is no decimal.
    pub(super) fn read(subject: &Subject, figures: Figures) -> Result<Self, BadScore> {
        let number = decimal(&figures.value)?;
        let unranked = match subject {
            Subject::Unit(_) => {
                let small = figures.sample_minimum > 0 && figures.sample_size < figures.sample_minimum;
                small.then_some(Unranked::SampleTooSmall)
            }
            Subject::Agency(_) => {
                let missing =
                    figures.units_counted < figures.units_expected && figures.status == Status::Provisional;
                missing.then_some(Unranked::UnitsMissing)
            }
        };
        let seat = if unranked.is_none() {
            Seat::ranked(number)
        } else {
            Seat::UNRANKED
        };
        Ok(Self {
            figures,
            unranked,
            seat,
        })
    }
}

/// Reads `[-]digits[.digits]`. Stricter than the parser of `Decimal`, which takes `1_000`, and exact: a value with
/// more digits is refused, for rounded it could tie with another.
fn decimal(text: &str) -> Result<Decimal, BadScore> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let formed = match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    };
    let value = if formed {
        Decimal::from_str_exact(text).ok()
    } else {
        None
    };
    value.ok_or_else(|| BadScore::Value {
        value: text.chars().take(80).collect(),
    })
}

/// What one service has last said of a score.
#[derive(Debug)]
struct Claim {
    source: Arc<str>,
    version: i64,
    /// Once withdrawn the version stays, so that what is older can't bring it back.
    said: Said,
}

/// One score of a subject.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) metric: Arc<str>,
    pub(super) period: Arc<str>,
    /// Where it sits in each of its tables; `None` while there is nothing to show.
    pub(super) seat: Option<Seat>,
    /// The tables that it belongs to by its subject's cohorts.
    pub(super) tables: Vec<Arc<TableKey>>,
    /// One for each service; nearly always one.
    claims: Vec<Claim>,
}

impl Held {
    pub(super) fn new(metric: Arc<str>, period: Arc<str>) -> Self {
        Self {
            metric,
            period,
            seat: None,
            tables: Vec::new(),
            claims: Vec::new(),
        }
    }

    /// Takes in what a service says; true when that changes what is shown. A version that is not newer than the
    /// one this service gave before changes nothing.
    pub(super) fn claim(&mut self, words: &mut Words, source: &str, version: i64, said: Said) -> bool {
        let was_shown = self.newest().is_some_and(|claim| &*claim.source == source);
        match self.claims.iter_mut().find(|claim| &*claim.source == source) {
            Some(claim) if version <= claim.version => return false,
            Some(claim) => {
                claim.version = version;
                claim.said = said;
            }
            None => {
                // One more, not the four that a push would reserve: there are as many of these as scores.
                self.claims.reserve_exact(1);
                self.claims.push(Claim {
                    source: words.get(source),
                    version,
                    said,
                });
            }
        }
        let is_shown = self.newest().is_some_and(|claim| &*claim.source == source);
        self.seat = self.shown().map(|(_, live)| live.seat);
        was_shown || is_shown
    }

    /// Version and content of what is shown; `None` when all is withdrawn, or the newest can't be read.
    pub(super) fn shown(&self) -> Option<(i64, &Live)> {
        let newest = self.newest()?;
        match &newest.said {
            Said::Figure(live) => Some((newest.version, live)),
            Said::Withdrawn | Said::Unreadable => None,
        }
    }

    /// Of the claims not withdrawn the one with the newest version; of equal versions, the service first by name.
    fn newest(&self) -> Option<&Claim> {
        let claims = self
            .claims
            .iter()
            .filter(|claim| !matches!(claim.said, Said::Withdrawn));
        claims.max_by_key(|claim| (claim.version, Reverse(&claim.source)))
    }
}

/// Metrics, periods and services: few, and named by every score, so that each is kept once.
#[derive(Debug, Default)]
pub(super) struct Words {
    known: HashSet<Arc<str>>,
}

impl Words {
    /// The one copy of this word.
    pub(super) fn get(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.known.get(word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        self.known.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_plain_decimal() {
        for (text, value) in [
            ("91.40", "91.4"),
            ("-3", "-3"),
            ("0", "0"),
            ("007.5", "7.5"),
            ("-0", "0"),
        ] {
            assert_eq!(decimal(text).unwrap(), value.parse().unwrap(), "{text}");
        }
        let long = format!("0.{}", "1".repeat(40));
        for text in [
            "", "-", ".", "5.", ".5", "+1", "1_000", "1e3", "1,5", " 1", "NaN", "1.2.3", "--1", "٣", &long,
        ] {
            assert!(matches!(decimal(text), Err(BadScore::Value { .. })), "{text}");
        }
    }
}
