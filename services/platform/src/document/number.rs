//! Numbers and dates in Indonesian format: decimal comma, thousands point, names of months.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use crate::number::parse_decimal;

/// Hours that western Indonesia (WIB) is ahead of UTC, all year round.
const WIB_HOURS: i64 = 7;
const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// A whole number with a point between thousands: `1.234.567`.
pub fn integer(value: i64) -> String {
    grouped(&value.to_string())
}

/// A plain decimal such as `-1234.50` as `-1.234,50`, without rounding. A text that is not a plain decimal is returned
/// unchanged.
pub fn decimal(text: &str) -> String {
    if !is_decimal(text) {
        return text.to_owned();
    }
    match text.split_once('.') {
        Some((whole, part)) => format!("{},{part}", grouped(whole)),
        None => grouped(text),
    }
}

/// `part` of `whole` in percent with one decimal, half up, as a plain decimal: `33.3`. `None` when `whole` is 0, and
/// for negative numbers.
pub fn percent(part: i64, whole: i64) -> Option<String> {
    if part < 0 || whole <= 0 {
        return None;
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    let tenths = (2 * part * 1000 + whole) / (2 * whole);
    Some(format!("{}.{}", tenths / 10, tenths % 10))
}

/// The name of a month, 1 to 12.
pub fn month(number: u32) -> Option<&'static str> {
    let at = usize::try_from(number).ok()?.checked_sub(1)?;
    MONTHS.get(at).copied()
}

/// A day: `17 Agustus 2024`.
pub fn date(day: NaiveDate) -> String {
    let month = month(day.month()).unwrap_or_default();
    format!("{} {month} {}", day.day(), day.year())
}

/// The day of a time in western Indonesia: `17 Agustus 2024`.
pub fn day(time: DateTime<Utc>) -> String {
    date((time + TimeDelta::hours(WIB_HOURS)).date_naive())
}

/// A time in western Indonesia: `17 Agustus 2024 pukul 09.30 WIB`.
pub fn time(time: DateTime<Utc>) -> String {
    let local = time + TimeDelta::hours(WIB_HOURS);
    format!("{} pukul {} WIB", date(local.date_naive()), local.format("%H.%M"))
}

/// Whether a text is a plain decimal.
pub(crate) fn is_decimal(text: &str) -> bool {
    parse_decimal(text).is_some()
}

fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let mut out = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_a_point_and_decimals_a_comma() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.000"),
            (-1_234_567, "-1.234.567"),
        ] {
            assert_eq!(integer(value), text);
        }
        for (plain, text) in [
            ("91.48", "91,48"),
            ("-0.98", "-0,98"),
            ("1234567.5000", "1.234.567,5000"),
            ("100", "100"),
        ] {
            assert_eq!(decimal(plain), text);
        }
        for other in ["", "-", "1.", ".5", "1e3", "+1.5", "1.2.3", "lain"] {
            assert_eq!(decimal(other), other);
        }
    }

    #[test]
    fn percentages_round_half_up_and_there_is_none_of_zero() {
        for (part, whole, text) in [
            (1, 3, "33.3"),
            (2, 3, "66.7"),
            (1, 2000, "0.1"),
            (5, 5, "100.0"),
            (0, 9, "0.0"),
            (i64::MAX, i64::MAX, "100.0"),
        ] {
            assert_eq!(percent(part, whole).unwrap(), text);
        }
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(-1, 5), None);
    }

    #[test]
    fn a_day_is_that_of_western_indonesia() {
        let late = DateTime::from_timestamp(1_722_445_200, 0).unwrap(); // 2024-07-31 17:00 UTC
        assert_eq!(day(late), "1 Agustus 2024");
        assert_eq!(time(late), "1 Agustus 2024 pukul 00.00 WIB");
    }
}
