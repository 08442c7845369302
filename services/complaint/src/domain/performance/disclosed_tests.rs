//! Rules of disclosure, as tests.

use proptest::prelude::*;

use super::*;

const STEP: i64 = 5;

/// So many ratings of each number of stars, from one on.
fn rated(counts: [i64; 5]) -> Histogram {
    let mut ratings = Histogram::default();
    (1..)
        .zip(counts)
        .for_each(|(stars, count)| ratings.add(stars, count));
    ratings
}

#[test]
fn nothing_is_told_of_fewer_raters_than_a_step() {
    let none = Histogram::default();
    for few in [[0, 0, 0, 1, 0], [1, 1, 1, 1, 0]] {
        assert_eq!(rated(few).after(&none, STEP), none);
        assert_eq!(rated(few).after(&none, 1), rated(few));
    }
    assert_eq!(rated([1, 1, 1, 1, 1]).after(&none, STEP), rated([1, 1, 1, 1, 1]));
}

#[test]
fn ratings_stay_as_they_were_told_until_a_step_of_people_has_changed_them() {
    let told = rated([0, 0, 0, 0, 5]);
    for same in [[1, 0, 0, 0, 5], [4, 0, 0, 0, 5], [1, 0, 0, 0, 4], [4, 0, 0, 0, 1]] {
        assert_eq!(rated(same).after(&told, STEP), told);
    }
    let moved = rated([5, 0, 0, 0, 5]);
    assert_eq!(moved.after(&told, STEP), moved);
    // All five rated anew.
    assert_eq!(rated([5, 0, 0, 0, 0]).after(&told, STEP), rated([5, 0, 0, 0, 0]));
    // Nothing is told of the fewer who are left, nor of the one who comes back to them.
    let many = rated([0, 0, 0, 0, 8]);
    let told = rated([0, 0, 0, 0, 3]).after(&many, STEP);
    assert_eq!(told, many);
    assert_eq!(rated([0, 0, 0, 0, 5]).after(&told, STEP), many);
}

proptest! {
    #[test]
    fn two_states_of_ratings_that_differ_are_a_step_of_people_apart(
        steps in prop::collection::vec((0..12usize, 0..6i64), 1..80), step in 1..7i64,
    ) {
        // What each of twelve people has rated; 0 is nothing.
        let mut people = [0; 12];
        let mut told = Histogram::default();
        let mut then = people;
        for (who, stars) in steps {
            people[who] = stars;
            let mut now = Histogram::default();
            people.iter().filter(|stars| **stars > 0).for_each(|stars| now.add(*stars, 1));
            let next = now.after(&told, step);
            prop_assert!(next.count() == 0 || next.count() >= step);
            if next != told {
                let changed = people.iter().zip(&then).filter(|(a, b)| a != b).count();
                prop_assert!(i64::try_from(changed).unwrap() >= step);
                (told, then) = (next, people);
            }
        }
    }

    #[test]
    fn a_count_that_is_told_is_full_steps_of_that_there_is(
        all in prop::array::uniform10(0..30i64), step in 1..7i64,
    ) {
        let counts = |of: [i64; 10]| Counts {
            received: of[0],
            archived: of[1],
            merged: of[2],
            verified: of[3],
            verified_in_time: of[4],
            resolved: of[5],
            resolved_in_time: of[6],
            overdue: of[7],
            open: of[8],
            reopened: of[9],
        };
        let figures = Figures {
            all: counts(all),
            sp4n: counts(all),
            by_channel: [("sms", Group { counts: counts(all), days: rated([9; 5]) })].into(),
            response_hours: rated([9; 5]),
            days: rated([0, 0, 0, 0, step - 1]),
            ..Figures::default()
        };
        let ratings = rated([9; 5]);
        let told = figures.disclosed(step, Means::OfAYear { ratings: ratings.clone() });
        prop_assert_eq!(told.all, counts(all.map(|n| n / step * step)));
        prop_assert_eq!(told.sp4n, told.all);
        let group = group_step(step);
        prop_assert_eq!(told.by_channel["sms"].counts, counts(all.map(|n| n / group * group)));
        prop_assert_eq!(told.by_channel["sms"].days.count(), 0);
        prop_assert_eq!((told.days.count(), told.response_hours.count()), (0, 0));
        prop_assert_eq!(told.ratings, ratings);
    }
}

/// Smallest and largest count that a month may have, given what is told of three months and of their quarter.
fn bounds(told: [i64; 3], quarter: i64, month: usize) -> (i64, i64) {
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for spare in 0..STEP.pow(3) {
        let months = [0, 1, 2].map(|n| told[n] + spare / STEP.pow(u32::try_from(n).unwrap()) % STEP);
        if full_steps(months.iter().sum(), STEP) == quarter {
            least = least.min(months[month]);
            most = most.max(months[month]);
        }
    }
    (least, most)
}

#[test]
fn no_count_of_a_month_follows_from_the_quarter_and_the_other_months() {
    for months in (0..12i64.pow(3)).map(|n| [n % 12, n / 12 % 12, n / 144]) {
        let told = months.map(|n| full_steps(n, STEP));
        let quarter = full_steps(months.iter().sum(), STEP);
        for month in 0..3 {
            let (least, most) = bounds(told, quarter, month);
            assert!(least < most, "{months:?}");
            assert!((least..=most).contains(&months[month]));
        }
    }
}
