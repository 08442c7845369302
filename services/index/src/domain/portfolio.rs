//! What a unit has to show of innovations at one stated date.
//!
//! The innovation service tells one state of a unit for every year, and tells it again whenever something in it changes.
//! A state lists the innovations that existed in its year, an innovation that goes on also in the years after it began;
//! entries, awards and learning stand in the state of their own year alone. Hence:
//!
//! - which innovations there are, and their resources, is read from the state of the newest year that is not after the
//!   evaluation date. No later state can name another one that had begun by then: what begins is told for its first year;
//! - entries, awards and learning are read from the states of that year and all before, for they count for good;
//! - of all these only what is dated on or before the evaluation date counts. What carries no date (the legal basis and
//!   other resources) counts as it stands.
//!
//! An innovation is in operation from its first day to its last, both included. Entries and awards count while their
//! innovation is in operation: the levels speak of what the unit has, not of what it had.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::{
    known::{Known, Origin, full_months},
    rule::Value,
};

/// What is told of one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portfolio {
    /// The event.
    pub origin: Origin,
    /// Innovations that existed in the year.
    pub innovations: Vec<Innovation>,
    /// Entries in competitions, on the day they were handed in.
    pub entries: Vec<Of>,
    /// Awards, on the day they were announced.
    pub awards: Vec<Of>,
    /// Days of a transfer of knowledge to the unit.
    pub learning: Vec<NaiveDate>,
}

/// One innovation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Innovation {
    /// Resource name.
    pub name: String,
    /// Day its design came on record; `None` while it is only an idea.
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

/// State of a legal basis; a later one is worth more.
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

/// Something of an innovation on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// Resource name of the innovation.
    pub innovation: String,
    /// The day.
    pub on: NaiveDate,
}

impl Innovation {
    /// First day of one that is in operation at `date`.
    fn operating_since(&self, date: NaiveDate) -> Option<NaiveDate> {
        let on = self.stopped.is_none_or(|stopped| date <= stopped);
        self.started.filter(|started| on && *started <= date)
    }

    /// Whether it is designed and not yet begun at `date`.
    fn in_design(&self, date: NaiveDate) -> bool {
        self.designed.is_some_and(|d| d <= date)
            && self.started.is_none_or(|started| date < started)
            && self.stopped.is_none_or(|stopped| date <= stopped)
    }
}

/// The states that count at `date`, the newest first.
fn told(portfolios: &BTreeMap<i32, Portfolio>, date: NaiveDate) -> impl Iterator<Item = &Portfolio> {
    portfolios.range(..=date.year()).rev().map(|(_, told)| told)
}

/// Figures of `innovation.portfolio`; `None` when nothing is told of a year up to that of `date`.
pub(super) fn achievement(portfolios: &BTreeMap<i32, Portfolio>, date: NaiveDate) -> Option<Known> {
    let newest = told(portfolios, date).next()?;
    let since = newest.innovations.iter().filter_map(|i| i.operating_since(date));
    let operating: BTreeSet<&str> = newest
        .innovations
        .iter()
        .filter(|i| i.operating_since(date).is_some())
        .map(|i| i.name.as_str())
        .collect();
    let counts = |one: &Of| one.on <= date && operating.contains(one.innovation.as_str());
    let transferred = told(portfolios, date).any(|p| p.learning.iter().any(|day| *day <= date));
    let learning = transferred || newest.innovations.iter().any(|i| i.in_design(date));
    let age = since.min().map_or(Value::Missing, |day| {
        Value::Number(super::number::whole(full_months(day, date).into()))
    });
    Some(Known {
        figures: vec![
            ("count", operating.len().into()),
            ("learning", learning.into()),
            ("oldest_age_months", age),
            (
                "competition_entered",
                told(portfolios, date)
                    .any(|p| p.entries.iter().any(counts))
                    .into(),
            ),
            (
                "award_won",
                told(portfolios, date).any(|p| p.awards.iter().any(counts)).into(),
            ),
        ],
        origins: told(portfolios, date).map(|p| p.origin.clone()).collect(),
    })
}

/// Figures of `innovation.resources`: of the innovation in operation that is sustained best, by its legal basis and then
/// by its other resources. Nothing is in operation: nothing sustains it.
pub(super) fn resources(portfolios: &BTreeMap<i32, Portfolio>, date: NaiveDate) -> Option<Known> {
    let newest = told(portfolios, date).next()?;
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
    Some(Known {
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
