//! Sums over cells.

use std::collections::BTreeMap;

use prima_platform::number::{Rational, whole};
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Measure};

/// Numbers of reports, as `ComplaintPerformanceState` defines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Received and not merged into another one.
    pub received: i64,
    /// Of the received ones, archived with a reason.
    pub archived: i64,
    /// Merged into another one.
    pub merged: i64,
    /// Of the received ones, verified.
    pub verified: i64,
    /// Of the verified ones, verified in time.
    pub verified_in_time: i64,
    /// Closed.
    pub resolved: i64,
    /// Of the closed ones, answered in time.
    pub resolved_in_time: i64,
    /// Open with an escalated deadline.
    pub overdue: i64,
    /// Neither closed nor archived.
    pub open: i64,
    /// Reopened at least once.
    pub reopened: i64,
    /// A deadline passed while they were held here, whatever happened to them before or after.
    pub late: i64,
    /// Closed, and no deadline passed while they were held here.
    pub in_time: i64,
}

impl Counts {
    fn add(&mut self, measure: Measure, count: i64) {
        let field = match measure {
            Measure::Received => &mut self.received,
            Measure::Archived => &mut self.archived,
            Measure::Merged => &mut self.merged,
            Measure::Verified => &mut self.verified,
            Measure::VerifiedInTime => &mut self.verified_in_time,
            Measure::Resolved => &mut self.resolved,
            Measure::ResolvedInTime => &mut self.resolved_in_time,
            Measure::Overdue => &mut self.overdue,
            Measure::Open => &mut self.open,
            Measure::Reopened => &mut self.reopened,
            Measure::Late => &mut self.late,
            Measure::InTime => &mut self.in_time,
            Measure::Rating | Measure::Days | Measure::ResponseDays | Measure::ResponseHours => return,
        };
        *field += count;
    }
}

/// Figures of the reports of one class or channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Numbers of reports.
    pub counts: Counts,
    /// Working days from disposition to closing.
    pub days: Histogram,
}

impl Group {
    fn add(&mut self, cell: &Cell, count: i64) {
        self.counts.add(cell.measure, count);
        if cell.measure == Measure::Days {
            self.days.add(cell.bucket, count);
        }
    }
}

/// How often each value occurs; mean and median are exact.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(pub(super) BTreeMap<i64, i64>);

impl Histogram {
    pub(super) fn add(&mut self, value: i64, count: i64) {
        *self.0.entry(value).or_default() += count;
    }

    /// Adds the values of another one.
    pub fn merge(&mut self, other: &Self) {
        for (value, count) in &other.0 {
            self.add(*value, *count);
        }
    }

    /// Number of values.
    pub fn count(&self) -> i64 {
        self.0.values().sum()
    }

    /// Sum of the values.
    pub fn total(&self) -> i64 {
        self.0.iter().map(|(value, count)| value * count).sum()
    }

    /// Mean of the values; `None` when there are none.
    pub fn mean(&self) -> Option<Rational> {
        let count = self.count();
        (count > 0).then(|| whole(self.total()) / whole(count))
    }

    /// The middle value, or the mean of the two middle ones; `None` when there are none.
    pub fn median(&self) -> Option<Rational> {
        let count = self.count();
        let (low, high) = (self.at((count - 1) / 2)?, self.at(count / 2)?);
        Some(whole(low + high) / whole(2))
    }

    /// The highest value; `None` when there are none.
    pub fn highest(&self) -> Option<i64> {
        let found = self.0.iter().rev().find(|(_, count)| **count > 0);
        found.map(|(value, _)| *value)
    }

    /// The value at the index `place` in ascending order.
    fn at(&self, index: i64) -> Option<i64> {
        let mut before = 0;
        let found = self.0.iter().find(|(_, count)| {
            before += **count;
            before > index
        });
        found.map(|(value, _)| *value)
    }
}

/// Figures of the reports of a unit that were received in a range of months.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// All reports.
    pub all: Counts,
    /// The reports that came through SP4N.
    pub sp4n: Counts,
    /// By class.
    pub by_class: BTreeMap<String, Group>,
    /// By key of the channel.
    pub by_channel: BTreeMap<&'static str, Group>,
    /// Stars of the ratings.
    pub ratings: Histogram,
    /// Working days from disposition to closing.
    pub days: Histogram,
    /// Working days from disposition to the answer that was accepted.
    pub response_days: Histogram,
    /// Clock hours to the first answer, rounded up.
    pub response_hours: Histogram,
}

impl Figures {
    /// Adds `count` reports of a cell.
    pub fn add(&mut self, cell: &Cell, count: i64) {
        let (measure, bucket) = (cell.measure, cell.bucket);
        self.all.add(measure, count);
        if cell.sp4n {
            self.sp4n.add(measure, count);
        }
        if !cell.class.is_empty() {
            let group = self.by_class.entry(cell.class.clone()).or_default();
            group.add(cell, count);
        }
        if let Some(channel) = cell.channel {
            let group = self.by_channel.entry(channel.key()).or_default();
            group.add(cell, count);
        }
        match measure {
            Measure::Rating => self.ratings.add(bucket, count),
            Measure::Days => self.days.add(bucket, count),
            Measure::ResponseDays => self.response_days.add(bucket, count),
            Measure::ResponseHours => self.response_hours.add(bucket, count),
            Measure::Received
            | Measure::Archived
            | Measure::Merged
            | Measure::Verified
            | Measure::VerifiedInTime
            | Measure::Resolved
            | Measure::ResolvedInTime
            | Measure::Overdue
            | Measure::Open
            | Measure::Reopened
            | Measure::Late
            | Measure::InTime => {}
        }
    }
}

impl FromIterator<(Cell, i64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (Cell, i64)>>(counted: I) -> Self {
        let mut figures = Self::default();
        for (cell, count) in counted {
            figures.add(&cell, count);
        }
        figures
    }
}
