//! Figures that are known, with the events behind them, and how they are counted.

use chrono::{Datelike, Months, NaiveDate};

use super::{
    number::Rational,
    rule::{Figures, Value},
};

/// Which event told a fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Subject.
    pub subject: String,
    /// Version.
    pub version: i64,
}

/// Figures of a metric with the events behind them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// By field.
    pub figures: Figures,
    /// Events behind them.
    pub origins: Vec<Origin>,
}

/// `part` of `whole` in percent; missing when there is no whole.
pub(super) fn percent(part: usize, whole: usize) -> Value {
    if whole == 0 {
        return Value::Missing;
    }
    Value::Number(Rational::new((part * 100).into(), whole.into()))
}

/// The largest n for which `from` plus n calendar months is not after `date`; 0 when `from` is.
pub(super) fn full_months(from: NaiveDate, date: NaiveDate) -> u32 {
    let same_month = months_between(from, date);
    let reached = from.checked_add_months(Months::new(same_month));
    if reached.is_some_and(|reached| reached <= date) {
        same_month
    } else {
        same_month.saturating_sub(1)
    }
}

/// From the month of one day to that of the other, whatever the days.
pub(super) fn months_between(from: NaiveDate, to: NaiveDate) -> u32 {
    let index = |d: NaiveDate| i64::from(d.year()) * 12 + i64::from(d.month0());
    u32::try_from(index(to) - index(from)).unwrap_or(0)
}
