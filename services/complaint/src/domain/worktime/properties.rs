//! Properties that hold for every calendar, week and pause.

use std::collections::BTreeSet;

use chrono::{NaiveTime, Timelike, Weekday};
use proptest::prelude::*;

use super::tests::{at, clock};
use super::*;
use crate::domain::calendar::{Holiday, HolidayKind};

/// Length of the range of instants, a year and a half, in microseconds.
const SPAN: i64 = 550 * 86_400_000_000;

fn start() -> DateTime<Utc> {
    at("2025-01-01T00:00:00Z")
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    // Whole hours are included, because they coincide with opening and closing times.
    prop_oneof![
        (0..SPAN).prop_map(|micros| start() + TimeDelta::microseconds(micros)),
        (0..SPAN / 3_600_000_000).prop_map(|hours| start() + TimeDelta::hours(hours)),
    ]
}

fn calendar(days: &BTreeSet<i64>) -> Arc<Calendar> {
    let holiday = |day: &i64| Holiday {
        date: start().date_naive() + TimeDelta::days(*day),
        kind: HolidayKind::LiburNasional,
        name: "Libur".into(),
    };
    Arc::new(Calendar::new(days.iter().map(holiday), 2025..=2026, 1))
}

fn off() -> impl Strategy<Value = BTreeSet<i64>> {
    prop::collection::btree_set(0..700i64, 0..80)
}

fn time(minute: u32) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap()
}

fn hours() -> impl Strategy<Value = Hours> {
    let day = prop::option::weighted(
        0.8,
        (0..1439u32).prop_flat_map(|open| (Just(open), open + 1..1440)),
    );
    let week = prop::collection::vec(day, 7);
    (prop::sample::select(Zone::ALL.to_vec()), week).prop_filter_map("no working day", |(zone, days)| {
        let mut week: Week = [None; 7];
        for (slot, day) in week.iter_mut().zip(days) {
            *slot = day.map(|(open, close)| (time(open), time(close)));
        }
        Hours::new(zone, week).ok()
    })
}

fn rule() -> impl Strategy<Value = FirstDay> {
    prop_oneof![Just(FirstDay::NextWorkingDay), Just(FirstDay::SameDay)]
}

prop_compose! {
    fn work()(off in off(), hours in hours(), rule in rule()) -> WorkTime {
        WorkTime::new(calendar(&off), hours, rule)
    }
}

prop_compose! {
    fn pause()(from in instant(), days in 0..12i64, micros in 0..86_400_000_000i64) -> Pause {
        Pause { from, to: Some(from + TimeDelta::days(days) + TimeDelta::microseconds(micros)) }
    }
}

/// The hours of a day, determined without the code under test.
fn open(work: &WorkTime, day: NaiveDate) -> Option<(NaiveTime, NaiveTime)> {
    let weekday = [
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
        Weekday::Sat,
        Weekday::Sun,
    ]
    .iter()
    .position(|w| *w == day.weekday())
    .unwrap();
    work.hours().week()[weekday].filter(|_| !work.calendar().is_off(day))
}

/// Working time, added up day by day.
fn walked(work: &WorkTime, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
    let offset = work.hours().zone().offset();
    let (from, to) = ((from + offset).naive_utc(), (to + offset).naive_utc());
    let days = from.date().iter_days().take_while(|day| *day <= to.date());
    days.filter_map(|day| {
        let (open, close) = open(work, day)?;
        let (open, close) = (day.and_time(open).max(from), day.and_time(close).min(to));
        (open < close).then(|| close - open)
    })
    .sum()
}

proptest! {
    #[test]
    fn working_time_equals_the_sum_over_the_days(work in work(), a in instant(), b in instant()) {
        let (from, to) = (a.min(b), a.max(b));
        let expected = walked(&work, from, to);
        prop_assert_eq!(work.worked(from, to), expected);
        prop_assert_eq!(work.worked(to, from), -expected);
    }

    #[test]
    fn a_due_day_equals_the_one_counted_day_by_day(work in work(), from in instant(), n in 0u32..80) {
        let start = work.day(from);
        let today = n == 0 || work.first_day == FirstDay::SameDay;
        let mut days = start.iter_days().skip(usize::from(!today)).filter(|day| open(&work, *day).is_some());
        let expected = days.nth(usize::try_from(n.max(1)).unwrap() - 1).unwrap();
        let (due, provisional) = work.due_day(start, n);
        prop_assert_eq!(due, expected);
        prop_assert_eq!(provisional, expected.year() > 2026);
        prop_assert!(work.is_working_day(due));
    }

    #[test]
    fn a_due_time_is_a_closing_time_after_the_event(work in work(), from in instant(), n in 0u32..80) {
        let due = work.due(&clock(from, Length::WorkingDays(n))).unwrap();
        prop_assert!(due.at > from);
        let local = (due.at + work.hours().zone().offset()).naive_utc();
        prop_assert_eq!(open(&work, local.date()).unwrap().1, local.time());
    }

    #[test]
    fn a_later_event_is_never_due_earlier(
        work in work(), a in instant(), b in instant(), n in 0u32..80, pause in pause(), days in any::<bool>(),
    ) {
        let length = if days { Length::Days(n) } else { Length::WorkingDays(n) };
        let (first, second) = (a.min(b), a.max(b));
        let (mut earlier, mut later) = (clock(first, length), clock(second, length));
        prop_assert!(work.due(&earlier).unwrap().at <= work.due(&later).unwrap().at);
        // Both clocks are running when the pause begins, so both count all of it.
        if second <= pause.from {
            earlier.pauses.push(pause);
            later.pauses.push(pause);
            prop_assert!(work.due(&earlier).unwrap().at <= work.due(&later).unwrap().at);
        }
    }

    #[test]
    fn more_days_never_make_a_deadline_earlier(
        work in work(), from in instant(), n in 0u32..80, pauses in prop::collection::vec(pause(), 0..4), days in any::<bool>(),
    ) {
        let due = |n| {
            let mut clock = clock(from, if days { Length::Days(n) } else { Length::WorkingDays(n) });
            clock.pauses.clone_from(&pauses);
            work.due(&clock).unwrap().at
        };
        prop_assert!(due(n) <= due(n + 1));
        prop_assert!(n == 0 || due(n) < due(n + 1));
    }

    #[test]
    fn a_pause_adds_exactly_the_paused_working_time(
        work in work(), from in instant(), n in 0u32..40, after in 0..50i64, micros in 0..86_400_000_000i64, length in 0..20i64,
    ) {
        let mut clock = clock(from, Length::WorkingDays(n));
        let without = work.due(&clock).unwrap().at;
        // The pause may begin a few days before the clock.
        let begins = from + TimeDelta::days(after - 5) + TimeDelta::microseconds(micros);
        let ends = begins + TimeDelta::days(length) + TimeDelta::microseconds(micros / 2);
        clock.pauses.push(Pause { from: begins, to: Some(ends) });
        let with = work.due(&clock).unwrap().at;
        let counts = begins < without && from < ends;
        let expected = if counts { walked(&work, begins.max(from), ends) } else { TimeDelta::zero() };
        prop_assert_eq!(work.worked(without, with), expected);
        prop_assert!(with >= without);
        // The due time never lies within the pause that moved it.
        prop_assert!(expected.is_zero() || with > ends);
    }

    #[test]
    fn separate_pauses_add_up_in_any_order(
        work in work(), from in instant(), n in 1u32..40,
        gaps in prop::collection::vec((1..200_000_000_000i64, 1..300_000_000_000i64), 1..5), turn in 0usize..5,
    ) {
        let mut clock = clock(from, Length::WorkingDays(n));
        let mut at = from;
        let mut expected = work.due(&clock).unwrap().at;
        for (gap, length) in gaps {
            let begins = at + TimeDelta::microseconds(gap);
            at = begins + TimeDelta::microseconds(length);
            clock.pauses.push(Pause { from: begins, to: Some(at) });
            if begins < expected {
                expected = work.after(expected, walked(&work, begins, at));
            }
        }
        prop_assert_eq!(work.due(&clock).unwrap().at, expected);
        let count = clock.pauses.len();
        clock.pauses.rotate_left(turn % count);
        prop_assert_eq!(work.due(&clock).unwrap().at, expected);
        clock.pauses.reverse();
        prop_assert_eq!(work.due(&clock).unwrap().at, expected);
    }

    #[test]
    fn overlapping_pauses_count_once(work in work(), from in instant(), n in 0u32..40, a in pause(), b in pause()) {
        let due = |pauses: Vec<Pause>| {
            work.due(&Clock { pauses, ..clock(from, Length::WorkingDays(n)) }).unwrap()
        };
        prop_assert_eq!(due(vec![a, b]), due(vec![b, a]));
        prop_assert_eq!(due(vec![a, a]), due(vec![a]));
        if a.from <= b.from && b.from <= a.to.unwrap() {
            let union = Pause { from: a.from, to: a.to.max(b.to) };
            prop_assert_eq!(due(vec![a, b]), due(vec![union]));
        }
    }

    #[test]
    fn after_and_worked_are_inverse_functions(work in work(), from in instant(), micros in 0..3_000_000_000_000i64, to in instant()) {
        let time = TimeDelta::microseconds(micros);
        let after = work.after(from, time);
        prop_assert_eq!(work.worked(from, after), time);
        if micros > 0 {
            let before = after - TimeDelta::microseconds(1);
            prop_assert!(work.worked(from, before) < time, "an earlier instant would do");
        }
        if from <= to {
            // The result is `to` itself, or the closing before it when `to` is outside the working hours.
            let back = work.after(from, work.worked(from, to));
            prop_assert!(back <= to);
            prop_assert_eq!(work.worked(back, to), TimeDelta::zero());
        }
    }

    #[test]
    fn working_time_is_additive(work in work(), a in instant(), b in instant(), c in instant()) {
        prop_assert_eq!(work.worked(a, b) + work.worked(b, c), work.worked(a, c));
        prop_assert_eq!(work.days_between(a, b) + work.days_between(b, c), work.days_between(a, c));
    }

    #[test]
    fn days_between_inverts_shift(work in work(), from in instant(), n in 1i32..40) {
        let later = work.shift(from, n);
        prop_assert_eq!(work.days_between(from, later), i64::from(n));
        prop_assert!(later > from);
        let earlier = work.shift(from, -n);
        prop_assert!(earlier < from);
        let own = i64::from(work.is_working_day(work.day(from)));
        prop_assert_eq!(work.days_between(earlier, from), i64::from(n) - 1 + own);
        for at in [earlier, later] {
            let local = (at + work.hours().zone().offset()).naive_utc();
            let (open, close) = open(&work, local.date()).unwrap();
            prop_assert!((open..=close).contains(&local.time()));
        }
        prop_assert!(work.shift(from, n + 1) > later && work.shift(from, -n - 1) < earlier);
    }

    #[test]
    fn an_additional_holiday_never_makes_a_deadline_earlier(
        off in off(), hours in hours(), rule in rule(), from in instant(), n in 0u32..60, more in 0..700i64,
        pauses in prop::collection::vec(pause(), 0..3), length in 60u32..600,
    ) {
        let mut with = off.clone();
        with.insert(more);
        let due = |off: &BTreeSet<i64>, hours, pauses: &[Pause]| {
            let clock = Clock { pauses: pauses.to_vec(), ..clock(from, Length::WorkingDays(n)) };
            WorkTime::new(calendar(off), hours, rule).due(&clock).unwrap().at
        };
        prop_assert!(due(&off, hours, &[]) <= due(&with, hours, &[]));
        // With pauses the property holds only if all days are equally long: working time that moves from a long to a
        // short day needs more days.
        let mut week = *hours.week();
        for day in week.iter_mut().flatten() {
            let open = day.0.num_seconds_from_midnight() / 60 % 800;
            *day = (time(open), time(open + length));
        }
        let even = Hours::new(hours.zone(), week).unwrap();
        // The day of the event is not counted, yet a pause on it adds its working time, unless it is a holiday.
        let own = (from + even.zone().offset()).date_naive();
        if start().date_naive() + TimeDelta::days(more) != own {
            prop_assert!(due(&off, even, &pauses) <= due(&with, even, &pauses));
        }
    }

    #[test]
    fn equal_calendars_give_equal_results(
        off in off(), hours in hours(), rule in rule(), from in instant(), n in 0u32..60, pauses in prop::collection::vec(pause(), 0..3),
    ) {
        let one = calendar(&off);
        let other = Calendar::new(one.holidays().cloned().collect::<Vec<_>>().into_iter().rev(), 2025..=2026, 1);
        prop_assert_eq!(&*one, &other);
        let clock = Clock { pauses, ..clock(from, Length::WorkingDays(n)) };
        let first = WorkTime::new(one, hours, rule).due(&clock);
        prop_assert_eq!(first, WorkTime::new(Arc::new(other), hours, rule).due(&clock));
    }

    #[test]
    fn a_time_zone_only_shifts_the_local_time(
        off in off(), rule in rule(), from in instant(), n in 0u32..60, pauses in prop::collection::vec(pause(), 0..3),
    ) {
        // Events at the same local time are due at the same local time, in every season.
        let calendar = calendar(&off);
        let due = |zone: Zone| {
            let moved = |at: DateTime<Utc>| at - zone.offset();
            let pauses = pauses.iter().map(|p| Pause { from: moved(p.from), to: p.to.map(moved) }).collect();
            let clock = Clock { pauses, ..clock(moved(from), Length::WorkingDays(n)) };
            let work = WorkTime::new(Arc::clone(&calendar), Hours::usual(zone), rule);
            work.due(&clock).unwrap().at + zone.offset()
        };
        prop_assert_eq!(due(Zone::Wib), due(Zone::Wita));
        prop_assert_eq!(due(Zone::Wib), due(Zone::Wit));
    }
}
