//! How long what is personal is kept after a report or a consultation has ended.

use chrono::{DateTime, TimeDelta, Utc};

/// The periods, from the end on. Either may be the longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// Until the identity goes.
    pub identity: TimeDelta,
    /// Until texts and files go.
    pub text: TimeDelta,
}

/// What is to be erased at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The identity.
    pub identity: bool,
    /// Texts and files.
    pub text: bool,
    /// When the next step is due; `None` after the last.
    pub next: Option<DateTime<Utc>>,
}

impl Periods {
    /// Days each.
    pub fn days(identity: u32, text: u32) -> Self {
        Self {
            identity: TimeDelta::days(i64::from(identity)),
            text: TimeDelta::days(i64::from(text)),
        }
    }

    /// When the first step is due for what ended at `end`.
    pub fn first(self, end: DateTime<Utc>) -> DateTime<Utc> {
        end + self.identity.min(self.text)
    }

    /// What is due at `now` for what ended at `end`. Done steps are named again: doing them twice changes nothing.
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
    fn each_part_goes_at_its_time_whichever_is_the_first() {
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
