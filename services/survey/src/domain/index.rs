//! The index (IKM) of PermenPANRB 14/2017: one pure function that every path calls, and its one rounding.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_traits::Zero;

use super::instrument::Instrument;
use super::number::{self, Rational};
use super::tally::Tally;

/// Elements that the compatible weights 0.111 and 0.11 stand for.
pub const COMPATIBLE_ELEMENTS: usize = 9;
/// Decimals of a published index.
const PLACES: u32 = 2;
/// Turns the 1 to 4 of the scale into 25 to 100 (nilai interval konversi).
const CONVERSION: u32 = 25;

/// Weight of one element in the index. All three are in real use, so that a survey keeps its choice and
/// published figures can be computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightVariant {
    /// 1/N, for any number of elements N.
    Exact,
    /// 0.111, as many worksheets have it; nine elements only.
    W0111,
    /// 0.11, as some worksheets have it; nine elements only.
    W011,
}

/// A text that names no weight variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `exact`, `0.111` or `0.11`")]
pub struct UnknownVariant;

impl WeightVariant {
    /// `exact`, `0.111` or `0.11`.
    pub fn as_str(self) -> &'static str {
        match self {
            WeightVariant::Exact => "exact",
            WeightVariant::W0111 => "0.111",
            WeightVariant::W011 => "0.11",
        }
    }

    /// Weight of one of `n` elements; zero when there are none.
    pub fn weight(self, n: usize) -> Rational {
        match self {
            WeightVariant::Exact if n == 0 => Rational::zero(),
            WeightVariant::Exact => Rational::new(1.into(), BigInt::from(n)),
            WeightVariant::W0111 => Rational::new(111.into(), 1000.into()),
            WeightVariant::W011 => Rational::new(11.into(), 100.into()),
        }
    }

    /// Whether this variant can weigh `n` elements.
    pub fn fits(self, n: usize) -> bool {
        match self {
            WeightVariant::Exact => n > 0,
            WeightVariant::W0111 | WeightVariant::W011 => n == COMPATIBLE_ELEMENTS,
        }
    }
}

impl FromStr for WeightVariant {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        match text {
            "exact" => Ok(WeightVariant::Exact),
            "0.111" => Ok(WeightVariant::W0111),
            "0.11" => Ok(WeightVariant::W011),
            _ => Err(UnknownVariant),
        }
    }
}

impl fmt::Display for WeightVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// NRR: the mean score of one element, exact; `None` without answers.
pub fn element_mean(tally: &Tally) -> Option<Rational> {
    let answers = tally.answers();
    (answers > 0).then(|| Rational::new(tally.total().into(), answers.into()))
}

/// The exact index (NIK, 25 to 100): 25 times the weight times the sum of the means of the elements, each
/// over its own answers (PermenPANRB 14/2017). `None` without elements, while an element has no answers, and
/// when a weight of 0.111 or 0.11 meets another number of elements than nine.
pub fn ikm(tallies: &[Tally], weights: WeightVariant) -> Option<Rational> {
    if !weights.fits(tallies.len()) {
        return None;
    }
    let sum = tallies.iter().map(element_mean).sum::<Option<Rational>>()?;
    Some(sum * weights.weight(tallies.len()) * BigInt::from(CONVERSION))
}

/// An index as it is published.
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

/// Rounds an exact index, once, and reads the category from the rounded value, so that what is printed never
/// contradicts itself.
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
mod tests {
    use super::super::instrument::{DEFAULT, find};
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const ALL: [WeightVariant; 3] = [WeightVariant::Exact, WeightVariant::W0111, WeightVariant::W011];

    fn golden() -> Value {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/skm.json"));
        serde_json::from_str(text).unwrap()
    }

    fn list<'a>(data: &'a Value, key: &str) -> &'a Vec<Value> {
        data[key].as_array().unwrap()
    }

    fn text<'a>(row: &'a Value, key: &str) -> &'a str {
        row[key].as_str().unwrap()
    }

    fn published(value: &str) -> Published {
        publish(find(DEFAULT).unwrap(), number::parse_decimal(value).unwrap())
    }

    fn tally(element: &Value) -> Tally {
        let mut counts = [0; 6];
        for (score, count) in element["counts"].as_object().unwrap() {
            counts[score.parse::<usize>().unwrap()] = count.as_i64().unwrap();
        }
        Tally { counts }
    }

    #[test]
    fn every_golden_vector_holds() {
        let golden = golden();
        assert_eq!(list(&golden, "vectors").len(), 7);
        for vector in list(&golden, "vectors") {
            let id = text(vector, "id");
            let mut tallies = Vec::new();
            for element in list(vector, "elements") {
                let tally = tally(element);
                let key = text(element, "key");
                assert!(find(DEFAULT).unwrap().element(key).is_some(), "{id} {key}");
                assert_eq!(
                    tally.answers(),
                    vector["respondents"].as_i64().unwrap(),
                    "{id} {key}"
                );
                assert_eq!(tally.total(), element["total"].as_i64().unwrap(), "{id} {key}");
                assert_eq!(
                    number::decimal(&element_mean(&tally).unwrap(), 4),
                    text(element, "nrr"),
                    "{id} {key}"
                );
                tallies.push(tally);
            }
            let expected = vector["expected"].as_object().unwrap();
            assert!(!expected.is_empty(), "{id}");
            for (variant, figures) in expected {
                let exact = ikm(&tallies, variant.parse().unwrap()).unwrap();
                let ni = exact.clone() / BigInt::from(CONVERSION);
                assert_eq!(number::decimal(&ni, 4), text(figures, "ni"), "{id} {variant}");
                assert_eq!(
                    number::decimal(&exact, 4),
                    text(figures, "nik_4dp"),
                    "{id} {variant}"
                );
                let published = publish(find(DEFAULT).unwrap(), exact);
                assert_eq!(published.value, text(figures, "nik"), "{id} {variant}");
                assert_eq!(published.grade, text(figures, "grade"), "{id} {variant}");
            }
        }
    }

    #[test]
    fn every_boundary_has_its_grade() {
        for row in list(&golden(), "boundaries") {
            assert_eq!(published(text(row, "nik")).grade, text(row, "grade"), "{row}");
        }
    }

    #[test]
    fn the_grade_is_read_after_rounding() {
        for row in list(&golden(), "rounding") {
            let published = published(text(row, "nik_unrounded"));
            assert_eq!(
                (published.value.as_str(), published.grade.as_str()),
                (text(row, "nik"), text(row, "grade"))
            );
        }
    }

    #[test]
    fn published_figures_have_their_grade_and_change() {
        let golden = golden();
        for row in list(&golden, "published") {
            assert_eq!(published(text(row, "ikm")).grade, text(row, "grade"), "{row}");
        }
        for row in list(&golden, "changes") {
            let (from, to) = (
                published(text(row, "from")).exact,
                published(text(row, "to")).exact,
            );
            assert_eq!(number::decimal(&(&to - &from), 2), text(row, "points"));
            let percent = (to - &from) / from * BigInt::from(100);
            assert_eq!(number::decimal(&percent, 2), text(row, "relative_percent"));
        }
    }

    #[test]
    fn a_category_carries_its_name() {
        assert_eq!(published("88.305").name, "Sangat baik");
        assert_eq!(published("0").name, "Tidak baik");
    }

    #[test]
    fn an_element_without_answers_leaves_no_index() {
        assert_eq!(ikm(&[], WeightVariant::Exact), None);
        assert_eq!(ikm(&[Tally::of(4), Tally::default()], WeightVariant::Exact), None);
    }

    #[test]
    fn a_compatible_weight_needs_nine_elements() {
        for n in [0, 1, 8, 10] {
            assert_eq!(ikm(&vec![Tally::of(4); n], WeightVariant::W0111), None, "{n}");
            assert_eq!(ikm(&vec![Tally::of(4); n], WeightVariant::W011), None, "{n}");
        }
        assert!(ikm(&[Tally::of(4); 9], WeightVariant::W011).is_some());
    }

    #[test]
    fn each_element_divides_by_its_own_answers() {
        let mut first = Tally::of(4);
        first.add(&Tally::of(2));
        let exact = ikm(&[first, Tally::of(4)], WeightVariant::Exact).unwrap();
        assert_eq!(number::fraction(&exact), "175/2");
    }

    #[test]
    fn a_weight_variant_reads_as_it_prints() {
        for variant in ALL {
            assert_eq!(variant.to_string().parse(), Ok(variant));
        }
        assert_eq!("0.1111".parse::<WeightVariant>(), Err(UnknownVariant));
    }

    #[test]
    fn no_elements_have_no_weight() {
        assert_eq!(WeightVariant::Exact.weight(0), Rational::zero());
    }

    fn tallies_of(responses: &[[u8; 9]]) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); 9];
        for response in responses {
            for (tally, score) in tallies.iter_mut().zip(response) {
                tally.add(&Tally::of(*score));
            }
        }
        tallies
    }

    fn responses() -> impl Strategy<Value = Vec<[u8; 9]>> {
        prop::collection::vec(prop::array::uniform9(1..=4u8), 1..60)
    }

    proptest! {
        #[test]
        fn the_order_of_responses_does_not_matter(
            (original, shuffled) in responses().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
        ) {
            for variant in ALL {
                prop_assert_eq!(ikm(&tallies_of(&original), variant), ikm(&tallies_of(&shuffled), variant));
            }
        }

        #[test]
        fn kept_tallies_give_the_index_of_recomputed_ones(first in responses(), second in responses()) {
            let mut kept = tallies_of(&first);
            for (tally, more) in kept.iter_mut().zip(tallies_of(&second)) {
                tally.add(&more);
            }
            let whole = tallies_of(&[first, second].concat());
            prop_assert_eq!(&kept, &whole);
            prop_assert_eq!(ikm(&kept, WeightVariant::Exact), ikm(&whole, WeightVariant::Exact));
        }

        #[test]
        fn the_category_agrees_with_the_printed_value(responses in responses()) {
            for variant in ALL {
                let exact = ikm(&tallies_of(&responses), variant).unwrap();
                let published = publish(find(DEFAULT).unwrap(), exact);
                let hundredths: i64 = published.value.replace('.', "").parse().unwrap();
                let grade = match hundredths {
                    ..6500 => "D",
                    6500..7661 => "C",
                    7661..8831 => "B",
                    8831.. => "A",
                };
                prop_assert_eq!(&published.grade, grade, "{}", published.value);
            }
        }
    }
}
