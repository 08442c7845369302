//! Which subjects are surely better than which others, all of these at once.
//!
//! For each ordered pair the hypothesis is that the first one is not better. It is rejected when its difference exceeds
//! `critical` standard errors, where in 95 of 100 simulated tables no pair does so by its error alone. The value is then taken
//! anew over the pairs whose hypothesis still stands, which is smaller, until no other one is rejected (step-down after Romano
//! and Wolf). The hypothesis of the reverse pair stays among them: so the probability of any wrong rejection is at most 5 %
//! whatever the true scores are.

use super::estimate::{Estimate, position};
use super::normal::Normals;

/// One subject in a simulated table.
#[derive(Clone, Copy)]
struct Drawn {
    estimate: Estimate,
    variance: f64,
    /// The simulated error of its score.
    error: f64,
    /// The square of the same in standard errors.
    square: f64,
}

/// By how many standard errors of the difference one subject must exceed another one to be surely better.
pub fn critical_value(estimates: &[Estimate], percent: u32, draws: usize, seed: u64) -> f64 {
    let mut critical = single_step(estimates, percent, draws, seed);
    loop {
        let next = over_pairs(estimates, percent, draws, seed, Some(critical));
        if next >= critical {
            return critical;
        }
        critical = next;
    }
}

/// The same in one step, over all pairs.
pub fn single_step(estimates: &[Estimate], percent: u32, draws: usize, seed: u64) -> f64 {
    over_pairs(estimates, percent, draws, seed, None)
}

/// The quantile of the largest difference of two simulated errors, in standard errors, over the pairs whose hypothesis is not
/// rejected at `rejected`.
fn over_pairs(estimates: &[Estimate], percent: u32, draws: usize, seed: u64, rejected: Option<f64>) -> f64 {
    let mut normals = Normals::new(seed);
    let mut deviates = vec![0.0; estimates.len()];
    let mut drawn = Vec::with_capacity(estimates.len());
    let mut largest = Vec::with_capacity(draws);
    for _ in 0..draws {
        normals.fill(&mut deviates);
        drawn.clear();
        drawn.extend(estimates.iter().zip(&deviates).map(|(estimate, deviate)| Drawn {
            estimate: *estimate,
            variance: estimate.error() * estimate.error(),
            error: estimate.error() * deviate,
            square: deviate * deviate,
        }));
        largest.push(largest_square(&mut drawn, rejected));
    }
    largest.sort_unstable_by(f64::total_cmp);
    let square = largest.get(position(draws, 2 * percent as usize));
    square.map_or(f64::INFINITY, |square| square.sqrt())
}

/// The square of the largest difference, in standard errors. By the inequality of Cauchy and Schwarz it is at most the sum of
/// the squares of the two subjects, so that only the largest of these have to be paired.
fn largest_square(drawn: &mut [Drawn], rejected: Option<f64>) -> f64 {
    drawn.sort_unstable_by(|one, other| other.square.total_cmp(&one.square));
    let mut largest = 0.0;
    let mut rest: &[Drawn] = drawn;
    while let Some((one, others)) = rest.split_first() {
        rest = others;
        let may_exceed = |other: &&Drawn, largest: f64| one.square + other.square > largest;
        if others.first().is_none_or(|other| !may_exceed(&other, largest)) {
            break;
        }
        for other in others {
            if !may_exceed(&other, largest) {
                break;
            }
            let difference = one.error - other.error;
            let square = difference * difference / (one.variance + other.variance);
            let (higher, lower) = match difference > 0.0 {
                true => (one, other),
                false => (other, one),
            };
            let stands = |critical| !higher.estimate.is_surely_better(&lower.estimate, critical);
            // Two that are known exactly have no error: 0 divided by 0 exceeds nothing.
            if square > largest && rejected.is_none_or(stands) {
                largest = square;
            }
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same over all pairs.
    fn of_all_pairs(drawn: &[Drawn], rejected: Option<f64>) -> f64 {
        let mut largest: f64 = 0.0;
        for one in drawn {
            for other in drawn {
                let difference = one.error - other.error;
                let stands =
                    rejected.is_none_or(|critical| !one.estimate.is_surely_better(&other.estimate, critical));
                if difference > 0.0 && stands {
                    largest = largest.max(difference * difference / (one.variance + other.variance));
                }
            }
        }
        largest
    }

    #[test]
    fn pairs_that_are_left_out_have_no_larger_difference() {
        let mut normals = Normals::new(11);
        let (mut values, mut sizes, mut deviates) = ([0.0; 60], [0.0; 60], [0.0; 60]);
        for table in 0..300 {
            for numbers in [&mut values, &mut sizes, &mut deviates] {
                normals.fill(numbers);
            }
            let all = values.iter().zip(sizes).zip(deviates);
            let mut drawn: Vec<Drawn> = all
                .take(2 + table % 59)
                .map(|((value, size), deviate)| {
                    // Every tenth one or so is known exactly.
                    let error = if size > 1.3 { 0.0 } else { size.abs() };
                    Drawn {
                        estimate: Estimate::new(4.0 * value, error).unwrap(),
                        variance: error * error,
                        error: error * deviate,
                        square: deviate * deviate,
                    }
                })
                .collect();
            for rejected in [None, Some(4.0), Some(2.0), Some(0.5)] {
                let expected = of_all_pairs(&drawn, rejected);
                assert_eq!(
                    largest_square(&mut drawn, rejected),
                    expected,
                    "{table} {rejected:?}"
                );
            }
        }
    }
}
