//! Tests of the rules of the index.

use super::super::instrument::{DEFAULT, find};
use super::*;
use proptest::prelude::*;
use serde_json::Value;

const SKM: [WeightVariant; 3] = [WeightVariant::Exact, WeightVariant::W0111, WeightVariant::W011];
const F03: [WeightVariant; 2] = [WeightVariant::MeanOfAspectMeans, WeightVariant::MeanOfAllAnswers];

fn skm() -> &'static Instrument {
    find(DEFAULT).unwrap()
}

fn ask(key: &str) -> Asked {
    Asked {
        key: key.into(),
        ..Asked::default()
    }
}

/// All elements of an instrument, in the order of the annex.
fn whole(instrument: &Instrument) -> Vec<Asked> {
    instrument.elements.iter().map(|e| ask(&e.key)).collect()
}

/// The index of the first elements of SKM; those beyond nine are of the unit's own.
fn ikm(tallies: &[Tally], variant: WeightVariant) -> Option<Rational> {
    let mut asked = whole(skm());
    asked.extend((9..tallies.len()).map(|n| ask(&format!("own_{n}"))));
    asked.truncate(tallies.len());
    compute(skm(), &asked, tallies, variant)
}

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
    publish(skm(), number::parse_decimal(value).unwrap())
}

fn tally(element: &Value) -> Tally {
    let mut counts = [0; 6];
    for (score, count) in element["counts"].as_object().unwrap() {
        counts[score.parse::<usize>().unwrap()] = count.as_i64().unwrap();
    }
    Tally { counts }
}

#[test]
fn every_golden_vector_is_computed() {
    let golden = golden();
    assert_eq!(list(&golden, "vectors").len(), 7);
    for vector in list(&golden, "vectors") {
        let id = text(vector, "id");
        let (mut asked, mut tallies) = (Vec::new(), Vec::new());
        for element in list(vector, "elements") {
            let tally = tally(element);
            let key = text(element, "key");
            assert!(skm().element(key).is_some(), "{id} {key}");
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
            asked.push(ask(key));
            tallies.push(tally);
        }
        let expected = vector["expected"].as_object().unwrap();
        assert!(!expected.is_empty(), "{id}");
        for (variant, figures) in expected {
            let exact = compute(skm(), &asked, &tallies, variant.parse().unwrap()).unwrap();
            let ni = exact.clone() / BigInt::from(25);
            assert_eq!(number::decimal(&ni, 4), text(figures, "ni"), "{id} {variant}");
            assert_eq!(
                number::decimal(&exact, 4),
                text(figures, "nik_4dp"),
                "{id} {variant}"
            );
            let published = publish(skm(), exact);
            assert_eq!(published.value, text(figures, "nik"), "{id} {variant}");
            assert_eq!(published.grade, text(figures, "grade"), "{id} {variant}");
        }
    }
}

#[test]
fn every_boundary_has_the_right_grade() {
    for row in list(&golden(), "boundaries") {
        assert_eq!(published(text(row, "nik")).grade, text(row, "grade"), "{row}");
    }
}

#[test]
fn the_grade_is_taken_from_the_rounded_index() {
    for row in list(&golden(), "rounding") {
        let published = published(text(row, "nik_unrounded"));
        assert_eq!(
            (published.value.as_str(), published.grade.as_str()),
            (text(row, "nik"), text(row, "grade"))
        );
    }
}

#[test]
fn published_figures_are_reproduced_with_grade_and_change() {
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
fn there_is_no_index_while_an_element_has_no_answers() {
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
fn a_printed_weight_variant_is_parsed_back() {
    for variant in WeightVariant::ALL {
        assert_eq!(variant.to_string().parse(), Ok(variant));
    }
    assert_eq!("0.1111".parse::<WeightVariant>(), Err(UnknownVariant));
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

#[test]
fn every_golden_vector_of_f03_holds() {
    let text_of = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/f03.json"));
    let golden: Value = serde_json::from_str(text_of).unwrap();
    assert_eq!(list(&golden, "vectors").len(), 3);
    for vector in list(&golden, "vectors") {
        let id = text(vector, "id");
        let form = text(vector, "form").replace('_', "-");
        let instrument = find(&format!("{form}-2022")).unwrap();
        let asked = whole(instrument);
        let mut tallies = vec![Tally::default(); asked.len()];
        for row in list(vector, "answers") {
            let row = row.as_array().unwrap();
            assert_eq!(row.len(), asked.len(), "{id}");
            for (tally, score) in tallies.iter_mut().zip(row) {
                tally.add(&Tally::of(u8::try_from(score.as_u64().unwrap()).unwrap()));
            }
        }
        assert_eq!(
            tallies[0].answers(),
            vector["respondents"].as_i64().unwrap(),
            "{id}"
        );
        let value = |row: &Value, key: &str| {
            let text = text(row, key);
            number::parse_fraction(text)
                .or_else(|| number::parse_decimal(text))
                .unwrap()
        };
        let expected = &vector["expected"];
        let means = aspect_means(instrument, &asked, &tallies);
        assert_eq!(means.len(), 5, "{id}");
        for (aspect, mean) in means {
            assert_eq!(
                mean,
                Some(value(&expected["aspects"], &aspect.key)),
                "{id} {}",
                aspect.key
            );
        }
        for variant in F03 {
            let exact = compute(instrument, &asked, &tallies, variant).unwrap();
            let figures = &expected[variant.as_str()];
            assert_eq!(exact, value(figures, "f03"), "{id} {variant}");
            let published = publish(instrument, exact);
            assert_eq!(published.value, text(figures, "f03_2dp"), "{id} {variant}");
            assert_eq!(
                (published.grade.as_str(), published.name.as_str()),
                ("", ""),
                "{id}"
            );
        }
    }
}

#[test]
fn a_units_own_element_is_weighted_like_any_other() {
    let mut tallies = vec![Tally::of(4); 9];
    tallies.push(Tally::of(1));
    let exact = ikm(&tallies, WeightVariant::Exact).unwrap();
    assert_eq!(number::fraction(&exact), "185/2");
}

#[test]
fn a_variant_of_another_instrument_gives_no_index() {
    let f03 = find("f03-online-2022").unwrap();
    for (instrument, variants) in [(skm(), F03.as_slice()), (f03, SKM.as_slice())] {
        let asked = whole(instrument);
        let tallies = vec![Tally::of(4); asked.len()];
        for variant in variants {
            assert_eq!(compute(instrument, &asked, &tallies, *variant), None, "{variant}");
        }
    }
}

#[test]
fn there_is_no_index_when_tallies_and_elements_differ_in_number() {
    let asked = whole(skm());
    assert_eq!(
        compute(skm(), &asked, &[Tally::of(4); 8], WeightVariant::Exact),
        None
    );
    assert_eq!(
        compute(skm(), &asked, &[Tally::of(4); 10], WeightVariant::Exact),
        None
    );
}

#[test]
fn an_aspect_has_no_mean_until_each_of_its_questions_has_an_answer() {
    let f03 = find("f03-online-2022").unwrap();
    let asked = [
        ask("procedure_ease"),
        ask("requirements_ease"),
        ask("e_staff_responsiveness"),
    ];
    let tallies = [Tally::of(4), Tally::default(), Tally::of(3)];
    let means = aspect_means(f03, &asked, &tallies);
    let keys: Vec<(&str, Option<Rational>)> = means.into_iter().map(|(a, m)| (a.key.as_str(), m)).collect();
    let three = Rational::from_integer(3.into());
    assert_eq!(
        keys,
        [("service_policy", None), ("hr_professionalism", Some(three))]
    );
    for variant in F03 {
        assert_eq!(compute(f03, &asked, &tallies, variant), None, "{variant}");
    }
    assert!(aspect_means(skm(), &whole(skm()), &[Tally::of(4); 9]).is_empty());
}

#[test]
fn every_answer_has_the_same_weight_when_an_optional_question_is_not_always_answered() {
    let f03 = find("f03-online-2022").unwrap();
    let asked = [ask("requirements_ease"), ask("procedure_ease")];
    let mut often = Tally::of(5);
    often.add(&Tally::of(5));
    let index = |variant| compute(f03, &asked, &[often, Tally::of(2)], variant).unwrap();
    assert_eq!(
        index(WeightVariant::MeanOfAllAnswers),
        Rational::from_integer(4.into())
    );
    assert_eq!(
        index(WeightVariant::MeanOfAspectMeans),
        Rational::new(7.into(), 2.into())
    );
}

/// Answers to a whole instrument, some elements with fewer answers than others, and a variant that the instrument allows.
fn answered() -> impl Strategy<Value = (&'static Instrument, WeightVariant, Vec<(Asked, Tally)>)> {
    let instruments: Vec<&Instrument> = super::super::instrument::all().unwrap().iter().collect();
    prop::sample::select(instruments).prop_flat_map(|instrument| {
        let scores = instrument.min..=instrument.max;
        let tallies = prop::collection::vec(prop::collection::vec(scores, 1..20), instrument.elements.len());
        (prop::sample::select(instrument.variants.clone()), tallies).prop_map(move |(variant, scores)| {
            let sum = |scores: Vec<u8>| {
                scores.into_iter().fold(Tally::default(), |mut sum, score| {
                    sum.add(&Tally::of(score));
                    sum
                })
            };
            let tallies = scores.into_iter().map(sum);
            (
                instrument,
                variant,
                whole(instrument).into_iter().zip(tallies).collect(),
            )
        })
    })
}

proptest! {
    #[test]
    fn the_order_of_elements_does_not_matter(
        (original, shuffled) in answered().prop_flat_map(|given| {
            let rows = given.2.clone();
            (Just(given), Just(rows).prop_shuffle())
        })
    ) {
        let (instrument, variant, rows) = original;
        let index = |rows: Vec<(Asked, Tally)>| {
            let (asked, tallies): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            (compute(instrument, &asked, &tallies, variant), aspect_means(instrument, &asked, &tallies))
        };
        let found = index(rows);
        prop_assert!(found.0.is_some());
        prop_assert_eq!(found, index(shuffled));
    }

    #[test]
    fn the_index_is_the_sum_of_coefficients_times_means_and_stays_on_the_scale(given in answered()) {
        let (instrument, variant, rows) = given;
        let (asked, tallies): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let k = coefficients(instrument, &asked, &tallies, variant).unwrap();
        let sum: Rational = k.iter().zip(&tallies).map(|(k, t)| k * element_mean(t).unwrap()).sum();
        let index = compute(instrument, &asked, &tallies, variant).unwrap();
        prop_assert_eq!(&sum, &index);
        let whole = |score: u8| Rational::from_integer(score.into()) * BigInt::from(instrument.conversion);
        prop_assert!(index <= whole(instrument.max));
        if variant.elements().is_none() {
            let total: Rational = weights(instrument, &asked, &tallies, variant).unwrap().iter().sum();
            prop_assert_eq!(total, Rational::from_integer(1.into()));
            prop_assert!(index >= whole(instrument.min));
        }
    }

    #[test]
    fn the_order_of_responses_does_not_matter(
        (original, shuffled) in responses().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
    ) {
        for variant in SKM {
            prop_assert_eq!(ikm(&tallies_of(&original), variant), ikm(&tallies_of(&shuffled), variant));
        }
    }

    #[test]
    fn updated_tallies_give_the_index_of_recomputed_ones(first in responses(), second in responses()) {
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
        for variant in SKM {
            let exact = ikm(&tallies_of(&responses), variant).unwrap();
            let published = publish(skm(), exact);
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
