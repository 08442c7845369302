//! Figures with the events that they were read from.

use chrono::{Datelike, Months, NaiveDate};

use super::{
    number::Rational,
    rule::{Figures, Value},
};

/// A reference to the event that a fact was read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventRef {
    /// Subject.
    pub subject: String,
    /// Version.
    pub version: i64,
}

/// Figures of a metric with the events that they were read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourcedFigures {
    /// By field.
    pub figures: Figures,
    /// The events.
    pub origins: Vec<EventRef>,
}

/// `part` of `whole` in percent; missing when `whole` is 0.
pub(super) fn percent(part: usize, whole: usize) -> Value {
    if whole == 0 {
        return Value::Missing;
    }
    Value::Number(Rational::new((part * 100).into(), whole.into()))
}

/// The largest n for which `from` plus n calendar months is not after `date`; 0 when `from` is after `date`.
pub(super) fn full_months(from: NaiveDate, date: NaiveDate) -> u32 {
    let same_month = months_between(from, date);
    let reached = from.checked_add_months(Months::new(same_month));
    if reached.is_some_and(|reached| reached <= date) {
        same_month
    } else {
        same_month.saturating_sub(1)
    }
}

/// Months from the month of one day to that of the other, whatever the days.
pub(super) fn months_between(from: NaiveDate, to: NaiveDate) -> u32 {
    let index = |d: NaiveDate| i64::from(d.year()) * 12 + i64::from(d.month0());
    u32::try_from(index(to) - index(from)).unwrap_or(0)
}
