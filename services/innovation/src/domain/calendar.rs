//! Days and years in Jakarta time (WIB).

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use prima_platform::{failure::Violation, request};

/// The first year of which portfolios are kept: the year of the first competition rules (PermenPANRB 30/2014).
pub const FIRST_YEAR: i32 = 2014;
/// Years that a request may name.
pub const YEARS: RangeInclusive<i32> = FIRST_YEAR..=2100;
/// Hours that Jakarta is ahead of UTC, all year round.
const JAKARTA_HOURS: i64 = 7;

/// The day in Jakarta.
pub fn day(time: DateTime<Utc>) -> NaiveDate {
    time.checked_add_signed(TimeDelta::hours(JAKARTA_HOURS))
        .unwrap_or(time)
        .date_naive()
}

/// The year in Jakarta.
pub fn year(time: DateTime<Utc>) -> i32 {
    day(time).year()
}

/// The moment at which a year ends in Jakarta.
pub fn year_ends_at(year: i32) -> DateTime<Utc> {
    let next = NaiveDate::from_ymd_opt(year.saturating_add(1), 1, 1).unwrap_or(NaiveDate::MAX);
    (next.and_time(NaiveTime::MIN) - TimeDelta::hours(JAKARTA_HOURS)).and_utc()
}

/// The same day `months` earlier, or the last day of that month when it has no such day: a year before 29 February is
/// 28 February.
pub fn months_before(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_sub_months(Months::new(months))
        .unwrap_or(NaiveDate::MIN)
}

/// The last day of a window that closes at `time`; a window that closes at midnight ends on the day before.
pub fn closing_day(time: DateTime<Utc>) -> NaiveDate {
    day(time - TimeDelta::microseconds(1))
}

/// Full days from `since` to `now`; 0 when `since` is in the future.
pub fn days_between(since: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (now - since).num_days().max(0)
}

/// Parses a day from 1945 to 2100, written `YYYY-MM-DD`.
///
/// # Errors
///
/// The text is malformed, or the day is outside these years.
pub fn parse_date(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    let date = request::day(field, raw)?;
    if (1945..=2100).contains(&date.year()) {
        return Ok(date);
    }
    Err(Violation::new(
        field,
        "must be a day from 1945 to 2100",
        "harus tanggal antara 1945 dan 2100",
    ))
}

/// Checks a year that a request names.
///
/// # Errors
///
/// It is before 2014 or after 2100.
pub fn check_year(field: &str, year: i32) -> Result<i32, Violation> {
    if YEARS.contains(&year) {
        return Ok(year);
    }
    Err(Violation::new(
        field,
        "must be a year from 2014 to 2100",
        "harus tahun antara 2014 dan 2100",
    ))
}

/// Checks a year that a request names, or 0 for any year.
///
/// # Errors
///
/// See [`check_year`].
pub fn check_optional_year(field: &str, year: i32) -> Result<i32, Violation> {
    if year == 0 { Ok(0) } else { check_year(field, year) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_jakarta() {
        assert_eq!(
            day("2022-12-31T16:59:59Z".parse().unwrap()).to_string(),
            "2022-12-31"
        );
        assert_eq!(year("2022-12-31T17:00:00Z".parse().unwrap()), 2023);
        assert_eq!(
            year_ends_at(2022),
            "2022-12-31T17:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
        assert_eq!(
            closing_day("2022-05-31T17:00:00Z".parse().unwrap()).to_string(),
            "2022-05-31"
        );
    }

    #[test]
    fn days_and_years_have_their_limits() {
        assert!(parse_date("f", "2024-02-29").is_ok());
        for text in ["", "2024-2-9", "1944-12-31", "2101-01-01"] {
            assert_eq!(parse_date("f", text).unwrap_err().field, "f", "{text:?}");
        }
        assert!(check_year("f", 2014).is_ok() && check_year("f", 2013).is_err());
    }
}
