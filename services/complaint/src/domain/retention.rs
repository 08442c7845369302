//! How long personal data is kept after a report or a consultation has ended.

use chrono::{DateTime, TimeDelta, Utc};

/// Retention periods, counted from the end. Either may be the longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// Until the identity is erased.
    pub identity: TimeDelta,
    /// Until texts and attachments are erased.
    pub text: TimeDelta,
}

/// What has to be erased at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Whether the identity has to be erased.
    pub identity: bool,
    /// Whether texts and attachments have to be erased.
    pub text: bool,
    /// When the next erasure is due; `None` after the last.
    pub next: Option<DateTime<Utc>>,
}

impl Periods {
    /// Periods in days.
    pub fn days(identity: u32, text: u32) -> Self {
        Self {
            identity: TimeDelta::days(i64::from(identity)),
            text: TimeDelta::days(i64::from(text)),
        }
    }

    /// When the first erasure is due after the end `end`.
    pub fn first(self, end: DateTime<Utc>) -> DateTime<Utc> {
        end + self.identity.min(self.text)
    }

    /// What has to be erased at `now` after the end `end`. Erasures that were done already are included, because
    /// repeating them has no effect.
    pub fn steps(self, end: DateTime<Utc>, now: DateTime<Utc>) -> Steps {
        let times = [end + self.identity, end + self.text];
        let [identity, text] = times.map(|at| at <= now);
        Steps {
            identity,
            text,
            next: times.into_iter().filter(|at| *at > now).min(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(identity: u32, text: u32, day: i64) -> (bool, bool, Option<i64>) {
        let end = DateTime::UNIX_EPOCH;
        let steps = Periods::days(identity, text).steps(end, end + TimeDelta::days(day));
        let next = steps.next.map(|at| (at - end).num_days());
        (steps.identity, steps.text, next)
    }

    #[test]
    fn each_part_is_erased_when_its_own_period_ends() {
        let cases = [
            (steps(2, 5, 1), (false, false, Some(2))),
            (steps(2, 5, 2), (true, false, Some(5))),
            (steps(2, 5, 5), (true, true, None)),
            (steps(5, 2, 2), (false, true, Some(5))),
            (steps(5, 2, 9), (true, true, None)),
            (steps(3, 3, 3), (true, true, None)),
        ];
        for (n, (is, should)) in cases.into_iter().enumerate() {
            assert_eq!(is, should, "case {n}");
        }
        let end = DateTime::UNIX_EPOCH;
        assert_eq!(Periods::days(5, 2).first(end), end + TimeDelta::days(2));
    }
}
