//! Sums of cells.

use std::collections::BTreeMap;

use prima_platform::number::{Rational, whole};
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Measure};

/// How many reports; as `ComplaintPerformanceState` defines each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Received, without those merged into another one.
    pub received: i64,
    /// Of these, archived with a reason.
    pub archived: i64,
    /// Merged into another one.
    pub merged: i64,
    /// Of those received, verified.
    pub verified: i64,
    /// Of these, in time.
    pub verified_in_time: i64,
    /// Closed.
    pub resolved: i64,
    /// Of these, answered in time.
    pub resolved_in_time: i64,
    /// Open with a deadline passed.
    pub overdue: i64,
    /// Neither closed nor archived.
    pub open: i64,
    /// Opened again at least once.
    pub reopened: i64,
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
            Measure::Rating | Measure::Days | Measure::ResponseDays | Measure::ResponseHours => return,
        };
        *field += count;
    }
}

/// What became of the reports of one class or channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// How many.
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

/// How often each value occurs, from which mean and median follow exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(pub(super) BTreeMap<i64, i64>);

impl Histogram {
    pub(super) fn add(&mut self, value: i64, count: i64) {
        *self.0.entry(value).or_default() += count;
    }

    /// How many values there are.
    pub fn count(&self) -> i64 {
        self.0.values().sum()
    }

    /// Their sum.
    pub fn total(&self) -> i64 {
        self.0.iter().map(|(value, count)| value * count).sum()
    }

    /// Their mean; `None` of none.
    pub fn mean(&self) -> Option<Rational> {
        let count = self.count();
        (count > 0).then(|| whole(self.total()) / whole(count))
    }

    /// The value in the middle, or the mean of both; `None` of none.
    pub fn median(&self) -> Option<Rational> {
        let count = self.count();
        let (low, high) = (self.at((count - 1) / 2)?, self.at(count / 2)?);
        Some(whole(low + high) / whole(2))
    }

    /// The highest value; `None` of none.
    pub fn highest(&self) -> Option<i64> {
        let found = self.0.iter().rev().find(|(_, count)| **count > 0);
        found.map(|(value, _)| *value)
    }

    /// The value at a place of their order, from 0.
    fn at(&self, place: i64) -> Option<i64> {
        let mut before = 0;
        let found = self.0.iter().find(|(_, count)| {
            before += **count;
            before > place
        });
        found.map(|(value, _)| *value)
    }
}

/// What became of the reports of a unit that were received in some months.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Of all.
    pub all: Counts,
    /// Of those that came by SP4N.
    pub sp4n: Counts,
    /// By class.
    pub by_class: BTreeMap<String, Group>,
    /// By key of the channel.
    pub by_channel: BTreeMap<&'static str, Group>,
    /// Stars.
    pub ratings: Histogram,
    /// Working days from disposition to closing.
    pub days: Histogram,
    /// Working days from disposition to the answer that was accepted.
    pub response_days: Histogram,
    /// Clock hours to the first answer, rounded up.
    pub response_hours: Histogram,
}

impl Figures {
    /// Adds the reports of a cell.
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
            | Measure::Reopened => {}
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
