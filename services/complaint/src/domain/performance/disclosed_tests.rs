//! Tests of the disclosure rules.

use proptest::prelude::*;

use super::*;

const STEP: i64 = 5;

/// A histogram with the given number of ratings for each number of stars, from one star on.
fn rated(counts: [i64; 5]) -> Histogram {
    let mut ratings = Histogram::default();
    (1..)
        .zip(counts)
        .for_each(|(stars, count)| ratings.add(stars, count));
    ratings
}

#[test]
fn nothing_is_published_about_fewer_raters_than_a_step() {
    let none = Histogram::default();
    for few in [[0, 0, 0, 1, 0], [1, 1, 1, 1, 0]] {
        assert_eq!(rated(few).publish_after(&none, STEP), none);
        assert_eq!(rated(few).publish_after(&none, 1), rated(few));
    }
    assert_eq!(
        rated([1, 1, 1, 1, 1]).publish_after(&none, STEP),
        rated([1, 1, 1, 1, 1])
    );
}

#[test]
fn published_ratings_stay_until_a_step_of_people_has_changed_them() {
    let published = rated([0, 0, 0, 0, 5]);
    for same in [[1, 0, 0, 0, 5], [4, 0, 0, 0, 5], [1, 0, 0, 0, 4], [4, 0, 0, 0, 1]] {
        assert_eq!(rated(same).publish_after(&published, STEP), published);
    }
    let moved = rated([5, 0, 0, 0, 5]);
    assert_eq!(moved.publish_after(&published, STEP), moved);
    // All five people have rated again.
    assert_eq!(
        rated([5, 0, 0, 0, 0]).publish_after(&published, STEP),
        rated([5, 0, 0, 0, 0])
    );
    // Nothing is published about the fewer people who remain, nor about the one who rates again later.
    let many = rated([0, 0, 0, 0, 8]);
    let published = rated([0, 0, 0, 0, 3]).publish_after(&many, STEP);
    assert_eq!(published, many);
    assert_eq!(rated([0, 0, 0, 0, 5]).publish_after(&published, STEP), many);
}

proptest! {
    #[test]
    fn different_published_ratings_are_a_step_of_people_apart(
        steps in prop::collection::vec((0..12usize, 0..6i64), 1..80), step in 1..7i64,
    ) {
        // The rating of each of twelve people; 0 means none.
        let mut people = [0; 12];
        let mut published = Histogram::default();
        let mut then = people;
        for (who, stars) in steps {
            people[who] = stars;
            let mut now = Histogram::default();
            people.iter().filter(|stars| **stars > 0).for_each(|stars| now.add(*stars, 1));
            let next = now.publish_after(&published, step);
            prop_assert!(next.count() == 0 || next.count() >= step);
            if next != published {
                let changed = people.iter().zip(&then).filter(|(a, b)| a != b).count();
                prop_assert!(i64::try_from(changed).unwrap() >= step);
                (published, then) = (next, people);
            }
        }
    }

    #[test]
    fn a_published_count_is_rounded_down_to_full_steps(
        all in prop::array::uniform12(0..30i64), step in 1..7i64,
    ) {
        let counts = |of: [i64; 12]| Counts {
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
            late: of[10],
            in_time: of[11],
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
        let published = figures.disclosed(step, Averages::Year { ratings: ratings.clone() });
        prop_assert_eq!(published.all, counts(all.map(|n| n / step * step)));
        prop_assert_eq!(published.sp4n, published.all);
        let group = group_step(step);
        prop_assert_eq!(published.by_channel["sms"].counts, counts(all.map(|n| n / group * group)));
        prop_assert_eq!(published.by_channel["sms"].days.count(), 0);
        prop_assert_eq!((published.days.count(), published.response_hours.count()), (0, 0));
        prop_assert_eq!(published.ratings, ratings);
    }
}

/// The lowest and the highest count that a month may have, given what is published about three months and their
/// quarter.
fn bounds(published: [i64; 3], quarter: i64, month: usize) -> (i64, i64) {
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for spare in 0..STEP.pow(3) {
        let months = [0, 1, 2].map(|n| published[n] + spare / STEP.pow(u32::try_from(n).unwrap()) % STEP);
        if full_steps(months.iter().sum(), STEP) == quarter {
            least = least.min(months[month]);
            most = most.max(months[month]);
        }
    }
    (least, most)
}

#[test]
fn the_count_of_a_month_cannot_be_derived_from_the_quarter_and_the_other_months() {
    for months in (0..12i64.pow(3)).map(|n| [n % 12, n / 12 % 12, n / 144]) {
        let published = months.map(|n| full_steps(n, STEP));
        let quarter = full_steps(months.iter().sum(), STEP);
        for month in 0..3 {
            let (least, most) = bounds(published, quarter, month);
            assert!(least < most, "{months:?}");
            assert!((least..=most).contains(&months[month]));
        }
    }
}
