//! Working time: working days of the national calendar, hours of an agency, its time zone, pauses.

mod hours;
mod line;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod zone;

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use line::Line;

pub use hours::{Hours, WEEKDAYS, Week};
pub use zone::{Zone, zone_of_agency};

/// How long a deadline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Working days: it ends with the agency's hours on the last of them.
    WorkingDays(u32),
    /// Calendar days: it ends after so many times 24 hours; 0 ends at once.
    Days(u32),
}

/// A time in which a clock stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; `None` while it goes on.
    pub to: Option<DateTime<Utc>>,
}

/// One running deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The event from which it counts.
    pub started_at: DateTime<Utc>,
    /// How long it is.
    pub length: Length,
    /// Pauses in order; only the last may go on.
    pub pauses: Vec<Pause>,
    /// When what it waits for happened; `None` while it runs.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When it is due as computed last; kept so that a change can be told.
    pub due: Option<Due>,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The time.
    pub at: DateTime<Utc>,
    /// Whether it passes the last year whose calendar is loaded, and so may still change.
    pub provisional: bool,
}

/// Which day is day 1 of a deadline. The regulations seen do not say (`domain.md` 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstDay {
    /// The next working day: the day of the event is day 0, whatever its hour (`sp4n.json`, `count_from`).
    #[default]
    NextWorkingDay,
    /// The day of the event, when it is a working day and the event comes before closing; else the next working day.
    SameDay,
}

impl FirstDay {
    /// Its key in data.
    pub fn key(self) -> &'static str {
        match self {
            Self::NextWorkingDay => "next_working_day",
            Self::SameDay => "same_day",
        }
    }

    /// The rule of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::NextWorkingDay, Self::SameDay]
            .into_iter()
            .find(|rule| rule.key() == key)
    }
}

/// The working time of one agency: pure, and the same for equal calendars, hours and rules.
///
/// It reaches from 0001-01-02 to 9999-12-31; what lies outside counts as the nearest of those days, so every input has an
/// answer, and none costs more than another. Instants are taken in microseconds.
#[derive(Debug, Clone)]
pub struct WorkTime {
    calendar: Arc<Calendar>,
    hours: Hours,
    first_day: FirstDay,
}

impl WorkTime {
    /// Cheap: for each agency as it is needed.
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

    fn line(&self) -> Line<'_> {
        Line {
            calendar: &self.calendar,
            hours: &self.hours,
        }
    }

    /// The local day of an instant.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        line::date(self.line().local(at).0)
    }

    /// Whether the agency works on a day.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        self.line().open(line::number(day)).is_some()
    }

    /// The `n`-th working day of a deadline whose event lies on `day`, before closing, and whether the count passes a year
    /// without calendar. `n` = 0 is `day` itself, or the next working day when nobody works on it.
    pub fn due_day(&self, day: NaiveDate, n: u32) -> (NaiveDate, bool) {
        let start = line::number(day);
        let due = self.nth(start, n, true);
        (line::date(due), self.provisional(start, due))
    }

    /// The `n`-th working day after an event on `day`; `open` tells whether the event came before closing.
    fn nth(&self, day: i64, n: u32, open: bool) -> i64 {
        let line = self.line();
        let today = open && (n == 0 || self.first_day == FirstDay::SameDay);
        let before = line.days_through(if today { day - 1 } else { day });
        line.day_at(before + i64::from(n.max(1)))
    }

    fn provisional(&self, start: i64, due: i64) -> bool {
        let years = line::date(start).year()..=line::date(due).year();
        !self.calendar.covers_all(years)
    }

    /// When a clock is due; `None` while it is paused or when it has stopped.
    ///
    /// Working days end with the agency's hours on the last of them; 0 of them with the first closing after the event. Each
    /// pause moves that time by exactly the working time that lay in it, within the life of the clock: what came before its
    /// start or after it was due adds nothing, and what two pauses share counts once. Calendar days are moved by the whole
    /// time of a pause; no calendar can change them, so they are never provisional.
    pub fn due(&self, clock: &Clock) -> Option<Due> {
        if clock.stopped_at.is_some() {
            return None;
        }
        let pauses: Option<Vec<(DateTime<Utc>, DateTime<Utc>)>> =
            clock.pauses.iter().map(|p| Some((p.from, p.to?))).collect();
        let mut pauses = pauses?;
        pauses.sort_unstable();
        let line = self.line();
        let start = line.local(clock.started_at);
        let working = matches!(clock.length, Length::WorkingDays(_));
        let mut at = match clock.length {
            Length::WorkingDays(n) => {
                let open = line.open(start.0).is_none_or(|(_, close)| start.1 < close);
                let day = self.nth(start.0, n, open);
                let close = line.open(day).map_or(line::DAY - 1, |(_, close)| close);
                line.instant(day, close)
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
            provisional: working && self.provisional(start.0, line.local(at).0),
        })
    }

    /// Elapsed time, not past the last instant.
    fn add(&self, at: DateTime<Utc>, elapsed: TimeDelta) -> DateTime<Utc> {
        let last = self.line().instant(line::LAST, line::DAY - 1);
        at.checked_add_signed(elapsed).map_or(last, |sum| sum.min(last))
    }

    /// Working time between two instants; below zero when `to` comes before `from`.
    pub fn worked(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let line = self.line();
        TimeDelta::microseconds(line.place(to) - line.place(from))
    }

    /// The earliest instant at which `time` more of working time has passed; `from` itself when there is none to pass.
    pub fn after(&self, from: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
        if time <= TimeDelta::zero() {
            return from;
        }
        let line = self.line();
        let micros = time.num_microseconds().unwrap_or(i64::MAX);
        line.instant_at(line.place(from).saturating_add(micros)).max(from)
    }

    /// The same hour so many working days later, or earlier for a number below zero: for reminders before a time and
    /// escalations after it. Not counted is the day of `at`; the hour is moved into the hours of the day that is reached.
    /// 0 is `at` itself.
    pub fn shift(&self, at: DateTime<Utc>, days: i32) -> DateTime<Utc> {
        let line = self.line();
        let (day, micros) = line.local(at);
        let place = match days {
            0 => return at,
            1.. => line.days_through(day) + i64::from(days),
            _ => line.days_through(day - 1) + i64::from(days) + 1,
        };
        let reached = line.day_at(place);
        let micros = line
            .open(reached)
            .map_or(micros, |(open, close)| micros.clamp(open, close));
        line.instant(reached, micros)
    }

    /// Working days after the local day of `from` up to and including that of `to`: 0 within one day, below zero when
    /// `to` comes before. This is what "working days from disposition to closing" counts.
    pub fn days_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let line = self.line();
        line.days_through(line.local(to).0) - line.days_through(line.local(from).0)
    }
}
