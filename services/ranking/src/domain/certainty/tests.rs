//! What the intervals promise, by simulation; and what they are in simple cases.

use super::normal::Normals;
use super::*;

/// Simulated tables in the tests of coverage, where many tables are assessed.
const FEW_DRAWS: usize = 199;
const TABLES: usize = 200;
const CITIES: usize = 98;
/// Of a share of 95 % in so many tables, two standard errors.
const DOUBT: f64 = 0.031;

fn estimates(of: &[(f64, f64)]) -> Vec<Estimate> {
    of.iter()
        .map(|(value, error)| Estimate::new(*value, *error).unwrap())
        .collect()
}

fn assessed(of: &[(f64, f64)]) -> Vec<Certainty> {
    assess(&estimates(of), Confidence(95), DRAWS, 1)
}

fn interval(from: usize, to: usize) -> Interval {
    Interval { from, to }
}

/// What was found in tables of cities whose scores are estimated with an error of 0.5, as that of 400 respondents is.
#[derive(Debug, Default)]
struct Found {
    /// Share of the single intervals that contain the true rank.
    single: f64,
    /// Share of the tables of which all single intervals do.
    all_single: f64,
    /// Share of the tables of which all joint intervals do.
    all_joint: f64,
    /// Mean number of ranks in the joint intervals.
    width: f64,
    /// The same when the critical value is taken in one step.
    single_step: f64,
}

/// `truth` makes a true score from a standard normal deviate.
fn simulate(truth: fn(f64) -> f64) -> Found {
    let mut normals = Normals::new(7);
    let (mut deviates, mut noise) = ([0.0; CITIES], [0.0; CITIES]);
    let mut found = Found::default();
    let share = |of: bool| f64::from(u8::from(of));
    for table in 0..TABLES {
        normals.fill(&mut deviates);
        normals.fill(&mut noise);
        let city = |(deviate, noise): (f64, f64)| {
            let value = truth(deviate);
            (value, Estimate::new(value + 0.5 * noise, 0.5).unwrap())
        };
        let mut cities: Vec<(f64, Estimate)> = deviates.into_iter().zip(noise).map(city).collect();
        cities.sort_by(|(_, one), (_, other)| other.value().total_cmp(&one.value()));
        let estimates: Vec<Estimate> = cities.iter().map(|(_, estimate)| *estimate).collect();
        let seed = table as u64;
        let certainties = assess(&estimates, Confidence(95), FEW_DRAWS, seed);
        let one_step = step_down::single_step(&estimates, 95, FEW_DRAWS, seed);
        let (mut all_single, mut all_joint) = (true, true);
        for ((value, own), certainty) in cities.iter().zip(&certainties) {
            let rank = 1 + cities.iter().filter(|(other, _)| other > value).count();
            let contains = |interval: Interval| (interval.from..=interval.to).contains(&rank);
            found.single += share(contains(certainty.single));
            all_single &= contains(certainty.single);
            all_joint &= contains(certainty.joint);
            found.width += (certainty.joint.to - certainty.joint.from + 1) as f64;
            let unlike = |other: &&Estimate| {
                other.is_surely_better(own, one_step) || own.is_surely_better(other, one_step)
            };
            found.single_step += (CITIES - estimates.iter().filter(unlike).count()) as f64;
        }
        found.all_single += share(all_single);
        found.all_joint += share(all_joint);
    }
    let (tables, rows) = (TABLES as f64, (TABLES * CITIES) as f64);
    let found = Found {
        single: found.single / rows,
        all_single: found.all_single / tables,
        all_joint: found.all_joint / tables,
        width: found.width / rows,
        single_step: found.single_step / rows,
    };
    println!("{found:?}");
    found
}

#[test]
fn the_intervals_cover_what_they_promise_where_scores_are_spread() {
    let found = simulate(|deviate| 4.0 * deviate);
    assert!((0.93..=0.97).contains(&found.single), "{found:?}");
    assert!(found.all_joint >= 0.95 - DOUBT, "{found:?}");
    // The single intervals promise nothing about the table, and don't keep it.
    assert!(found.all_single < 0.1, "{found:?}");
    assert!(found.width < found.single_step, "{found:?}");
}

#[test]
fn the_intervals_cover_what_they_promise_where_scores_are_close() {
    let found = simulate(|deviate| deviate);
    assert!((0.93..=0.97).contains(&found.single), "{found:?}");
    assert!(found.all_joint >= 0.95 - DOUBT, "{found:?}");
    assert!(found.all_single < 0.1, "{found:?}");
    assert!(found.width <= found.single_step, "{found:?}");
}

/// Here every wrong difference breaks the promise, so that it is kept exactly and not by far.
#[test]
fn the_joint_promise_is_kept_exactly_where_all_scores_are_equal() {
    let found = simulate(|_| 80.0);
    assert!(
        (0.95 - DOUBT..=0.95 + DOUBT).contains(&found.all_joint),
        "{found:?}"
    );
}

/// Here the step-down has the most to remove while half of the pairs can still be wrong.
#[test]
fn the_joint_promise_is_kept_after_the_step_down() {
    let found = simulate(|deviate| if deviate < 0.0 { 70.0 } else { 80.0 });
    assert!(found.all_joint >= 0.95 - DOUBT, "{found:?}");
    assert!(found.width <= found.single_step, "{found:?}");
}

#[test]
fn equal_estimates_share_their_intervals_and_their_group() {
    let found = assessed(&[(80.0, 0.5), (80.0, 0.5), (80.0, 0.5), (50.0, 0.5)]);
    for own in &found[..3] {
        assert_eq!((own.joint, own.group), (interval(1, 3), 1));
        assert_eq!(own.single, interval(1, 3));
    }
    assert_eq!(
        (found[3].joint, found[3].single, found[3].group),
        (interval(4, 4), interval(4, 4), 2)
    );
}

#[test]
fn scores_that_are_known_exactly_have_one_rank_and_ties_share_it() {
    let found = assessed(&[(3.0, 0.0), (2.0, 0.0), (2.0, 0.0), (1.0, 0.0)]);
    let singles: Vec<Interval> = found.iter().map(|own| own.single).collect();
    assert_eq!(
        singles,
        [interval(1, 1), interval(2, 2), interval(2, 2), interval(4, 4)]
    );
    let joints: Vec<Interval> = found.iter().map(|own| own.joint).collect();
    // Which one of the two is ahead would be decided by digits that are not published.
    assert_eq!(
        joints,
        [interval(1, 1), interval(2, 3), interval(2, 3), interval(4, 4)]
    );
    let groups: Vec<usize> = found.iter().map(|own| own.group).collect();
    assert_eq!(groups, [1, 2, 2, 3]);
}

#[test]
fn an_exact_score_is_compared_with_an_estimate() {
    let found = assessed(&[(81.0, 0.0), (80.0, 5.0)]);
    assert_eq!(found[0].joint, interval(1, 2));
    let found = assessed(&[(81.0, 0.0), (80.0, 0.1)]);
    assert_eq!((found[0].joint, found[1].joint), (interval(1, 1), interval(2, 2)));
}

#[test]
fn one_subject_has_one_rank_and_none_have_none() {
    let found = assessed(&[(80.0, 0.5)]);
    assert_eq!(
        (found[0].single, found[0].joint, found[0].group),
        (interval(1, 1), interval(1, 1), 1)
    );
    assert!(assessed(&[]).is_empty());
}

#[test]
fn only_finite_numbers_are_estimates() {
    for (value, error) in [
        (f64::NAN, 0.5),
        (80.0, f64::NAN),
        (f64::INFINITY, 0.5),
        (80.0, f64::INFINITY),
        (80.0, -0.5),
    ] {
        assert_eq!(Estimate::new(value, error), None, "{value} {error}");
    }
}

#[test]
fn confidence_is_one_of_three() {
    let known = [0, 80, 90, 95, 99, 100, -95].map(|percent| Confidence::of(percent).is_some());
    assert_eq!(known, [false, false, true, true, true, false, false]);
}

#[test]
fn more_confidence_never_narrows_an_interval() {
    let estimates: Vec<(f64, f64)> = (0..40).map(|n| (90.0 - f64::from(n) * 0.3, 0.5)).collect();
    let estimates = self::estimates(&estimates);
    let found = [90, 95, 99].map(|percent| assess(&estimates, Confidence(percent), DRAWS, 5));
    for [narrow, wide] in [[&found[0], &found[1]], [&found[1], &found[2]]] {
        for (narrow, wide) in narrow.iter().zip(wide) {
            for [narrow, wide] in [[narrow.single, wide.single], [narrow.joint, wide.joint]] {
                assert!(wide.from <= narrow.from && narrow.to <= wide.to);
            }
        }
    }
}

#[test]
fn who_is_surely_among_the_best_is_read_from_the_joint_interval() {
    let found = assessed(&[(90.0, 0.5), (89.9, 0.5), (80.0, 0.5), (79.9, 0.5)]);
    let best = |best| {
        let sure = found
            .iter()
            .map(|own| (own.is_among(best), own.is_not_among(best)));
        sure.collect::<Vec<_>>()
    };
    let [yes, no, open] = [(true, false), (false, true), (false, false)];
    assert_eq!(best(2), [yes, yes, no, no]);
    assert_eq!(best(1), [open, open, no, no]);
    assert_eq!(best(3), [yes, yes, open, open]);
    assert_eq!(best(4), [yes; 4]);
}

#[test]
fn the_critical_value_is_that_of_the_studentized_range() {
    // Upper 5 % points of the studentized range for 2, 3, 10 and 20 means and infinite degrees of freedom (Harter 1960),
    // divided by the root of 2.
    for (subjects, range) in [(2, 2.772), (3, 3.314), (10, 4.474), (20, 5.012)] {
        let estimates = estimates(&vec![(80.0, 0.7); subjects]);
        let critical = step_down::single_step(&estimates, 95, 9999, 3);
        let expected = range / std::f64::consts::SQRT_2;
        assert!(
            (critical / expected - 1.0).abs() < 0.03,
            "{subjects}: {critical} {expected}"
        );
    }
}

#[test]
fn the_same_estimates_give_the_same_bytes_on_every_platform() {
    let mut deviates = [0.0; 5];
    Normals::new(1).fill(&mut deviates);
    let expected = [
        4606655035457436903,
        13821962488553581301,
        13829650405712272406,
        4609644359816531065,
        4609479491045114689,
    ];
    assert_eq!(deviates.map(f64::to_bits), expected);
    let of = [(90.0, 0.5), (89.0, 0.4), (88.5, 0.8), (85.0, 0.3)];
    let hash = hash(&estimates(&of));
    assert_eq!(seed(&hash), 2575023351909352775);
    let critical = step_down::critical_value(&estimates(&of), 95, DRAWS, seed(&hash));
    assert_eq!(critical.to_bits(), 4612763255666429490);
    let other = super::hash(&estimates(&[
        (90.0, 0.5),
        (89.0, 0.4),
        (88.5, 0.8),
        (85.0, 0.30001),
    ]));
    assert_ne!(hash, other);
}
