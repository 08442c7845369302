//! What is told of figures to whoever may not read the reports behind them.

use prima_platform::disclosure::{due, full_steps, group_step};

use super::figures::{Counts, Figures, Group, Histogram};

impl Histogram {
    /// The values to be told when `told` were before and these are there now: what was told stays until at least `step`
    /// people have changed it, and nothing is told of fewer than `step`. Where fewer are left, what was told stays as well:
    /// it could not go without being forgotten, and whoever came back next would be told from those who were there.
    ///
    /// Whoever has changed it takes at most one value away and brings at most one, so that at least as many people have
    /// as values have come, and as have gone.
    pub fn after(&self, told: &Self, step: i64) -> Self {
        let (mut came, mut gone) = (0, 0);
        let values = self
            .0
            .keys()
            .chain(told.0.keys().filter(|v| !self.0.contains_key(v)));
        for value in values {
            let count = |of: &Self| of.0.get(value).copied().unwrap_or_default();
            let more = count(self) - count(told);
            came += more.max(0);
            gone -= more.min(0);
        }
        if due(came.max(gone), step) && self.count() >= step {
            self.clone()
        } else {
            told.clone()
        }
    }

    /// These values, unless there are fewer than `step`.
    fn of_enough(self, step: i64) -> Self {
        if self.count() < step {
            Self::default()
        } else {
            self
        }
    }
}

impl Counts {
    fn full_steps(self, step: i64) -> Self {
        let told = |count| full_steps(count, step);
        Self {
            received: told(self.received),
            archived: told(self.archived),
            merged: told(self.merged),
            verified: told(self.verified),
            verified_in_time: told(self.verified_in_time),
            resolved: told(self.resolved),
            resolved_in_time: told(self.resolved_in_time),
            overdue: told(self.overdue),
            open: told(self.open),
            reopened: told(self.reopened),
        }
    }
}

/// What is told of how long reports and their rating: of a year, as it is published, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// Years have no report in common, so none is found by subtracting one from another.
    OfAYear {
        /// The ratings that are published.
        ratings: Histogram,
    },
    /// Means of a part of a year would tell those of the rest.
    Hidden,
}

impl Figures {
    /// What of these is told to whoever may not read the reports. Counts are told in full steps, those of a class or
    /// channel in steps of a group: whatever is subtracted from whatever, few people never stand alone. No figure is
    /// told that may be that of a single report, such as the slowest answer.
    pub fn disclosed(self, step: i64, means: Means) -> Self {
        let group = |group: Group| Group {
            counts: group.counts.full_steps(group_step(step)),
            days: Histogram::default(),
        };
        let (ratings, days, response_days) = match means {
            Means::OfAYear { ratings } => (
                ratings,
                self.days.of_enough(step),
                self.response_days.of_enough(step),
            ),
            Means::Hidden => Default::default(),
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
