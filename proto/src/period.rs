//! Periods of scores: a year, a half-year, a quarter or a month.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::zone::Zone;

/// Hours that Jakarta (WIB) is ahead of UTC, all year round.
const JAKARTA_HOURS: i64 = 7;
/// The calendar day in Jakarta (WIB, UTC+7) at `time`.
pub fn jakarta_day(time: DateTime<Utc>) -> NaiveDate {
    // The addition can only fail at the ends of the calendar, where no stored time is.
    time.checked_add_signed(TimeDelta::hours(JAKARTA_HOURS))
        .unwrap_or(time)
        .date_naive()
}

const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// The text is not a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be `YYYY`, `YYYY-s1` to `-s2`, `YYYY-q1` to `-q4` or `YYYY-m01` to `-m12`, \
     with a year from 2000 to 2100"
)]
pub struct Invalid;

/// A year, `2024`; a half-year, `2024-s1`; a quarter, `2024-q3`; or a month, `2024-m07`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    text: String,
    first_day: NaiveDate,
    last_day: NaiveDate,
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A calendar year.
    Year,
    /// A half-year.
    Half,
    /// A quarter.
    Quarter,
    /// A month.
    Month,
}

impl Period {
    /// The period as text; it has exactly one form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first calendar day of the period.
    pub fn first_day(&self) -> NaiveDate {
        self.first_day
    }

    /// The last calendar day of the period.
    pub fn last_day(&self) -> NaiveDate {
        self.last_day
    }

    /// The previous period of the same kind; `None` before the first year.
    pub fn previous(&self) -> Option<Self> {
        let day_before = self.first_day.pred_opt()?;
        let (year, month) = (day_before.year(), day_before.month());
        let text = match self.kind() {
            Kind::Year => year.to_string(),
            Kind::Half => format!("{year}-s{}", month.div_ceil(6)),
            Kind::Quarter => format!("{year}-q{}", month.div_ceil(3)),
            Kind::Month => format!("{year}-m{month:02}"),
        };
        text.parse().ok()
    }

    /// Kind of the period. Periods of different kinds are never compared.
    pub fn kind(&self) -> Kind {
        match self.text.as_bytes().get(5) {
            Some(b's') => Kind::Half,
            Some(b'q') => Kind::Quarter,
            Some(_) => Kind::Month,
            None => Kind::Year,
        }
    }

    /// Whether the period has ended at `now`: its last day is over in Jakarta (UTC+7).
    pub fn ended(&self, now: DateTime<Utc>) -> bool {
        now >= self.ends_at()
    }

    /// Whether the period has ended at `now` in a time zone.
    pub fn ended_in(&self, zone: Zone, now: DateTime<Utc>) -> bool {
        now >= self.ends_in(zone)
    }

    /// When the first day begins in a time zone.
    pub fn begins_in(&self, zone: Zone) -> DateTime<Utc> {
        self.first_day.and_time(NaiveTime::MIN).and_utc() - zone.offset()
    }

    /// When the last day ends in a time zone.
    pub fn ends_in(&self, zone: Zone) -> DateTime<Utc> {
        // The last year is 2100, so the sum is within the calendar.
        self.last_day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(24) - zone.offset()
    }

    /// When the last day ends in Jakarta (UTC+7).
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.ends_in(Zone::Wib)
    }
}

impl FromStr for Period {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (year, part) = match text.split_once('-') {
            Some((year, part)) => (year, Some(part)),
            None => (text, None),
        };
        let year = digits(year, 4)
            .and_then(|y| i32::try_from(y).ok())
            .filter(|y| YEARS.contains(y));
        let months = match part {
            None => Some((1, 12)),
            Some(part) => months(part),
        };
        year.zip(months)
            .and_then(|(year, (first, last))| {
                Some(Self {
                    text: text.to_owned(),
                    first_day: NaiveDate::from_ymd_opt(year, first, 1)?,
                    last_day: last_day(year, last)?,
                })
            })
            .ok_or(Invalid)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// First and last month of a part of a year.
fn months(part: &str) -> Option<(u32, u32)> {
    let (width, count) = match part.get(..1)? {
        "s" => (1, 2),
        "q" => (1, 4),
        "m" => (2, 12),
        _ => return None,
    };
    let number = digits(part.get(1..)?, width).filter(|n| (1..=count).contains(n))?;
    let length = 12 / count;
    Some(((number - 1) * length + 1, number * length))
}

/// Parses exactly `width` ASCII digits; `parse` alone would also accept `+1` and other widths.
fn digits(text: &str, width: usize) -> Option<u32> {
    let fits = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn last_day(year: i32, month: u32) -> Option<NaiveDate> {
    let next = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    NaiveDate::from_ymd_opt(next.0, next.1, 1)?.pred_opt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_ends_with_its_last_month() {
        for (text, day) in [
            ("2024", "2024-12-31"),
            ("2024-s1", "2024-06-30"),
            ("2024-s2", "2024-12-31"),
            ("2024-q1", "2024-03-31"),
            ("2024-q3", "2024-09-30"),
            ("2024-q4", "2024-12-31"),
            ("2024-m02", "2024-02-29"),
            ("2023-m02", "2023-02-28"),
            ("2100-m12", "2100-12-31"),
        ] {
            assert_eq!(period(text).last_day().to_string(), day, "{text}");
        }
    }

    #[test]
    fn a_period_has_ended_when_its_last_day_is_over_in_jakarta() {
        let half = period("2024-s1");
        assert!(!half.ended("2024-06-30T16:59:59.999999Z".parse().unwrap()));
        assert!(half.ended("2024-06-30T17:00:00Z".parse().unwrap()));
        assert!(!period("2100").ended(DateTime::<Utc>::MIN_UTC));
        assert!(period("2100").ended(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn a_period_begins_and_ends_at_midnight_of_the_time_zone() {
        let year = period("2024");
        for (zone, begins, ends) in [
            (Zone::Wib, "2023-12-31T17:00:00Z", "2024-12-31T17:00:00Z"),
            (Zone::Wita, "2023-12-31T16:00:00Z", "2024-12-31T16:00:00Z"),
            (Zone::Wit, "2023-12-31T15:00:00Z", "2024-12-31T15:00:00Z"),
        ] {
            let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
            assert_eq!((year.begins_in(zone), year.ends_in(zone)), (at(begins), at(ends)));
            assert!(year.ended_in(zone, at(ends)) && !year.ended_in(zone, at(begins)));
        }
    }

    #[test]
    fn only_the_exact_form_of_a_period_is_parsed() {
        for text in [
            "",
            "-",
            "24",
            "1999",
            "2101",
            "02024",
            "+202",
            "2024-",
            "2024-s0",
            "2024-s3",
            "2024-q0",
            "2024-q5",
            "2024-m0",
            "2024-m1",
            "2024-m00",
            "2024-m13",
            "2024-m001",
            "2024-Q1",
            "2024-x1",
            "2024-q+",
            "2024-m+1",
            "2024-q1-",
            " 2024",
            "2024 ",
            "2024-é1",
            "２０２４",
            "2024-q1\n",
        ] {
            assert_eq!(text.parse::<Period>(), Err(Invalid), "{text:?}");
        }
    }

    #[test]
    fn the_previous_period_is_of_the_same_kind() {
        for (text, before) in [
            ("2024", "2023"),
            ("2024-s2", "2024-s1"),
            ("2024-s1", "2023-s2"),
            ("2024-q3", "2024-q2"),
            ("2024-q1", "2023-q4"),
            ("2024-m10", "2024-m09"),
            ("2024-m01", "2023-m12"),
        ] {
            assert_eq!(period(text).previous(), Some(period(before)), "{text}");
        }
        for text in ["2000", "2000-s1", "2000-q1", "2000-m01"] {
            assert_eq!(period(text).previous(), None, "{text}");
        }
    }

    fn any_period() -> impl Strategy<Value = String> {
        (YEARS, 0..19u32).prop_map(|(year, part)| match part {
            0 => year.to_string(),
            1..=2 => format!("{year}-s{part}"),
            3..=6 => format!("{year}-q{}", part - 2),
            _ => format!("{year}-m{:02}", part - 6),
        })
    }

    proptest! {
        #[test]
        fn a_period_prints_as_it_was_parsed(text in any_period()) {
            let read = period(&text);
            prop_assert_eq!(read.to_string(), text.clone());
            prop_assert_eq!(read.as_str(), text.as_str());
        }

        #[test]
        fn the_previous_period_ends_the_day_before_and_is_of_the_same_kind(text in any_period()) {
            if let Some(before) = period(&text).previous() {
                prop_assert_eq!(before.last_day().succ_opt(), Some(period(&text).first_day()));
                prop_assert_eq!(before.kind(), period(&text).kind());
            }
        }

        #[test]
        fn every_text_that_is_parsed_prints_the_same(text in "\\PC{0,12}|2[0-9]{3}(-[sqm][0-9]{0,3})?") {
            if let Ok(read) = text.parse::<Period>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }

    #[test]
    fn a_period_begins_on_its_first_day() {
        for (text, first) in [
            ("2024", "2024-01-01"),
            ("2024-s2", "2024-07-01"),
            ("2024-q1", "2024-01-01"),
            ("2024-q3", "2024-07-01"),
            ("2024-m01", "2024-01-01"),
            ("2024-m12", "2024-12-01"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.first_day().to_string(), first, "{text}");
        }
    }
}
