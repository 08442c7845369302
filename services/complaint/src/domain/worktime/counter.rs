//! Converts between instants and amounts of working time. Both directions use counts of weekdays and holidays, so the
//! cost does not depend on the distance between two instants.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

use super::hours::Hours;
use crate::domain::calendar::Calendar;

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// The first and the last day that are covered, counted from 0000-12-31 (a Sunday): 0001-01-02 and 9999-12-31. Every
/// time zone and protobuf timestamps can express both. Other days count as the nearest of them.
const FIRST: i64 = 2;
pub(super) const LAST: i64 = 3_652_059;

/// The number of a day, counted from 0000-12-31.
pub(super) fn number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()).clamp(FIRST, LAST)
}

/// The day with this number.
pub(super) fn date(number: i64) -> NaiveDate {
    let number = i32::try_from(number).ok();
    number
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .unwrap_or_default()
}

fn micros(time: NaiveTime) -> i64 {
    // chrono represents a leap second by more than 999,999,999 nanoseconds.
    let nanos = i64::from(time.nanosecond().min(999_999_999));
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + nanos / 1_000
}

pub(super) struct Counter<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) hours: &'a Hours,
}

impl Counter<'_> {
    /// The local day of an instant and the microseconds since its midnight.
    pub(super) fn local(&self, at: DateTime<Utc>) -> (i64, i64) {
        let utc = at.naive_utc();
        let local = utc.checked_add_signed(self.hours.zone().offset()).unwrap_or(utc);
        let day = i64::from(local.date().num_days_from_ce());
        if day < FIRST {
            (FIRST, 0)
        } else if day > LAST {
            (LAST, DAY - 1)
        } else {
            (day, micros(local.time()))
        }
    }

    /// The instant that is `micros` microseconds after the midnight of a local day.
    pub(super) fn instant(&self, day: i64, micros: i64) -> DateTime<Utc> {
        let since_midnight = TimeDelta::microseconds(micros) - self.hours.zone().offset();
        let midnight = date(day).and_time(NaiveTime::MIN);
        midnight
            .checked_add_signed(since_midnight)
            .unwrap_or(midnight)
            .and_utc()
    }

    /// For each weekday from Monday on that is a working day: opening and closing in microseconds since midnight, and
    /// the number of working days on it up to and including `day`.
    fn weekdays(&self, day: i64) -> impl Iterator<Item = (i64, i64, i64)> {
        let off = self.calendar.off_through(day);
        (0..)
            .zip(self.hours.week())
            .zip(off)
            .filter_map(move |((weekday, open), off)| {
                let (open, close) = (*open)?;
                // Day 1 is a Monday.
                let days = (day + 6 - weekday).div_euclid(7) - off;
                Some((micros(open), micros(close), days))
            })
    }

    /// Number of working days up to and including `day`.
    pub(super) fn days_through(&self, day: i64) -> i64 {
        self.weekdays(day).map(|(_, _, days)| days).sum()
    }

    /// Microseconds of working time up to the end of `day`.
    fn time_through(&self, day: i64) -> i64 {
        self.weekdays(day)
            .map(|(open, close, days)| (close - open) * days)
            .sum()
    }

    /// The `n`-th working day, counted from the first day that is covered; the last day that is covered when there is
    /// none.
    pub(super) fn nth_working_day(&self, n: i64) -> i64 {
        first(|day| self.days_through(day) >= n).unwrap_or(LAST)
    }

    /// Opening and closing of a day in microseconds since midnight; `None` when it is no working day.
    pub(super) fn open(&self, day: i64) -> Option<(i64, i64)> {
        let weekday = usize::try_from((day - 1).rem_euclid(7)).ok()?;
        let (open, close) = (*self.hours.week().get(weekday)?)?;
        (!self.calendar.is_off(date(day))).then(|| (micros(open), micros(close)))
    }

    /// Microseconds of working time before an instant, counted from the first day that is covered.
    pub(super) fn worked_before(&self, at: DateTime<Utc>) -> i64 {
        let (day, micros) = self.local(at);
        let today = self
            .open(day)
            .map_or(0, |(open, close)| micros.clamp(open, close) - open);
        self.time_through(day - 1) + today
    }

    /// The earliest instant before which `micros` microseconds of working time lie; the last instant that is covered
    /// when there is none.
    pub(super) fn instant_after(&self, micros: i64) -> DateTime<Utc> {
        let found = first(|day| self.time_through(day) >= micros);
        let at = found.and_then(|day| {
            let (open, _) = self.open(day)?;
            Some(self.instant(day, open + micros - self.time_through(day - 1)))
        });
        at.unwrap_or_else(|| self.instant(LAST, DAY - 1))
    }
}

/// The first day for which `reaches` is true. It must be true for every later day, too.
fn first(reaches: impl Fn(i64) -> bool) -> Option<i64> {
    let (mut low, mut high) = (FIRST, LAST + 1);
    while low < high {
        let middle = low.midpoint(high);
        if reaches(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (low <= LAST).then_some(low)
}
