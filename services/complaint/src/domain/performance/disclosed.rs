//! Reduces figures to what callers may see who may not read the reports behind them.

use prima_platform::disclosure::{due, full_steps, group_step};

use super::figures::{Counts, Figures, Group, Histogram};

impl Histogram {
    /// The histogram to publish next, when `published` was published before and `self` are the current values. What was
    /// published stays until at least `step` people have changed it, and nothing is published about fewer than `step`
    /// people. When fewer remain, what was published stays as well: dropping it would require publishing anew later,
    /// which would reveal who was added to the remaining ones.
    ///
    /// One person removes at most one value and adds at most one. So at least as many people were involved as values
    /// were added, and as values were removed.
    pub fn publish_after(&self, published: &Self, step: i64) -> Self {
        let (mut added, mut removed) = (0, 0);
        let values = self
            .0
            .keys()
            .chain(published.0.keys().filter(|v| !self.0.contains_key(v)));
        for value in values {
            let count = |of: &Self| of.0.get(value).copied().unwrap_or_default();
            let more = count(self) - count(published);
            added += more.max(0);
            removed -= more.min(0);
        }
        if due(added.max(removed), step) && self.count() >= step {
            self.clone()
        } else {
            published.clone()
        }
    }

    /// These values, unless there are fewer than `step`.
    fn unless_few(self, step: i64) -> Self {
        if self.count() < step {
            Self::default()
        } else {
            self
        }
    }
}

impl Counts {
    fn full_steps(self, step: i64) -> Self {
        let round_down = |count| full_steps(count, step);
        Self {
            received: round_down(self.received),
            archived: round_down(self.archived),
            merged: round_down(self.merged),
            verified: round_down(self.verified),
            verified_in_time: round_down(self.verified_in_time),
            resolved: round_down(self.resolved),
            resolved_in_time: round_down(self.resolved_in_time),
            overdue: round_down(self.overdue),
            open: round_down(self.open),
            reopened: round_down(self.reopened),
            late: round_down(self.late),
            in_time: round_down(self.in_time),
        }
    }
}

/// The mean values and ratings that are disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Averages {
    /// Those of a year. Years have no reports in common, so none can be subtracted from another.
    Year {
        /// The published ratings of the year.
        ratings: Histogram,
    },
    /// None, because those of a part of a year would reveal those of the rest.
    Hidden,
}

impl Figures {
    /// The figures for callers who may not read the reports. Counts are rounded down to full steps, those of a class or
    /// channel to the larger steps of a group, so that no subtraction of published figures isolates a few people.
    /// Figures that may come from a single report, such as the slowest answer, are left out.
    pub fn disclosed(self, step: i64, averages: Averages) -> Self {
        let group = |group: Group| Group {
            counts: group.counts.full_steps(group_step(step)),
            days: Histogram::default(),
        };
        let (ratings, days, response_days) = match averages {
            Averages::Year { ratings } => (
                ratings,
                self.days.unless_few(step),
                self.response_days.unless_few(step),
            ),
            Averages::Hidden => Default::default(),
        };
        Self {
            all: self.all.full_steps(step),
            sp4n: self.sp4n.full_steps(step),
            by_class: self
                .by_class
                .into_iter()
                .map(|(key, of)| (key, group(of)))
                .collect(),
            by_channel: self
                .by_channel
                .into_iter()
                .map(|(key, of)| (key, group(of)))
                .collect(),
            ratings,
            days,
            response_days,
            response_hours: Histogram::default(),
        }
    }
}

#[cfg(test)]
#[path = "disclosed_tests.rs"]
mod tests;
