//! The standard error and the 95 % confidence interval of an index, computed exactly and rounded once.
//!
//! An index is a sum of coefficients times means of elements, each over its own answers. The error of such a sum of
//! ratios is that of its linear residuals (Taylor linearization, the usual method of survey statistics): respondent r
//! has `z_r = Σ k_u (y_ru - m_u) / n_u` over the elements answered, and the variance is `n/(n-1) Σ z_r²`.
//!
//! The interval assumes that the respondents are a random sample. In simulations it covers the true index in 93 to 97 of 100
//! samples; with about 30 responses from a population in which most people are content and few are not, in only 91 or 92.

use num_bigint::BigInt;
use num_traits::{One, Zero};

use super::{moments::Moments, number, number::Rational, student};

/// Decimals of a standard error.
const ERROR_PLACES: u32 = 4;
/// Decimals of an interval, as many as those of the index.
const INTERVAL_PLACES: u32 = 2;
/// Decimals to which half the width of an interval is computed before the interval is rounded.
const WIDTH_PLACES: u32 = 12;

/// The published standard error and interval of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certainty {
    /// Standard error in index points, four decimals, half up.
    pub standard_error: String,
    /// Lower end of the 95 % interval, two decimals, not below the lowest possible index.
    pub low: String,
    /// Upper end, not above the highest possible index.
    pub high: String,
}

/// The sample size against its minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleStatus {
    /// There is no minimum.
    Undeclared,
    /// Fewer than the minimum.
    UnderMinimum,
    /// The minimum is reached.
    Met,
}

impl SampleStatus {
    /// Compares the number of respondents with the minimum, if there is one.
    pub fn of(respondents: i64, minimum: Option<i64>) -> Self {
        match minimum {
            None => SampleStatus::Undeclared,
            Some(minimum) if respondents < minimum => SampleStatus::UnderMinimum,
            Some(_) => SampleStatus::Met,
        }
    }
}

/// How the index is computed from the means of the elements.
#[derive(Debug, Clone, Copy)]
pub struct Weighing<'a> {
    /// Coefficient of the mean of each element, in the order of the elements; the index is the sum of the products.
    pub coefficients: &'a [Rational],
    /// Whether each element is weighted by its number of answers. The index is then the mean of all answers (times a
    /// constant), the coefficients vary with the sample, and residuals are taken from the mean of all answers.
    pub by_answers: bool,
}

/// The variance of an index with this weighting. A declared population (0 when none is declared) adds the finite
/// population correction `(N-n)/(N-1)`, unless it is smaller than the number of respondents and therefore wrong. `None`
/// with fewer than two responses and while an element has no answer.
pub fn variance(moments: &Moments, weighing: &Weighing<'_>, population: i64) -> Option<Rational> {
    let (respondents, coefficients) = (moments.rows(), weighing.coefficients);
    if respondents < 2 || coefficients.len() != moments.elements() {
        return None;
    }
    let centres = centres(moments, weighing.by_answers)?;
    // All residuals get one common denominator, so that the sum is one of integers and is reduced only once. Reducing each
    // product would take most of the time of an intake.
    let mut scaled = Vec::with_capacity(centres.len());
    for (u, (coefficient, (_, centre))) in coefficients.iter().zip(&centres).enumerate() {
        scaled.push(coefficient / (BigInt::from(moments.pair(u, u)?.answers) * BigInt::from(*centre)));
    }
    // The reduced fraction has the factors of this denominator that are not in the common one yet.
    let common = scaled.iter().fold(BigInt::one(), |common, one| {
        let beyond = Rational::new(one.denom().clone(), common.clone());
        common * beyond.numer()
    });
    let factors: Vec<BigInt> = scaled
        .iter()
        .map(|one| one.numer() * (&common / one.denom()))
        .collect();
    let mut sum = BigInt::zero();
    for (u, first) in factors.iter().enumerate() {
        for (v, second) in factors.iter().enumerate().skip(u) {
            let both = first * second * product(moments, &centres, u, v)?;
            sum += if u == v { both } else { both * 2 };
        }
    }
    let sum = Rational::new(sum, &common * &common);
    let variance = sum * Rational::new(respondents.into(), (respondents - 1).into());
    if population < respondents {
        return Some(variance);
    }
    Some(variance * Rational::new((population - respondents).into(), (population - 1).into()))
}

/// The mean from which the residuals of each element are taken, as sum and number of answers; `None` while an element has
/// no answer.
fn centres(moments: &Moments, by_answers: bool) -> Option<Vec<(i64, i64)>> {
    let own = (0..moments.elements()).map(|u| moments.pair(u, u).map(|p| (p.first, p.answers)));
    let own: Vec<(i64, i64)> = own.collect::<Option<_>>()?;
    if own.iter().any(|(_, answers)| *answers < 1) {
        return None;
    }
    if !by_answers {
        return Some(own);
    }
    let all = own.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Some(vec![all; own.len()])
}

/// `n_u n_v Σ (y_u - c_u)(y_v - c_v)` over the respondents who answered both elements; `n` is the number of answers of a
/// centre.
fn product(moments: &Moments, centres: &[(i64, i64)], u: usize, v: usize) -> Option<BigInt> {
    let both = moments.pair(u, v)?;
    let big = |n: i64| BigInt::from(n);
    let part = |at: usize| {
        centres
            .get(at)
            .map(|(total, answers)| (big(*total), big(*answers)))
    };
    let ((a, n), (b, m)) = (part(u)?, part(v)?);
    Some(
        big(both.product) * &n * &m - big(both.first) * &n * &b - big(both.second) * &m * &a
            + big(both.answers) * a * b,
    )
}

/// Standard error and interval of an index, given the lowest and the highest score. `None` as for [`variance`].
pub fn certainty(
    moments: &Moments,
    weighing: &Weighing<'_>,
    population: i64,
    scores: (u8, u8),
    index: &Rational,
) -> Option<Certainty> {
    let variance = variance(moments, weighing, population)?;
    let quantile = Rational::new(student::quantile(moments.rows() - 1)?.into(), 10_000.into());
    let width = root(&(&variance * &quantile * &quantile), WIDTH_PLACES);
    let weight: Rational = weighing.coefficients.iter().sum();
    let end = |score: u8| &weight * BigInt::from(score);
    let (least, most) = (end(scores.0), end(scores.1));
    let clip = |value: Rational| number::decimal(&value.clamp(least.clone(), most.clone()), INTERVAL_PLACES);
    Some(Certainty {
        standard_error: number::decimal(&root(&variance, ERROR_PLACES), ERROR_PLACES),
        low: clip(index - &width),
        high: clip(index + &width),
    })
}

/// The exact square root rounded half up to `places` decimals; 0 for a negative value.
pub fn root(value: &Rational, places: u32) -> Rational {
    let scale = BigInt::from(10).pow(places);
    if *value <= Rational::zero() {
        return Rational::zero();
    }
    // ⌊x + 1/2⌋ = ⌊(⌊2x⌋ + 1) / 2⌋, and ⌊2x⌋ is the integer square root of ⌊4x²⌋.
    let square: Rational = value * (&scale * &scale * BigInt::from(4));
    let twice = square.floor().to_integer().sqrt();
    let halves: BigInt = (twice + BigInt::one()) / BigInt::from(2);
    Rational::new(halves, scale)
}

#[cfg(test)]
#[path = "certainty_tests.rs"]
mod tests;
