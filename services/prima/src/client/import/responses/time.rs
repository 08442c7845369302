//! When a citizen answered, as spreadsheets and form tools write it.
//!
//! Understood are RFC 3339 and `date [time] [AM|PM] [zone]`. A date that begins with a year of four digits is
//! year-month-day. Any other one is ambiguous, and never guessed row by row: it is day-month-year, the Indonesian
//! order, unless the whole file is said to be month-day-year. A time without a zone is in the zone of the import,
//! Western Indonesia Time unless said otherwise; a date without a time is its midnight.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeZone, Utc};

use crate::cli::DateOrder;

const HOUR: i32 = 3600;

/// How times of a file are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Zone of times that name none.
    pub zone: FixedOffset,
    /// Order of dates that do not begin with the year.
    pub order: DateOrder,
}

impl Reading {
    /// A time, in whole microseconds.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in Indonesian.
    pub(super) fn time(&self, text: &str) -> Result<DateTime<Utc>, String> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(time.to_utc().trunc_subsecs(6));
        }
        let faulty = || {
            format!(
                "waktu `{text}` tidak dipahami; contoh: 2024-07-01T08:00:00+07:00, 2024/07/01 8:00:00 AM GMT+7, \
                 01/07/2024 08:00:00"
            )
        };
        let mut parts = text.split_whitespace();
        let first = parts.next().unwrap_or_default();
        let (date, joined) = first
            .split_once('T')
            .map_or((first, None), |(date, time)| (date, Some(time)));
        let date = self.date(date).map_err(|hint| match hint {
            Some(hint) => format!("waktu `{text}`: {hint}"),
            None => faulty(),
        })?;
        let (mut time, mut zone, mut half) = (None, None, None);
        for part in joined.into_iter().chain(parts) {
            match part.to_ascii_lowercase().replace('.', "").trim_end_matches(',') {
                "am" if half.is_none() => half = Some(false),
                "pm" if half.is_none() => half = Some(true),
                _ => match (clock_time(part), zone_of(part)) {
                    (Some(read), _) if time.is_none() => time = Some(read),
                    (None, Some(read)) if zone.is_none() => zone = Some(read),
                    _ => return Err(faulty()),
                },
            }
        }
        let time = match (time.unwrap_or((0, 0, 0)), half) {
            ((hour @ 1..=12, minute, second), Some(afternoon)) => {
                (hour % 12 + if afternoon { 12 } else { 0 }, minute, second)
            }
            (_, Some(_)) => return Err(faulty()),
            (time, None) => time,
        };
        let time = NaiveTime::from_hms_opt(time.0, time.1, time.2).ok_or_else(faulty)?;
        let local = zone
            .unwrap_or(self.zone)
            .from_local_datetime(&NaiveDateTime::new(date, time));
        local.single().map(|time| time.to_utc()).ok_or_else(faulty)
    }

    /// The date, or what to tell about it when there is more to tell than that it is none.
    fn date(&self, text: &str) -> Result<NaiveDate, Option<&'static str>> {
        let parts: Vec<&str> = text.trim_end_matches(',').split(['/', '-', '.']).collect();
        let [first, second, third] = parts.as_slice() else {
            return Err(None);
        };
        let number = |text: &str| {
            (1..=4)
                .contains(&text.len())
                .then(|| text.parse::<u32>().ok())
                .flatten()
        };
        let (Some(a), Some(b), Some(c)) = (number(first), number(second), number(third)) else {
            return Err(None);
        };
        let of = |year: u32, month, day| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
        if first.len() == 4 {
            return of(a, b, c).ok_or(None);
        }
        if third.len() != 4 {
            return Err(Some("tahun harus empat angka"));
        }
        match self.order {
            DateOrder::Dmy => of(c, b, a).ok_or(of(c, a, b).map(
                |_| "dibaca hari/bulan/tahun; bila berkas memakai bulan/hari/tahun, pakai --date-order mdy",
            )),
            DateOrder::Mdy => {
                of(c, a, b).ok_or(of(c, b, a).map(
                    |_| "dibaca bulan/hari/tahun sesuai --date-order mdy, tetapi bulannya lebih dari 12",
                ))
            }
        }
    }
}

/// `9:15`, `09:15:00`, `09.15.00`, `09:15:00.123`.
fn clock_time(text: &str) -> Option<(u32, u32, u32)> {
    let separator = if text.contains(':') { ':' } else { '.' };
    let parts: Vec<&str> = text.split(separator).collect();
    let number = |text: &str| {
        let whole = text.split('.').next().unwrap_or_default();
        let digits = (1..=2).contains(&whole.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        digits.then(|| whole.parse().ok()).flatten()
    };
    match parts.as_slice() {
        [hour, minute] => Some((number(hour)?, number(minute)?, 0)),
        [hour, minute, second] => Some((number(hour)?, number(minute)?, number(second)?)),
        _ => None,
    }
}

/// A zone: `WIB`, `WITA`, `WIT`, `Z`, `UTC`, `GMT+7`, `+07:00`, `+0700`.
pub(super) fn zone_of(text: &str) -> Option<FixedOffset> {
    let text = text.trim().to_ascii_uppercase();
    let text = text.trim_start_matches('(').trim_end_matches(')');
    let hours = match text {
        "WIB" => Some(7),
        "WITA" => Some(8),
        "WIT" => Some(9),
        "Z" | "UTC" | "GMT" => Some(0),
        _ => None,
    };
    if let Some(hours) = hours {
        return FixedOffset::east_opt(hours * HOUR);
    }
    let offset = text.trim_start_matches("UTC").trim_start_matches("GMT");
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-" | "−", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| {
        let short = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        short.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60)
        .then(|| FixedOffset::east_opt(sign * (hours * HOUR + minutes * 60)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reading(order: DateOrder) -> Reading {
        Reading {
            zone: FixedOffset::east_opt(7 * HOUR).unwrap(),
            order,
        }
    }

    #[test]
    fn times_of_forms_and_spreadsheets_are_read() {
        for (text, expected) in [
            ("2024/03/05 9:15:00 AM GMT+7", "2024-03-05T02:15:00Z"),
            ("2024/03/05 9:15:00 PM GMT+8", "2024-03-05T13:15:00Z"),
            ("2024/03/05 12:00:00 AM GMT+7", "2024-03-04T17:00:00Z"),
            ("05/03/2024 09:15:00", "2024-03-05T02:15:00Z"),
            ("5/3/2024 9.15.00", "2024-03-05T02:15:00Z"),
            ("05-03-2024 09:15 WITA", "2024-03-05T01:15:00Z"),
            ("2024-03-05 09:15:00.250", "2024-03-05T02:15:00Z"),
            ("2024-03-05T09:15:00", "2024-03-05T02:15:00Z"),
            ("2024-03-05T09:15:00+09:00", "2024-03-05T00:15:00Z"),
            ("2024-03-05", "2024-03-04T17:00:00Z"),
            ("05/03/2024 24:00:00", "!"),
            ("05/03/2024 13:00:00 PM", "!"),
            ("05/03/24 10:00", "!tahun"),
            ("03/25/2024 10:00:00", "!--date-order mdy"),
            ("30/02/2024 10:00:00", "!"),
            ("2 Juli", "!"),
            ("45356,4", "!"),
            ("05/03/2024 10:00 11:00", "!"),
            ("", "!"),
        ] {
            let read = reading(DateOrder::Dmy).time(text);
            match expected.strip_prefix('!') {
                Some(hint) => assert!(read.clone().unwrap_err().contains(hint), "{text}: {read:?}"),
                None => assert_eq!(
                    read.unwrap().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    expected,
                    "{text}"
                ),
            }
        }
    }

    #[test]
    fn an_ambiguous_date_follows_the_order_of_the_file_alone() {
        let read = |order| reading(order).time("05/03/2024 09:15:00").unwrap().to_rfc3339();
        assert_eq!(read(DateOrder::Dmy), "2024-03-05T02:15:00+00:00");
        assert_eq!(read(DateOrder::Mdy), "2024-05-03T02:15:00+00:00");
        assert!(
            reading(DateOrder::Mdy)
                .time("25/03/2024")
                .unwrap_err()
                .contains("mdy")
        );
        assert!(reading(DateOrder::Mdy).time("2024/03/25").is_ok());
    }

    #[test]
    fn zones_are_names_or_offsets() {
        for (text, seconds) in [
            ("WIB", Some(25_200)),
            ("wit", Some(32_400)),
            ("GMT+7", Some(25_200)),
            ("+0730", Some(27_000)),
            ("-03:30", Some(-12_600)),
            ("GMT", Some(0)),
            ("+15", None),
            ("JAKARTA", None),
            ("", None),
            ("+", None),
        ] {
            assert_eq!(
                zone_of(text).map(|zone| zone.local_minus_utc()),
                seconds,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,40}") {
            let _read = reading(DateOrder::Dmy).time(&text);
        }

        #[test]
        fn every_written_time_reads_back(seconds in 946_684_800_i64..2_000_000_000) {
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            let local = time.with_timezone(&reading(DateOrder::Dmy).zone);
            for (format, order) in [
                ("%Y/%m/%d %-I:%M:%S %p GMT+7", DateOrder::Mdy),
                ("%d/%m/%Y %H:%M:%S", DateOrder::Dmy),
                ("%-m/%-d/%Y %-H:%M:%S", DateOrder::Mdy),
                ("%d-%m-%Y %H.%M.%S WIB", DateOrder::Dmy),
            ] {
                prop_assert_eq!(reading(order).time(&local.format(format).to_string()), Ok(time));
            }
        }
    }
}
