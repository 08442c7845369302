//! Computes working time from the national calendar, the working hours of an agency, its time zone, and pauses.

mod counter;
mod hours;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use counter::Counter;

pub use hours::{Hours, WEEKDAYS, Week};
pub use prima_proto::zone::{Zone, zone_of_agency};

/// How long a deadline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Working days: the deadline ends when the agency closes on the last of them.
    WorkingDays(u32),
    /// Calendar days: the deadline ends after this many times 24 hours; 0 ends at once.
    Days(u32),
}

/// A time in which a clock is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; `None` for a pause that is not over.
    pub to: Option<DateTime<Utc>>,
}

/// A clock that measures one deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The event from which it counts.
    pub started_at: DateTime<Utc>,
    /// How long it is.
    pub length: Length,
    /// Pauses in order of time; only the last may have no end.
    pub pauses: Vec<Pause>,
    /// When the deadline was met; `None` while the clock runs.
    pub stopped_at: Option<DateTime<Utc>>,
    /// The due time as last computed. It is stored so that a change can be detected.
    pub due: Option<Due>,
}

/// A due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The time.
    pub at: DateTime<Utc>,
    /// Whether it lies after a year whose calendar is unknown, so that it may still change.
    pub provisional: bool,
}

/// Which day is day 1 of a deadline. The regulations that were seen do not say (`domain.md` 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstDay {
    /// The next working day: the day of the event is day 0, whatever the hour (`sp4n.json`, `count_from`).
    #[default]
    NextWorkingDay,
    /// The day of the event if it is a working day and the event comes before closing; otherwise the next working day.
    SameDay,
}

impl FirstDay {
    /// Key in data.
    pub fn key(self) -> &'static str {
        match self {
            Self::NextWorkingDay => "next_working_day",
            Self::SameDay => "same_day",
        }
    }

    /// The rule with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::NextWorkingDay, Self::SameDay]
            .into_iter()
            .find(|rule| rule.key() == key)
    }
}

/// The working time of one agency. It is a pure function of calendar, hours and rule.
///
/// It covers 0001-01-02 to 9999-12-31; times outside count as the nearest of those days, so every input has a result.
/// Every computation takes the same time, however long the span is. Instants are truncated to microseconds.
#[derive(Debug, Clone)]
pub struct WorkTime {
    calendar: Arc<Calendar>,
    hours: Hours,
    first_day: FirstDay,
}

impl WorkTime {
    /// The working time of an agency; cheap to make.
    pub fn new(calendar: Arc<Calendar>, hours: Hours, first_day: FirstDay) -> Self {
        Self {
            calendar,
            hours,
            first_day,
        }
    }

    /// The calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The hours and the time zone.
    pub fn hours(&self) -> &Hours {
        &self.hours
    }

    fn counter(&self) -> Counter<'_> {
        Counter {
            calendar: &self.calendar,
            hours: &self.hours,
        }
    }

    /// The local day of an instant.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        counter::date(self.counter().local(at).0)
    }

    /// Whether the agency works on a day.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        self.counter().open(counter::number(day)).is_some()
    }

    /// The `n`-th working day after an event on `day` before closing, and whether a year without a calendar lies in
    /// between. For `n` = 0 it is `day` itself, or the next working day when `day` is none.
    pub fn due_day(&self, day: NaiveDate, n: u32) -> (NaiveDate, bool) {
        let start = counter::number(day);
        let due = self.nth(start, n, true);
        (counter::date(due), self.provisional(start, due))
    }

    /// The `n`-th working day after an event on `day`; `open` says whether the event came before closing.
    fn nth(&self, day: i64, n: u32, open: bool) -> i64 {
        let counter = self.counter();
        let today = open && (n == 0 || self.first_day == FirstDay::SameDay);
        let before = counter.days_through(if today { day - 1 } else { day });
        counter.nth_working_day(before + i64::from(n.max(1)))
    }

    fn provisional(&self, start: i64, due: i64) -> bool {
        let years = counter::date(start).year()..=counter::date(due).year();
        !self.calendar.covers_all(years)
    }

    /// The due time of a clock; `None` while it is paused, and when it has stopped.
    ///
    /// A deadline in working days ends when the agency closes on the last of them; with 0 working days, at the first
    /// closing after the event. Each pause moves it by exactly the working time within the pause. What lies before the
    /// start or after the due time of the clock is ignored, and overlapping pauses count once. A deadline in calendar
    /// days is moved by the whole length of a pause; it does not depend on a calendar, so it is never provisional.
    pub fn due(&self, clock: &Clock) -> Option<Due> {
        if clock.stopped_at.is_some() {
            return None;
        }
        let pauses: Option<Vec<(DateTime<Utc>, DateTime<Utc>)>> =
            clock.pauses.iter().map(|p| Some((p.from, p.to?))).collect();
        let mut pauses = pauses?;
        pauses.sort_unstable();
        let counter = self.counter();
        let start = counter.local(clock.started_at);
        let working = matches!(clock.length, Length::WorkingDays(_));
        let mut at = match clock.length {
            Length::WorkingDays(n) => {
                let open = counter.open(start.0).is_none_or(|(_, close)| start.1 < close);
                let day = self.nth(start.0, n, open);
                let close = counter.open(day).map_or(counter::DAY - 1, |(_, close)| close);
                counter.instant(day, close)
            }
            Length::Days(n) => self.add(clock.started_at, TimeDelta::days(i64::from(n))),
        };
        let mut counted = clock.started_at;
        for (from, to) in pauses {
            let from = from.max(counted);
            counted = counted.max(to);
            if from < at && from < to {
                at = if working {
                    self.after(at, self.worked(from, to))
                } else {
                    self.add(at, to - from)
                };
            }
        }
        Some(Due {
            at,
            provisional: working && self.provisional(start.0, counter.local(at).0),
        })
    }

    /// Adds elapsed time, up to the last instant that is covered.
    fn add(&self, at: DateTime<Utc>, elapsed: TimeDelta) -> DateTime<Utc> {
        let last = self.counter().instant(counter::LAST, counter::DAY - 1);
        at.checked_add_signed(elapsed).map_or(last, |sum| sum.min(last))
    }

    /// Working time between two instants; negative when `to` is before `from`.
    pub fn worked(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let counter = self.counter();
        TimeDelta::microseconds(counter.worked_before(to) - counter.worked_before(from))
    }

    /// The earliest instant at which `time` more of working time has passed since `from`; `from` itself when `time` is
    /// not positive.
    pub fn after(&self, from: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
        if time <= TimeDelta::zero() {
            return from;
        }
        let counter = self.counter();
        let micros = time.num_microseconds().unwrap_or(i64::MAX);
        counter
            .instant_after(counter.worked_before(from).saturating_add(micros))
            .max(from)
    }

    /// The same time of day `days` working days later, or earlier when negative, for reminders before a deadline and
    /// escalations after it. The day of `at` is not counted; the time of day is moved into the working hours of the day
    /// that is reached. 0 returns `at` itself.
    pub fn shift(&self, at: DateTime<Utc>, days: i32) -> DateTime<Utc> {
        let counter = self.counter();
        let (day, micros) = counter.local(at);
        let n = match days {
            0 => return at,
            1.. => counter.days_through(day) + i64::from(days),
            _ => counter.days_through(day - 1) + i64::from(days) + 1,
        };
        let reached = counter.nth_working_day(n);
        let micros = counter
            .open(reached)
            .map_or(micros, |(open, close)| micros.clamp(open, close));
        counter.instant(reached, micros)
    }

    /// Working days after the local day of `from` up to and including that of `to`: 0 within one day, negative when
    /// `to` is before `from`. It is used for the working days from disposition to closing.
    pub fn days_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let counter = self.counter();
        counter.days_through(counter.local(to).0) - counter.days_through(counter.local(from).0)
    }
}
