//! Figures of the innovations of a unit at the evaluation date.
//!
//! The innovation service publishes one state of a unit for every year, and again whenever something in it changes. A
//! state lists the innovations that existed in its year, including those that began earlier and go on; entries,
//! awards and learning are only in the state of their own year. Hence:
//!
//! - the innovations and their resources are read from the state of the newest year that is not after the evaluation
//!   date. No later state can name another innovation that had begun by then, because an innovation is in the state
//!   of its first year;
//! - entries, awards and learning are read from the states of that year and all before, because they count
//!   permanently;
//! - of all these only what is dated on or before the evaluation date counts. What has no date (the legal basis and
//!   other resources) counts as it stands.
//!
//! An innovation is in operation from its first day to its last, both included. Entries and awards count while their
//! innovation is in operation, because the levels are about what the unit has now.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::{
    rule::Value,
    sourced::{EventRef, SourcedFigures, full_months},
};

/// The portfolio of a unit in one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portfolio {
    /// The event that it was read from.
    pub origin: EventRef,
    /// Innovations that existed in the year.
    pub innovations: Vec<Innovation>,
    /// Entries in competitions, on the day they were submitted.
    pub entries: Vec<DatedEvent>,
    /// Awards, on the day they were announced.
    pub awards: Vec<DatedEvent>,
    /// Days of a transfer of knowledge to the unit.
    pub learning: Vec<NaiveDate>,
}

/// One innovation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Innovation {
    /// Resource name.
    pub name: String,
    /// Day its design was registered; `None` while it is only an idea.
    pub designed: Option<NaiveDate>,
    /// First day of implementation.
    pub started: Option<NaiveDate>,
    /// Last day.
    pub stopped: Option<NaiveDate>,
    /// Legal basis.
    pub legal_basis: LegalBasis,
    /// How many of budget, facilities and people it has, 0 to 3.
    pub supports: usize,
}

/// State of a legal basis, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LegalBasis {
    /// There is none.
    #[default]
    None,
    /// Drafted.
    Draft,
    /// In force.
    Enacted,
}

/// An event of an innovation, such as an award.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedEvent {
    /// Resource name of the innovation.
    pub innovation: String,
    /// The day.
    pub on: NaiveDate,
}

impl Innovation {
    /// First day of operation, when it is in operation at `date`.
    fn operating_since(&self, date: NaiveDate) -> Option<NaiveDate> {
        let on = self.stopped.is_none_or(|stopped| date <= stopped);
        self.started.filter(|started| on && *started <= date)
    }

    /// Whether it is designed but has not begun at `date`.
    fn in_design(&self, date: NaiveDate) -> bool {
        self.designed.is_some_and(|d| d <= date)
            && self.started.is_none_or(|started| date < started)
            && self.stopped.is_none_or(|stopped| date <= stopped)
    }
}

/// The states that count at `date`, the newest first.
fn states_until(portfolios: &BTreeMap<i32, Portfolio>, date: NaiveDate) -> impl Iterator<Item = &Portfolio> {
    portfolios.range(..=date.year()).rev().map(|(_, state)| state)
}

/// Figures of `innovation.portfolio`; `None` when no state of a year up to that of `date` is sourced.
pub(super) fn achievement(portfolios: &BTreeMap<i32, Portfolio>, date: NaiveDate) -> Option<SourcedFigures> {
    let newest = states_until(portfolios, date).next()?;
    let since = newest.innovations.iter().filter_map(|i| i.operating_since(date));
    let operating: BTreeSet<&str> = newest
        .innovations
        .iter()
        .filter(|i| i.operating_since(date).is_some())
        .map(|i| i.name.as_str())
        .collect();
    let counts = |one: &DatedEvent| one.on <= date && operating.contains(one.innovation.as_str());
    let transferred = states_until(portfolios, date).any(|p| p.learning.iter().any(|day| *day <= date));
    let learning = transferred || newest.innovations.iter().any(|i| i.in_design(date));
    let age = since.min().map_or(Value::Missing, |day| {
        Value::Number(super::number::whole(full_months(day, date).into()))
    });
    Some(SourcedFigures {
        figures: vec![
            ("count", operating.len().into()),
            ("learning", learning.into()),
            ("oldest_age_months", age),
            (
                "competition_entered",
                states_until(portfolios, date)
                    .any(|p| p.entries.iter().any(counts))
                    .into(),
            ),
            (
                "award_won",
                states_until(portfolios, date)
                    .any(|p| p.awards.iter().any(counts))
                    .into(),
            ),
        ],
        origins: states_until(portfolios, date).map(|p| p.origin.clone()).collect(),
    })
}

/// Figures of `innovation.resources`: those of the operating innovation with the strongest legal basis and then the
/// most other resources. When no innovation is in operation, there are no resources.
pub(super) fn resources(portfolios: &BTreeMap<i32, Portfolio>, date: NaiveDate) -> Option<SourcedFigures> {
    let newest = states_until(portfolios, date).next()?;
    let operating = newest
        .innovations
        .iter()
        .filter(|i| i.operating_since(date).is_some());
    let best = operating.map(|i| (i.legal_basis, i.supports)).max();
    let (basis, supports) = best.unwrap_or_default();
    let basis = match basis {
        LegalBasis::None => "none",
        LegalBasis::Draft => "draft",
        LegalBasis::Enacted => "enacted",
    };
    Some(SourcedFigures {
        figures: vec![
            ("legal_basis", Value::Word(basis.to_owned())),
            ("other_resources", supports.into()),
        ],
        origins: vec![newest.origin.clone()],
    })
}

#[cfg(test)]
#[path = "portfolio_tests.rs"]
mod tests;
