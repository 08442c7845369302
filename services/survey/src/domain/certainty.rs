//! The standard error and the 95 % confidence interval of an index, computed exactly and rounded once.
//!
//! An index is a sum of coefficients times means of elements, each over its own answers. The error of such a sum of
//! ratios is that of its linear residuals (Taylor linearization, the usual method of survey statistics): respondent r
//! has `z_r = Σ k_u (y_ru - m_u) / n_u` over the elements answered, and the variance is `n/(n-1) Σ z_r²`.
//!
//! The interval assumes that the respondents are a random sample. In simulations it covers the true index in 93 to 97 of 100
//! samples; with about 30 responses from a population in which most people are content and few are not, in only 91 or 92.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

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

/// A fraction that is not in lowest terms. Reducing it would take longer than all the sums that it is made of, and neither
/// a square root nor a rounding needs it.
#[derive(Debug)]
struct Unreduced {
    numer: BigInt,
    denom: BigInt,
}

/// The variance of an index with this weighting. A declared population (0 when none is declared) adds the finite
/// population correction `(N-n)/(N-1)`, unless it is smaller than the number of respondents and therefore wrong. `None`
/// with fewer than two responses and while an element has no answer.
pub fn variance(moments: &Moments, weighing: &Weighing<'_>, population: i64) -> Option<Rational> {
    let Unreduced { numer, denom } = unreduced_variance(moments, weighing, population)?;
    Some(Rational::new(numer, denom))
}

fn unreduced_variance(moments: &Moments, weighing: &Weighing<'_>, population: i64) -> Option<Unreduced> {
    let (respondents, coefficients) = (moments.rows(), weighing.coefficients);
    if respondents < 2 || coefficients.len() != moments.elements() {
        return None;
    }
    let centres = centres(moments, weighing.by_answers)?;
    let squares = machine_squares(moments, coefficients, &centres)
        .or_else(|| exact_squares(moments, coefficients, &centres))?;
    let Unreduced { mut numer, mut denom } = squares;
    numer *= respondents;
    denom *= respondents - 1;
    if population >= respondents {
        numer *= population - respondents;
        denom *= population - 1;
    }
    Some(Unreduced { numer, denom })
}

/// The sum of the squared residuals in machine integers; `None` when it does not fit into them, such as when the
/// numbers of answers differ between many elements.
fn machine_squares(
    moments: &Moments,
    coefficients: &[Rational],
    centres: &[(i64, i64)],
) -> Option<Unreduced> {
    let small = |n: &BigInt| n.to_i128();
    let mut scaled = Vec::with_capacity(centres.len());
    for (u, (coefficient, (_, centre))) in coefficients.iter().zip(centres).enumerate() {
        let denom = small(coefficient.denom())?
            .checked_mul(moments.pair(u, u)?.answers.into())?
            .checked_mul((*centre).into())?;
        scaled.push((small(coefficient.numer())?, denom));
    }
    // All residuals are brought to one denominator.
    let common = scaled.iter().try_fold(1_i128, |common, (_, denom)| {
        common.checked_mul(denom / common.gcd(denom))
    })?;
    let factors: Vec<i128> = scaled
        .iter()
        .map(|(numer, denom)| numer.checked_mul(common / denom))
        .collect::<Option<_>>()?;
    let mut sum = 0_i128;
    for (u, first) in factors.iter().enumerate() {
        for (v, second) in factors.iter().enumerate().skip(u) {
            let twice = if u == v { 1 } else { 2 };
            let product = machine_product(moments, centres, u, v)?;
            let both = first.checked_mul(*second)?.checked_mul(product)?;
            sum = sum.checked_add(both.checked_mul(twice)?)?;
        }
    }
    let common = BigInt::from(common);
    Some(Unreduced {
        numer: sum.into(),
        denom: &common * &common,
    })
}

/// The same sum in integers of any size.
fn exact_squares(moments: &Moments, coefficients: &[Rational], centres: &[(i64, i64)]) -> Option<Unreduced> {
    let mut scaled = Vec::with_capacity(centres.len());
    for (u, (coefficient, (_, centre))) in coefficients.iter().zip(centres).enumerate() {
        let answers = BigInt::from(moments.pair(u, u)?.answers) * *centre;
        scaled.push((coefficient.numer(), coefficient.denom() * answers));
    }
    let common = scaled
        .iter()
        .fold(BigInt::one(), |common, (_, denom)| common.lcm(denom));
    let factors: Vec<BigInt> = scaled
        .iter()
        .map(|(numer, denom)| *numer * (&common / denom))
        .collect();
    let mut sum = BigInt::zero();
    for (u, first) in factors.iter().enumerate() {
        for (v, second) in factors.iter().enumerate().skip(u) {
            let both = first * second * product(moments, centres, u, v)?;
            sum += if u == v { both } else { both * 2 };
        }
    }
    Some(Unreduced {
        numer: sum,
        denom: &common * &common,
    })
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

/// As [`product`], in machine integers.
fn machine_product(moments: &Moments, centres: &[(i64, i64)], u: usize, v: usize) -> Option<i128> {
    let both = moments.pair(u, v)?;
    let part = |at: usize| centres.get(at).map(|(a, n)| (i128::from(*a), i128::from(*n)));
    let ((a, n), (b, m)) = (part(u)?, part(v)?);
    let term = |sum: i64, one: i128, other: i128| one.checked_mul(other)?.checked_mul(sum.into());
    term(both.product, n, m)?
        .checked_sub(term(both.first, n, b)?)?
        .checked_sub(term(both.second, m, a)?)?
        .checked_add(term(both.answers, a, b)?)
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

/// Standard error and interval of an index whose lowest and highest score are given. `None` with fewer than two responses
/// and while an element has no answer.
pub fn certainty(
    moments: &Moments,
    weighing: &Weighing<'_>,
    population: i64,
    scores: (u8, u8),
    index: &Rational,
) -> Option<Certainty> {
    let variance = unreduced_variance(moments, weighing, population)?;
    let quantile = student::quantile(moments.rows() - 1)?;
    let width = root_of(
        &(&variance.numer * quantile * quantile),
        &(&variance.denom * 100_000_000),
        WIDTH_PLACES,
    );
    let weight: Rational = weighing.coefficients.iter().sum();
    let end = |score: u8| &weight * BigInt::from(score);
    let (least, most) = (end(scores.0), end(scores.1));
    let clip = |value: Rational| number::decimal(&value.clamp(least.clone(), most.clone()), INTERVAL_PLACES);
    Some(Certainty {
        standard_error: number::decimal(
            &root_of(&variance.numer, &variance.denom, ERROR_PLACES),
            ERROR_PLACES,
        ),
        low: clip(index - &width),
        high: clip(index + &width),
    })
}

/// The exact square root rounded half up to `places` decimals; 0 for a negative value.
pub fn root(value: &Rational, places: u32) -> Rational {
    root_of(value.numer(), value.denom(), places)
}

/// The same of a fraction with a positive denominator that need not be in lowest terms.
fn root_of(numer: &BigInt, denom: &BigInt, places: u32) -> Rational {
    let scale = BigInt::from(10).pow(places);
    if !numer.is_positive() {
        return Rational::zero();
    }
    // ⌊x + 1/2⌋ = ⌊(⌊2x⌋ + 1) / 2⌋, and ⌊2x⌋ is the integer square root of ⌊4x²⌋.
    let square: BigInt = numer * (&scale * &scale * BigInt::from(4)) / denom;
    let halves: BigInt = (square.sqrt() + BigInt::one()) / BigInt::from(2);
    Rational::new(halves, scale)
}

#[cfg(test)]
#[path = "certainty_tests.rs"]
mod tests;
