//! Tests of reading times.

use proptest::prelude::*;

use super::super::moment::zone_of;
use super::*;

fn reading(order: Order) -> Reading {
    Reading {
        zone: FixedOffset::east_opt(7 * 3600).unwrap(),
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
        ("05–03–2024 09:15 WITA", "2024-03-05T01:15:00Z"),
        ("2024-03-05 09:15:00.250", "2024-03-05T02:15:00Z"),
        ("2024-03-05T09:15:00", "2024-03-05T02:15:00Z"),
        ("2024-03-05T09:15:00+09:00", "2024-03-05T00:15:00Z"),
        ("2024-03-05", "2024-03-04T17:00:00Z"),
        ("05/03/2024 24:00:00", "!"),
        ("05/03/2024 13:00:00 PM", "!"),
        ("05/03/24 10:00", "2024-03-05T03:00:00Z"),
        ("03/25/2024 10:00:00", "!--date-order"),
        ("30/02/2024 10:00:00", "!"),
        ("2 Juli", "!"),
        ("45356,4", "2024-03-05T02:36:00Z"),
        ("45356", "2024-03-04T17:00:00Z"),
        ("12345", "!"),
        ("20240305", "2024-03-04T17:00:00Z"),
        ("20240305091500", "2024-03-05T02:15:00Z"),
        ("20241305", "!"),
        ("5 Maret 2024 09:15 WIB", "2024-03-05T02:15:00Z"),
        ("Selasa, 5 Maret 2024 pukul 09.15", "2024-03-05T02:15:00Z"),
        ("5 Mar 2024", "2024-03-04T17:00:00Z"),
        ("5-Mar-24", "2024-03-04T17:00:00Z"),
        ("05-Agu-2024 08:00", "2024-08-05T01:00:00Z"),
        ("Oct 5, 2024 8:00 AM", "2024-10-05T01:00:00Z"),
        ("October 5, 2024 8:00:00PM", "2024-10-05T13:00:00Z"),
        (
            "Tue Mar 05 2024 09:15:00 GMT+0700 (Western Indonesia Time)",
            "2024-03-05T02:15:00Z",
        ),
        ("2024-03-05 09:15:00+07", "2024-03-05T02:15:00Z"),
        ("2024-03-05 09:15:00.5+08:00", "2024-03-05T01:15:00Z"),
        ("2024-03-05T02:15:00Z", "2024-03-05T02:15:00Z"),
        ("2024-03-05T09:15:00.000+07:00", "2024-03-05T02:15:00Z"),
        ("2024-03-05 02:15:00 UTC", "2024-03-05T02:15:00Z"),
        ("5/3/2024 9.15", "2024-03-05T02:15:00Z"),
        ("5 Maret", "!"),
        ("3", "!"),
        ("2024", "!"),
        ("05/03/2024 10:00 11:00", "!"),
        ("", "!"),
    ] {
        let read = reading(Order::Dmy).time(text, None);
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
    let read = |order| {
        reading(order)
            .time("05/03/2024 09:15:00", None)
            .unwrap()
            .to_rfc3339()
    };
    assert_eq!(read(Order::Dmy), "2024-03-05T02:15:00+00:00");
    assert_eq!(read(Order::Mdy), "2024-05-03T02:15:00+00:00");
    assert!(
        reading(Order::Mdy)
            .time("25/03/2024", None)
            .unwrap_err()
            .contains("bulan/hari/tahun")
    );
    assert!(reading(Order::Mdy).time("2024/03/25", None).is_ok());
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
        let _read = reading(Order::Dmy).time(&text, None);
    }

    #[test]
    fn every_written_time_reads_back(seconds in 946_684_800_i64..2_000_000_000) {
        let time = DateTime::from_timestamp(seconds, 0).unwrap();
        let local = time.with_timezone(&reading(Order::Dmy).zone);
        for (format, order) in [
            ("%Y/%m/%d %-I:%M:%S %p GMT+7", Order::Mdy),
            ("%d/%m/%Y %H:%M:%S", Order::Dmy),
            ("%-m/%-d/%Y %-H:%M:%S", Order::Mdy),
            ("%d-%m-%Y %H.%M.%S WIB", Order::Dmy),
        ] {
            prop_assert_eq!(reading(order).time(&local.format(format).to_string(), None), Ok(time));
        }
    }
}

#[test]
fn the_order_of_a_column_is_judged_with_all_its_dates_and_the_period() {
    let period = ("2024-10-01".parse().unwrap(), "2024-12-31".parse().unwrap());
    let today = "2026-11-29".parse().unwrap();
    for (dates, expected) in [
        (vec!["05/10/2024", "06/10/2024"], Ok(Order::Dmy)),
        (vec!["25/10/2024", "01/02/2024"], Ok(Order::Dmy)),
        (vec!["10/25/2024", "10/1/2024"], Ok(Order::Mdy)),
        (vec!["10/18/24 18:42", "11/2/24 07:00"], Ok(Order::Mdy)),
        (vec!["10/1/2024", "10/2/2024"], Err("--date-order")),
        (vec!["24-10-05", "24-10-06"], Err("--date-order")),
        (vec!["24-10-31", "24-10-06"], Ok(Order::Ymd)),
        (vec!["25/10/2024", "10/25/2024"], Err("bercampur")),
        (vec!["2024-10-05", "5 Okt 2024"], Ok(Order::Dmy)),
        (vec!["05/01/2023"], Ok(Order::Dmy)),
    ] {
        let mut evidence = Evidence::default();
        for date in &dates {
            evidence.add(date, Some(period), today);
        }
        let found = evidence.order(None, Order::Dmy);
        match expected {
            Ok(order) => assert_eq!(found.map(|(order, _)| order), Ok(order), "{dates:?}"),
            Err(part) => assert!(found.clone().unwrap_err().contains(part), "{dates:?} {found:?}"),
        }
        assert_eq!(
            evidence.order(Some(DateOrder::Mdy), Order::Dmy).unwrap().0,
            Order::Mdy
        );
    }
    // A tool that writes the month first decides where the numbers do not, but not against the period.
    for (date, expected) in [
        ("10/11/2024", Ok(Order::Mdy)),
        ("25/10/2024", Ok(Order::Dmy)),
        ("05/10/2024", Ok(Order::Dmy)),
    ] {
        let mut evidence = Evidence::default();
        evidence.add(date, Some(period), today);
        let found = evidence.order(None, Order::Mdy).map(|(order, _)| order);
        assert_eq!(found, expected, "{date}");
    }
}

#[test]
fn a_time_of_the_day_may_have_a_column_of_its_own() {
    let read = |clock| {
        reading(Order::Dmy)
            .time("05/03/2024", clock)
            .map(|time| time.to_rfc3339())
    };
    assert_eq!(read(Some("9.15")), Ok("2024-03-05T02:15:00+00:00".to_owned()));
    assert_eq!(read(Some("")), Ok("2024-03-04T17:00:00+00:00".to_owned()));
    assert!(read(Some("pagi")).is_err());
}
