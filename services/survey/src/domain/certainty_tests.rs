use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn ratio(n: i64, d: i64) -> Rational {
    Rational::new(n.into(), d.into())
}

fn of(elements: usize, rows: &[String]) -> Moments {
    let mut moments = Moments::none(elements);
    for row in rows {
        moments.add(row);
    }
    moments
}

fn score(row: &str, element: usize) -> Option<i64> {
    let digit = row.chars().nth(element)?.to_digit(10)?;
    Some(i64::from(digit))
}

/// The sum of coefficients times means, computed from the rows.
fn index(rows: &[String], coefficients: &[Rational]) -> Option<Rational> {
    let mut index = Rational::zero();
    for (element, coefficient) in coefficients.iter().enumerate() {
        let answers: Vec<i64> = rows.iter().filter_map(|row| score(row, element)).collect();
        if answers.is_empty() {
            return None;
        }
        index += coefficient * ratio(answers.iter().sum(), answers.len() as i64);
    }
    Some(index)
}

/// The variance by its definition, from the residual of every respondent.
fn by_residuals(rows: &[String], coefficients: &[Rational], population: i64) -> Option<Rational> {
    let n = rows.len() as i64;
    if n < 2 {
        return None;
    }
    let mut sum = Rational::zero();
    for row in rows {
        let mut residual = Rational::zero();
        for (element, coefficient) in coefficients.iter().enumerate() {
            let answers: Vec<i64> = rows.iter().filter_map(|row| score(row, element)).collect();
            let count = answers.len() as i64;
            if count == 0 {
                return None;
            }
            if let Some(score) = score(row, element) {
                let mean = ratio(answers.iter().sum(), count);
                residual += coefficient * (ratio(score, 1) - mean) / BigInt::from(count);
            }
        }
        sum += &residual * &residual;
    }
    let correction = if population >= n {
        ratio(population - n, population - 1)
    } else {
        ratio(1, 1)
    };
    Some(sum * ratio(n, n - 1) * correction)
}

fn fixed(coefficients: &[Rational]) -> Weighing<'_> {
    Weighing {
        coefficients,
        by_answers: false,
    }
}

fn equal(elements: usize) -> Vec<Rational> {
    vec![ratio(25, elements as i64); elements]
}

#[test]
fn the_error_of_one_element_is_that_of_a_mean() {
    // For 1, 2, 3, 4 the variance is 5/3, that of the mean 5/12, and that of 25 times the mean 3125/12.
    let rows = ["1", "2", "3", "4"].map(str::to_owned);
    let moments = of(1, &rows);
    let index = ratio(125, 2);
    assert_eq!(variance(&moments, &fixed(&equal(1)), 0), Some(ratio(3125, 12)));
    let shown = certainty(&moments, &fixed(&equal(1)), 0, (1, 4), &index).unwrap();
    // 62.5 ± 3.1825 · 16.1374…
    assert_eq!(
        (
            shown.standard_error.as_str(),
            shown.low.as_str(),
            shown.high.as_str()
        ),
        ("16.1374", "25.00", "100.00")
    );
    let corrected = certainty(&moments, &fixed(&equal(1)), 5, (1, 4), &index).unwrap();
    assert_eq!(
        (
            corrected.standard_error.as_str(),
            corrected.low.as_str(),
            corrected.high.as_str()
        ),
        ("8.0687", "36.82", "88.18")
    );
}

#[test]
fn numbers_of_the_machine_and_of_any_size_give_one_variance() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let (mut fitted, mut too_large) = (0, 0);
    for round in 0..200 {
        let elements = random.random_range(1..=9);
        // Some leave elements out, so that every element has answers of its own number.
        let left_out = if round % 2 == 0 { 0.0 } else { 0.3 };
        let rows: Vec<String> = (0..random.random_range(2..400))
            .map(|_| {
                let mut answer = || match random.random_bool(left_out) {
                    true => '-',
                    false => char::from(b'0' + random.random_range(1..=4_u8)),
                };
                (0..elements).map(|_| answer()).collect()
            })
            .collect();
        let moments = of(elements, &rows);
        let coefficients = equal(elements);
        let Some(centres) = centres(&moments, round % 3 == 0) else {
            continue;
        };
        let fraction = |squares: Unreduced| Rational::new(squares.numer, squares.denom);
        let exact = exact_squares(&moments, &coefficients, &centres).map(fraction);
        match machine_squares(&moments, &coefficients, &centres).map(fraction) {
            Some(fast) => {
                fitted += 1;
                assert_eq!(Some(fast), exact);
            }
            None => too_large += 1,
        }
    }
    assert!(
        fitted > 100 && too_large > 0,
        "{fitted} fitted, {too_large} did not"
    );
}

#[test]
fn a_whole_population_leaves_no_error_and_too_small_a_population_corrects_nothing() {
    let moments = of(1, &["1", "2", "3", "4"].map(str::to_owned));
    let shown = certainty(&moments, &fixed(&equal(1)), 4, (1, 4), &ratio(125, 2)).unwrap();
    assert_eq!(
        (shown.standard_error.as_str(), shown.low.as_str()),
        ("0.0000", "62.50")
    );
    assert_eq!(
        variance(&moments, &fixed(&equal(1)), 3),
        variance(&moments, &fixed(&equal(1)), 0)
    );
}

#[test]
fn an_error_needs_two_responses_and_an_answer_to_each_element() {
    assert_eq!(variance(&of(1, &["4".into()]), &fixed(&equal(1)), 0), None);
    assert_eq!(
        variance(&of(2, &["4-".into(), "3-".into()]), &fixed(&equal(2)), 0),
        None
    );
    assert_eq!(
        variance(&of(1, &["4".into(), "3".into()]), &fixed(&equal(2)), 0),
        None
    );
}

#[test]
fn an_interval_stays_on_the_scale_of_the_index() {
    let rows: Vec<String> = ["444444444", "444444444", "344444444"].map(str::to_owned).into();
    // With the weight 0.111 the highest index is 99.9.
    let coefficients = vec![ratio(2775, 1000); 9];
    let index = index(&rows, &coefficients).unwrap();
    let shown = certainty(&of(9, &rows), &fixed(&coefficients), 0, (1, 4), &index).unwrap();
    assert_eq!(shown.high, "99.90");
}

#[test]
fn a_root_is_rounded_half_up_exactly() {
    assert_eq!(root(&ratio(2, 1), 4), ratio(14142, 10_000));
    assert_eq!(root(&ratio(0, 1), 4), ratio(0, 1));
    assert_eq!(root(&ratio(-1, 1), 4), ratio(0, 1));
    // 1.00005² is the boundary between the roots 1.0000 and 1.0001.
    let border = ratio(100_005, 100_000);
    let border = &border * &border;
    assert_eq!(root(&border, 4), ratio(10_001, 10_000));
    assert_eq!(root(&(border - ratio(1, 1_000_000_000_000)), 4), ratio(1, 1));
}

#[test]
fn a_sample_is_compared_with_its_minimum() {
    assert_eq!(SampleStatus::of(5, None), SampleStatus::Undeclared);
    assert_eq!(SampleStatus::of(9, Some(10)), SampleStatus::UnderMinimum);
    assert_eq!(SampleStatus::of(10, Some(10)), SampleStatus::Met);
}

proptest! {
    #[test]
    fn the_variance_of_moments_equals_that_of_residuals(
        (weights, rows) in (1..5_usize).prop_flat_map(|n| (
            prop::collection::vec(1..9_i64, n),
            prop::collection::vec(
                prop::collection::vec(prop::sample::select(vec!['-', '0', '1', '3', '4', '5']), n)
                    .prop_map(|row| row.into_iter().collect::<String>()),
                0..25,
            ),
        )),
        population in 0..60_i64,
    ) {
        let coefficients: Vec<Rational> = weights.iter().map(|w| ratio(*w, 7)).collect();
        let moments = of(weights.len(), &rows);
        prop_assert_eq!(
            variance(&moments, &fixed(&coefficients), population),
            by_residuals(&rows, &coefficients, population)
        );
    }

    #[test]
    fn the_mean_of_all_answers_has_residuals_from_that_mean(
        rows in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec!['-', '0', '2', '5']), 3)
                .prop_map(|row| row.into_iter().collect::<String>()),
            2..25,
        ),
    ) {
        let moments = of(3, &rows);
        let answers: Vec<i64> = (0..3).map(|u| moments.pair(u, u).unwrap().answers).collect();
        prop_assume!(answers.iter().all(|n| *n > 0));
        let all: i64 = answers.iter().sum();
        let coefficients: Vec<Rational> = answers.iter().map(|n| ratio(*n, all)).collect();
        let total: i64 = rows.iter().flat_map(|row| (0..3).filter_map(|u| score(row, u))).sum();
        let mean = ratio(total, all);
        let mut sum = Rational::zero();
        for row in &rows {
            let given: Vec<i64> = (0..3).filter_map(|u| score(row, u)).collect();
            let residual: Rational = given.iter().map(|s| (ratio(*s, 1) - &mean) / BigInt::from(all)).sum();
            sum += &residual * &residual;
        }
        let n = rows.len() as i64;
        let weighing = Weighing { coefficients: &coefficients, by_answers: true };
        prop_assert_eq!(variance(&moments, &weighing, 0), Some(sum * ratio(n, n - 1)));
    }

    #[test]
    fn a_root_is_the_nearest_decimal(n in 0..1_000_000_i64, d in 1..1_000_000_i64) {
        let (value, root) = (ratio(n, d), root(&ratio(n, d), 4));
        let half = ratio(1, 20_000);
        let (below, above) = ((&root - &half).max(Rational::zero()), &root + &half);
        prop_assert!(&below * &below <= value && value < &above * &above);
    }
}

/// How the people of a simulated population answer.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Answers are around the middle of the scale and correlated between elements.
    Even,
    /// Most people give nearly the highest score, and fewer people give each lower one.
    Skewed,
    /// Most people are content, and every eighth person is very dissatisfied.
    Rare,
    /// People are either content or dissatisfied.
    Split,
}

const ELEMENTS: usize = 9;

/// The nine answers of one person; when `optional`, the fourth (cost) and the ninth are sometimes missing.
fn person(random: &mut ChaCha8Rng, shape: Shape, optional: bool) -> String {
    let mood: f64 = match shape {
        Shape::Even => 2.6 + 0.8 * (random.random::<f64>() + random.random::<f64>() - 1.0),
        Shape::Skewed => 3.9 + 0.6 * (1.0 - random.random::<f64>()).ln(),
        Shape::Rare if random.random_bool(0.12) => 1.6,
        Shape::Rare => 3.7,
        Shape::Split if random.random_bool(0.35) => 1.4,
        Shape::Split => 3.6,
    };
    let answer = |element: usize, random: &mut ChaCha8Rng| {
        if optional
            && ((element == 3 && random.random_bool(0.5)) || (element == 8 && random.random_bool(0.2)))
        {
            return '-';
        }
        let value = mood + 1.6 * (random.random::<f64>() - 0.5) + 0.05 * element as f64;
        char::from(b'0' + value.round().clamp(1.0, 4.0) as u8)
    };
    (0..ELEMENTS).map(|element| answer(element, random)).collect()
}

/// The percentage of samples of `n` people whose interval covers the index of the population. `size` is the number of people.
/// Samples are drawn without replacement and corrected for the population when it is `declared`, else with replacement.
fn coverage(shape: Shape, optional: bool, size: usize, n: usize, declared: bool) -> f64 {
    const SAMPLES: usize = 1000;
    let mut random = ChaCha8Rng::seed_from_u64(20_170_014);
    let mut people: Vec<String> = (0..size).map(|_| person(&mut random, shape, optional)).collect();
    let coefficients = equal(ELEMENTS);
    let truth = index(&people, &coefficients).unwrap();
    let mut covered = 0;
    for _ in 0..SAMPLES {
        let mut moments = Moments::none(ELEMENTS);
        for place in 0..n {
            let from = if declared { place } else { 0 };
            let at = random.random_range(from..size);
            moments.add(&people[at]);
            if declared {
                people.swap(place, at);
            }
        }
        let estimate = (0..ELEMENTS)
            .map(|e| moments.pair(e, e).unwrap())
            .map(|p| ratio(p.first, p.answers) * &coefficients[0])
            .sum();
        let population = if declared { size as i64 } else { 0 };
        let shown = certainty(&moments, &fixed(&coefficients), population, (1, 4), &estimate).unwrap();
        let [low, high] = [&shown.low, &shown.high].map(|end| number::parse_decimal(end).unwrap());
        covered += usize::from(low <= truth && truth <= high);
    }
    covered as f64 * 100.0 / SAMPLES as f64
}

#[test]
fn the_interval_holds_the_true_index_in_93_to_97_of_100_samples() {
    let mut misses = Vec::new();
    for (shape, optional, size, n, declared) in [
        (Shape::Even, false, 5000, 30, false),
        (Shape::Even, true, 5000, 100, false),
        (Shape::Even, false, 80, 60, true),
        (Shape::Skewed, false, 5000, 60, false),
        (Shape::Skewed, true, 5000, 100, false),
        (Shape::Skewed, true, 1350, 299, true),
        (Shape::Rare, false, 5000, 60, false),
        (Shape::Rare, true, 5000, 400, false),
        (Shape::Rare, true, 1350, 299, true),
        (Shape::Split, false, 5000, 30, false),
        (Shape::Split, true, 5000, 100, false),
        (Shape::Split, true, 120, 92, true),
        (Shape::Split, false, 600, 234, true),
    ] {
        let share = coverage(shape, optional, size, n, declared);
        println!("{shape:?} optional={optional} {n} of {size} declared={declared}: {share:.2} %");
        if !(93.0..=97.0).contains(&share) {
            misses.push((shape, optional, size, n, declared, share));
        }
    }
    assert!(misses.is_empty(), "{misses:?}");
}

/// A known limit of Student's t: a small sample of a skewed population often has too few of the rare dissatisfied people, and
/// then its index is too high and its interval too narrow. With more responses the coverage is right, as tested above.
#[test]
fn thirty_responses_of_a_skewed_population_still_hold_the_true_index_in_90_of_100_samples() {
    for shape in [Shape::Skewed, Shape::Rare] {
        for optional in [false, true] {
            let share = coverage(shape, optional, 5000, 30, false);
            println!("{shape:?} optional={optional} 30 of 5000: {share:.2} %");
            assert!(
                (90.0..97.0).contains(&share),
                "{shape:?} optional={optional}: {share:.2} %"
            );
        }
    }
}
