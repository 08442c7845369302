//! Examples: golden deadlines, time zones, hours, first days, pauses, and times that are not covered.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::domain::calendar::{Holiday, HolidayKind};

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn work(zone: Zone, first_day: FirstDay) -> WorkTime {
    WorkTime::new(Calendar::built_in(), Hours::usual(zone), first_day)
}

fn wib() -> WorkTime {
    work(Zone::Wib, FirstDay::NextWorkingDay)
}

pub(super) fn clock(started_at: DateTime<Utc>, length: Length) -> Clock {
    Clock {
        started_at,
        length,
        pauses: Vec::new(),
        stopped_at: None,
        due: None,
    }
}

fn paused(mut clock: Clock, pauses: &[(&str, &str)]) -> Clock {
    let read = |(from, to): &(&str, &str)| Pause {
        from: at(from),
        to: Some(at(to)),
    };
    clock.pauses = pauses.iter().map(read).collect();
    clock
}

/// The due time of a deadline in working days, as local time in WIB.
fn due(work: &WorkTime, clock: &Clock) -> String {
    let due = work.due(clock).unwrap().at + work.hours().zone().offset();
    due.format("%F %T%.f").to_string()
}

#[derive(Deserialize)]
struct Golden {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    event: NaiveDate,
    weekday: String,
    due: BTreeMap<String, NaiveDate>,
}

#[test]
fn the_golden_deadlines_are_computed() {
    let golden: Golden = serde_json::from_str(include_str!("../../../tests/data/deadlines.json")).unwrap();
    let work = wib();
    let mut columns = 0;
    for row in &golden.rows {
        assert_eq!(row.event.format("%a").to_string(), row.weekday);
        for (n, expected) in &row.due {
            columns += 1;
            let n: u32 = n.parse().unwrap();
            let event = row.event;
            assert_eq!(work.due_day(event, n), (*expected, false), "{event} + {n}");
            // The result is the same for every hour from the first to the last moment of the local day.
            for hour in ["00:00:00", "07:59:59", "16:00:00", "23:59:59.999999"] {
                let clock = clock(at(&format!("{event}T{hour}+07:00")), Length::WorkingDays(n));
                assert_eq!(due(&work, &clock), format!("{expected} 16:00:00"));
            }
            let (from, to) = (
                at(&format!("{event}T12:00:00Z")),
                at(&format!("{expected}T01:00:00Z")),
            );
            assert_eq!(work.days_between(from, to), i64::from(n));
        }
    }
    assert_eq!((golden.rows.len(), columns), (5, 25));
}

#[test]
fn the_day_of_an_event_follows_the_agencys_time_zone() {
    // Wednesday 15:30 UTC is 22:30 in WIB, 23:30 in WITA, and 00:30 on Thursday in WIT.
    let event = at("2025-06-11T15:30:00Z");
    for (zone, local, expected) in [
        (Zone::Wib, "2025-06-11", "2025-06-12T09:00:00Z"),
        (Zone::Wita, "2025-06-11", "2025-06-12T08:00:00Z"),
        (Zone::Wit, "2025-06-12", "2025-06-13T07:00:00Z"),
    ] {
        let work = work(zone, FirstDay::NextWorkingDay);
        assert_eq!(work.day(event), day(local));
        let found = work.due(&clock(event, Length::WorkingDays(1))).unwrap();
        assert_eq!(found.at, at(expected), "{zone:?}");
    }
}

#[test]
fn a_time_zone_has_the_same_offset_in_january_and_july() {
    for zone in Zone::ALL {
        let work = work(zone, FirstDay::NextWorkingDay);
        for event in ["2025-01-14T03:00:00Z", "2025-07-15T03:00:00Z"] {
            let due = work.due(&clock(at(event), Length::WorkingDays(1))).unwrap().at;
            assert_eq!((due + zone.offset()).format("%T").to_string(), "16:00:00");
        }
    }
}

#[test]
fn the_same_day_counts_when_the_event_comes_before_closing() {
    let work = work(Zone::Wib, FirstDay::SameDay);
    let event = |text: &str, n| clock(at(text), Length::WorkingDays(n));
    for (text, one, three) in [
        // A Thursday: before opening, before closing, at closing.
        ("2025-06-12T01:00:00+07:00", "2025-06-12", "2025-06-16"),
        ("2025-06-12T15:59:59.999999+07:00", "2025-06-12", "2025-06-16"),
        ("2025-06-12T16:00:00+07:00", "2025-06-13", "2025-06-17"),
        // A Saturday, and a Friday of joint leave before a weekend.
        ("2025-06-14T10:00:00+07:00", "2025-06-16", "2025-06-18"),
        ("2025-05-30T10:00:00+07:00", "2025-06-02", "2025-06-04"),
    ] {
        assert_eq!(due(&work, &event(text, 1)), format!("{one} 16:00:00"), "{text}");
        assert_eq!(due(&work, &event(text, 3)), format!("{three} 16:00:00"), "{text}");
    }
    assert_eq!(work.due_day(day("2025-06-12"), 1).0, day("2025-06-12"));
    assert_eq!(work.due_day(day("2025-03-26"), 14).0, day("2025-04-24"));
}

#[test]
fn zero_working_days_end_at_the_next_closing() {
    let work = wib();
    assert_eq!(work.due_day(day("2025-06-12"), 0).0, day("2025-06-12"));
    assert_eq!(work.due_day(day("2025-06-14"), 0).0, day("2025-06-16"));
    for (event, expected) in [
        ("2025-06-12T09:00:00+07:00", "2025-06-12 16:00:00"),
        ("2025-06-12T16:00:00+07:00", "2025-06-13 16:00:00"),
        ("2025-06-13T20:00:00+07:00", "2025-06-16 16:00:00"),
    ] {
        assert_eq!(due(&work, &clock(at(event), Length::WorkingDays(0))), expected);
    }
}

#[test]
fn calendar_days_are_24_hours_each() {
    let work = wib();
    let clock = paused(
        clock(at("2026-12-30T20:00:00Z"), Length::Days(10)),
        &[("2027-01-02T00:00:00Z", "2027-01-03T06:00:00Z")],
    );
    let due = work.due(&clock).unwrap();
    assert_eq!(due.at, at("2027-01-11T02:00:00Z"));
    assert!(!due.provisional, "no calendar can move it");
    let none = super::Clock {
        length: Length::Days(0),
        pauses: Vec::new(),
        ..clock
    };
    assert_eq!(work.due(&none).unwrap().at, none.started_at);
}

#[test]
fn a_pause_moves_the_due_time_by_the_working_time_in_it() {
    let work = wib();
    // The event is on a Tuesday; the deadline ends on the Friday of the same week.
    let clock = clock(at("2025-06-10T10:00:00+07:00"), Length::WorkingDays(3));
    let morning = ("2025-06-11T08:00:00+07:00", "2025-06-11T11:30:00+07:00");
    let night = ("2025-06-11T17:00:00+07:00", "2025-06-12T07:00:00+07:00");
    let week = ("2025-06-12T16:00:00+07:00", "2025-06-16T16:00:00+07:00");
    for (pauses, expected) in [
        (vec![], "2025-06-13 16:00:00"),
        (vec![night], "2025-06-13 16:00:00"),
        (vec![morning], "2025-06-16 11:30:00"),
        (vec![week], "2025-06-17 16:00:00"),
        (vec![morning, night, week], "2025-06-18 11:30:00"),
        (vec![morning, morning], "2025-06-16 11:30:00"),
        // Pauses before the clock started, and after it was due.
        (
            vec![("2025-06-09T08:00:00+07:00", "2025-06-10T11:00:00+07:00")],
            "2025-06-16 09:00:00",
        ),
        (
            vec![("2025-06-13T16:00:00+07:00", "2025-06-20T11:00:00+07:00")],
            "2025-06-13 16:00:00",
        ),
        // A second pause that begins after the original due time, but before the one that the first pause led to.
        (
            vec![
                morning,
                ("2025-06-16T08:00:00+07:00", "2025-06-16T09:00:00+07:00"),
            ],
            "2025-06-16 12:30:00",
        ),
        // A pause that ends before it begins.
        (vec![(morning.1, morning.0)], "2025-06-13 16:00:00"),
    ] {
        assert_eq!(
            due(&work, &paused(clock.clone(), &pauses)),
            expected,
            "{pauses:?}"
        );
    }
}

#[test]
fn a_clock_that_is_paused_or_stopped_has_no_due_time() {
    let work = wib();
    let running = clock(at("2025-06-10T03:00:00Z"), Length::WorkingDays(3));
    let mut paused = running.clone();
    paused.pauses.push(Pause {
        from: at("2025-06-10T04:00:00Z"),
        to: None,
    });
    let mut stopped = running.clone();
    stopped.stopped_at = Some(at("2025-06-10T04:00:00Z"));
    assert!(work.due(&running).is_some());
    assert_eq!((work.due(&paused), work.due(&stopped)), (None, None));
}

#[test]
fn a_deadline_beyond_the_known_years_is_provisional() {
    let work = wib();
    assert_eq!(work.due_day(day("2026-12-21"), 6), (day("2026-12-31"), false));
    // The calendar does not contain 2027, so 1 January 2027 is not known as a holiday.
    assert_eq!(work.due_day(day("2026-12-21"), 7), (day("2027-01-01"), true));
    assert_eq!(work.due_day(day("2023-12-29"), 3), (day("2024-01-04"), true));
    let event = clock(at("2026-12-21T03:00:00Z"), Length::WorkingDays(6));
    assert!(!work.due(&event).unwrap().provisional);
    let moved = paused(
        event,
        &[("2026-12-22T08:00:00+07:00", "2026-12-22T10:00:00+07:00")],
    );
    let due = work.due(&moved).unwrap();
    assert_eq!((due.at, due.provisional), (at("2027-01-01T10:00:00+07:00"), true));
    // A year is missing between two years that are known.
    let holiday = |date| Holiday {
        date: day(date),
        kind: HolidayKind::LiburNasional,
        name: "Libur".into(),
    };
    let gap = Calendar::of(vec![holiday("2025-01-01"), holiday("2027-01-01")], 1);
    let work = WorkTime::new(Arc::new(gap), Hours::default(), FirstDay::default());
    assert!(work.due_day(day("2025-12-01"), 300).1);
    assert!(!work.due_day(day("2025-12-01"), 10).1);
}

#[test]
fn hours_decide_what_is_working_time() {
    let time = |text: &str| text.parse().unwrap();
    let mut week: Week = [Some((time("08:00"), time("16:00"))); 7];
    week[4] = Some((time("07:30"), time("11:30")));
    week[6] = None;
    let hours = Hours::new(Zone::Wita, week).unwrap();
    let work = WorkTime::new(Calendar::built_in(), hours, FirstDay::default());
    // Thursday to Saturday.
    assert_eq!(work.due_day(day("2025-06-12"), 2).0, day("2025-06-14"));
    let clock = clock(at("2025-06-12T09:00:00+08:00"), Length::WorkingDays(1));
    assert_eq!(work.due(&clock).unwrap().at, at("2025-06-13T11:30:00+08:00"));
    let worked = work.worked(at("2025-06-12T15:00:00+08:00"), at("2025-06-16T08:30:00+08:00"));
    assert_eq!(worked, TimeDelta::minutes(60 + 240 + 480 + 30));
    let after = work.after(at("2025-06-12T15:00:00+08:00"), TimeDelta::hours(5));
    assert_eq!(
        after,
        at("2025-06-13T11:30:00+08:00"),
        "closing, not the next opening"
    );
    let back = work.worked(at("2025-06-13T00:00:00Z"), at("2025-06-12T00:00:00Z"));
    assert_eq!(back, TimeDelta::minutes(-480 - 30));
}

#[test]
fn invalid_hours_are_refused_with_every_fault() {
    let time = |text: &str| text.parse().unwrap();
    let mut week: Week = [None; 7];
    let fields = |week| {
        let faults = Hours::new(Zone::Wib, week).unwrap_err();
        faults.into_iter().map(|f| f.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(week), ["week"]);
    week[0] = Some((time("16:00"), time("16:00")));
    week[6] = Some((time("17:00:30"), time("08:00")));
    assert_eq!(fields(week), ["week[mon]", "week[sun]", "week[sun]"]);
    let json = |hours: &str| serde_json::from_str::<Hours>(hours);
    let usual = serde_json::to_string(&Hours::default()).unwrap();
    assert_eq!(json(&usual).unwrap(), Hours::default());
    let faulty = usual.replace("16:00:00", "07:00:00");
    assert!(
        json(&faulty)
            .unwrap_err()
            .to_string()
            .contains("week[tue] must open")
    );
}

#[test]
fn a_shift_keeps_the_time_of_day_within_the_working_hours() {
    let work = wib();
    for (from, days, expected) in [
        // A due time on a Friday, with its reminder and its escalations.
        ("2025-06-13T16:00:00+07:00", -1, "2025-06-12T16:00:00+07:00"),
        ("2025-06-13T16:00:00+07:00", -5, "2025-06-04T16:00:00+07:00"),
        ("2025-06-13T16:00:00+07:00", 1, "2025-06-16T16:00:00+07:00"),
        ("2025-06-13T16:00:00+07:00", 0, "2025-06-13T16:00:00+07:00"),
        ("2025-06-13T11:30:00+07:00", 2, "2025-06-17T11:30:00+07:00"),
        // A time on a Sunday at night.
        ("2025-06-15T02:00:00+07:00", -1, "2025-06-13T08:00:00+07:00"),
        ("2025-06-15T22:00:00+07:00", 1, "2025-06-16T16:00:00+07:00"),
        ("2025-06-15T22:00:00+07:00", 0, "2025-06-15T22:00:00+07:00"),
    ] {
        assert_eq!(work.shift(at(from), days), at(expected), "{from} {days}");
    }
}

#[test]
fn times_outside_the_covered_range_saturate() {
    let work = wib();
    let (first, last) = (NaiveDate::MIN, NaiveDate::MAX);
    let (long_ago, far) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let end = at("9999-12-31T16:59:59.999999Z");
    assert_eq!(work.due_day(last, 10_000), (day("9999-12-31"), true));
    assert_eq!(work.due_day(first, 1), (day("0001-01-03"), true));
    for started in [long_ago, at("2025-01-01T00:00:00Z"), far] {
        for n in [0, 10_000, u32::MAX] {
            for length in [Length::WorkingDays(n), Length::Days(n)] {
                let mut clock = clock(started, length);
                clock.pauses = vec![Pause {
                    from: long_ago,
                    to: Some(far),
                }];
                assert!(work.due(&clock).unwrap().at <= end.max(started));
                clock.pauses.clear();
                assert!(work.due(&clock).unwrap().at <= end);
            }
        }
        for days in [i32::MIN, -1, 1, i32::MAX] {
            assert!(work.shift(started, days) <= end);
        }
        assert!(work.after(started, TimeDelta::MAX) >= end);
        assert_eq!(work.after(started, TimeDelta::MIN), started);
    }
    assert!(work.worked(long_ago, far) > TimeDelta::zero());
    assert!(work.days_between(far, long_ago) < -2_000_000);
    assert_eq!(work.due_day(day("2025-01-02"), 10_000).0, day("2063-07-04"));
}

#[test]
fn rules_and_clocks_are_stored_as_readable_json() {
    for rule in [FirstDay::NextWorkingDay, FirstDay::SameDay] {
        assert_eq!(FirstDay::from_key(rule.key()), Some(rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.key());
    }
    assert_eq!(FirstDay::from_key("next"), None);
    let mut clock = clock(at("2025-06-10T03:00:00Z"), Length::WorkingDays(3));
    clock.due = wib().due(&clock);
    let json = serde_json::to_value(&clock).unwrap();
    assert_eq!(json["length"], serde_json::json!({"working_days": 3}));
    assert_eq!(serde_json::from_value::<Clock>(json).unwrap(), clock);
}
