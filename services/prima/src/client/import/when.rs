//! Reads dates and times of other lists in the same forms as those of responses.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

use super::responses::read_time;
use crate::cli::DateOrder;

/// Reads a time; a date alone is midnight of that day.
///
/// # Errors
///
/// A message in Indonesian that says what is wrong.
pub(super) fn time(text: &str, zone: FixedOffset, order: DateOrder) -> Result<DateTime<Utc>, String> {
    read_time(text, zone, order)
}

/// Reads a date; a time after it is ignored.
///
/// # Errors
///
/// A message in Indonesian that says what is wrong.
pub(super) fn day(text: &str, order: DateOrder) -> Result<NaiveDate, String> {
    let zone = FixedOffset::east_opt(0).ok_or("zona waktu tidak dikenal")?;
    let read = time(text, zone, order).map_err(|_| {
        format!("tanggal `{text}` tidak dipahami; contoh: 2028-01-31, 31/01/2028, 31 Januari 2028")
    })?;
    Ok(read.date_naive())
}

/// Determines the order of the dates of a file: day before month, as in Indonesia, unless some dates fit month before
/// day alone and no date fits day before month alone.
pub(super) fn order<'a>(texts: impl Iterator<Item = &'a str>) -> DateOrder {
    let (mut dmy, mut mdy) = (false, false);
    for text in texts {
        match (
            day(text, DateOrder::Dmy).is_ok(),
            day(text, DateOrder::Mdy).is_ok(),
        ) {
            (true, false) => dmy = true,
            (false, true) => mdy = true,
            (true, true) | (false, false) => {}
        }
    }
    if mdy && !dmy {
        DateOrder::Mdy
    } else {
        DateOrder::Dmy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_lists_are_read() {
        for text in [
            "2028-01-31",
            "31/01/2028",
            "31-01-2028",
            "31.01.2028",
            "20280131",
            "31 Januari 2028",
            "31 jan 2028",
            "31-Jan-28",
            "Senin, 31 Januari 2028",
            "2028-01-31 00:00:00",
            "31 Januari 2028 08:30",
        ] {
            let read = day(text, DateOrder::Dmy).map(|day| day.to_string());
            assert_eq!(read, Ok("2028-01-31".to_owned()), "{text}");
        }
        for text in ["", "31 Foo 2028", "31 Februari 2028", "2028", "libur"] {
            assert!(day(text, DateOrder::Dmy).is_err(), "{text}");
        }
    }

    #[test]
    fn the_order_of_dates_is_judged_by_the_whole_file() {
        for (texts, expected) in [
            (vec!["01/02/2028", "03/04/2028"], DateOrder::Dmy),
            (vec!["01/31/2028", "03/04/2028", "2021"], DateOrder::Mdy),
            (vec!["01/31/2028", "31/01/2028"], DateOrder::Dmy),
            (vec!["2028-01-31", "", "x"], DateOrder::Dmy),
        ] {
            assert_eq!(order(texts.iter().copied()), expected, "{texts:?}");
        }
    }

    #[test]
    fn a_time_is_in_its_zone() {
        let zone = FixedOffset::east_opt(9 * 3600).unwrap();
        let read = time("2 Februari 2026 09:30", zone, DateOrder::Dmy).unwrap();
        assert_eq!(read.to_rfc3339(), "2026-02-02T00:30:00+00:00");
    }
}
