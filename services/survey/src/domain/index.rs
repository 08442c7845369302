//! The index of a survey, IKM (PermenPANRB 14/2017) or F-03 (PEKPPP): one function computes it for every instrument, and one
//! function rounds it.

use num_bigint::BigInt;
use num_traits::Zero;

use super::asked::Asked;
use super::instrument::{Aspect, Instrument};
use super::number::{self, Rational};
use super::tally::Tally;
pub use super::weights::{UnknownVariant, WeightVariant};

/// Decimals of a published index.
pub const PLACES: u32 = 2;

/// NRR: the mean score of one element, exact; `None` without answers.
pub fn element_mean(tally: &Tally) -> Option<Rational> {
    let answers = tally.answers();
    (answers > 0).then(|| Rational::new(tally.total().into(), answers.into()))
}

/// The weight of each element asked, so that the weighted sum of the means is the index before its conversion (NI of
/// PermenPANRB 14/2017; F-03 has no conversion). `tallies` are those of `asked`, in the same order; only
/// [`WeightVariant::MeanOfAllAnswers`] depends on them, because it weights an element by its number of answers.
///
/// `None` when the two lists differ in length, when the instrument does not allow the variant, when the variant does not fit
/// the number of elements, when an element lacks the aspect that the variant needs, and when no element has the answers that
/// it needs.
pub fn weights(
    instrument: &Instrument,
    asked: &[Asked],
    tallies: &[Tally],
    variant: WeightVariant,
) -> Option<Vec<Rational>> {
    let n = asked.len();
    if n != tallies.len() || !variant.fits(n) || !instrument.variants.contains(&variant) {
        return None;
    }
    let ratio = |a: i64, b: i64| (b > 0).then(|| Rational::new(a.into(), b.into()));
    let each = |weight: Option<Rational>| weight.map(|w| vec![w; n]);
    match variant {
        WeightVariant::Exact => each(ratio(1, i64::try_from(n).ok()?)),
        WeightVariant::W0111 => each(ratio(111, 1000)),
        WeightVariant::W011 => each(ratio(11, 100)),
        WeightVariant::W0071 => each(ratio(71, 1000)),
        WeightVariant::MeanOfAspectMeans => {
            let aspects: Vec<&str> = asked
                .iter()
                .map(|a| instrument.element(&a.key)?.aspect.as_deref())
                .collect::<Option<_>>()?;
            let asked_in = |aspect: &Aspect| aspects.contains(&aspect.key.as_str());
            let groups = instrument.aspects.iter().filter(|a| asked_in(a)).count();
            let weight = |aspect: &&str| {
                let questions = aspects.iter().filter(|a| *a == aspect).count();
                ratio(1, i64::try_from(groups * questions).ok()?)
            };
            aspects.iter().map(weight).collect()
        }
        WeightVariant::MeanOfAllAnswers => {
            let total: i64 = tallies.iter().map(Tally::answers).sum();
            tallies.iter().map(|t| ratio(t.answers(), total)).collect()
        }
    }
}

/// The coefficient of each element asked: its weight times the conversion of the instrument (25 for SKM). The index is the sum
/// of the coefficients times the means. `None` as for [`weights`].
pub fn coefficients(
    instrument: &Instrument,
    asked: &[Asked],
    tallies: &[Tally],
    variant: WeightVariant,
) -> Option<Vec<Rational>> {
    let conversion = BigInt::from(instrument.conversion);
    let weights = weights(instrument, asked, tallies, variant)?;
    Some(weights.into_iter().map(|weight| weight * &conversion).collect())
}

/// The exact index: NIK, 25 to 100, of SKM; 0 to 5 of F-03. `tallies` are those of `asked`, in the same order;
/// each mean is over the element's own answers. `None` as for [`weights`], and while an element has no answers.
pub fn compute(
    instrument: &Instrument,
    asked: &[Asked],
    tallies: &[Tally],
    variant: WeightVariant,
) -> Option<Rational> {
    let coefficients = coefficients(instrument, asked, tallies, variant)?;
    tallies
        .iter()
        .zip(coefficients)
        .try_fold(Rational::zero(), |sum, (tally, k)| {
            Some(sum + element_mean(tally)? * k)
        })
}

/// The aspects with questions in the survey, in the order of the instrument, each with the mean of the means of its questions;
/// the mean is `None` while one of the questions has no answers. `tallies` are those of `asked`, in the same order.
pub fn aspect_means<'a>(
    instrument: &'a Instrument,
    asked: &[Asked],
    tallies: &[Tally],
) -> Vec<(&'a Aspect, Option<Rational>)> {
    let of = |aspect: &str| -> Vec<&Tally> {
        let belongs =
            |a: &Asked| instrument.element(&a.key).and_then(|e| e.aspect.as_deref()) == Some(aspect);
        asked
            .iter()
            .zip(tallies)
            .filter(|(a, _)| belongs(a))
            .map(|(_, t)| t)
            .collect()
    };
    instrument
        .aspects
        .iter()
        .filter_map(|aspect| {
            let tallies = of(&aspect.key);
            let means: Option<Vec<Rational>> = tallies.iter().map(|t| element_mean(t)).collect();
            (!tallies.is_empty()).then(|| (aspect, means.and_then(|m| number::mean(&m))))
        })
        .collect()
}

/// A published index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The exact index.
    pub exact: Rational,
    /// The index with two decimals, rounded half up.
    pub value: String,
    /// Mutu pelayanan, read from the rounded index; empty when no category covers it.
    pub grade: String,
    /// Kinerja unit, the name of the category; empty when no category covers it.
    pub name: String,
}

/// Rounds an exact index once, and takes the category from the rounded value, so that the printed index and category never
/// contradict each other.
pub fn publish(instrument: &Instrument, exact: Rational) -> Published {
    let rounded = number::round(&exact, PLACES);
    let category = instrument.category(&rounded);
    Published {
        value: number::decimal(&rounded, PLACES),
        grade: category.map(|c| c.grade.clone()).unwrap_or_default(),
        name: category.map(|c| c.name.clone()).unwrap_or_default(),
        exact,
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
