//! Exact arithmetic: rationals in, decimals rounded half up out, no binary float in between.

use num_bigint::BigInt;

/// An exact fraction of two integers, always in lowest terms.
pub type Rational = num_rational::BigRational;

/// A whole number.
pub fn whole(value: i64) -> Rational {
    Rational::from_integer(BigInt::from(value))
}

/// `value` times 10 to the power of `places`, rounded half up. Values here are never negative.
pub fn scaled(value: &Rational, places: u32) -> BigInt {
    (value * BigInt::from(10).pow(places)).round().to_integer()
}

/// `value` with exactly `places` decimals (at least one), rounded half up. Values here are never negative.
pub fn decimal(value: &Rational, places: u32) -> String {
    let width = places as usize;
    let digits = format!("{:0>1$}", scaled(value, places).to_string(), width + 1);
    let (whole, part) = digits.split_at(digits.len() - width);
    format!("{whole}.{part}")
}

/// `value` as `numerator/denominator` in lowest terms.
pub fn fraction(value: &Rational) -> String {
    format!("{}/{}", value.numer(), value.denom())
}

/// The arithmetic mean; `None` of no values.
pub fn mean<'a>(values: impl IntoIterator<Item = &'a Rational>) -> Option<Rational> {
    let (mut sum, mut count) = (whole(0), 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / whole(count))
}

/// The middle value, or the mean of the two in the middle; `None` of no values.
pub fn median(values: &[Rational]) -> Option<Rational> {
    let mut sorted = values.to_vec();
    sorted.sort();
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted.get(half).cloned()
    } else {
        mean([sorted.get(half.checked_sub(1)?)?, sorted.get(half)?])
    }
}

/// `part` of `all` in percent; `None` of nothing.
pub fn percent(part: usize, all: usize) -> Option<Rational> {
    (all > 0).then(|| Rational::new(BigInt::from(part) * 100, BigInt::from(all)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(n: i64, d: i64) -> Rational {
        Rational::new(n.into(), d.into())
    }

    #[test]
    fn halves_go_up() {
        for (n, d, printed) in [
            (1, 200, "0.01"),
            (1, 3, "0.33"),
            (2, 3, "0.67"),
            (100, 1, "100.00"),
            (0, 1, "0.00"),
        ] {
            assert_eq!(decimal(&ratio(n, d), 2), printed, "{n}/{d}");
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[whole(9), whole(1), whole(5)]), Some(whole(5)));
        assert_eq!(
            median(&[whole(9), whole(1), whole(5), whole(6)]),
            Some(ratio(11, 2))
        );
    }

    #[test]
    fn no_values_have_no_mean_and_no_share() {
        assert_eq!(mean(&[]), None);
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(1, 3).map(|p| decimal(&p, 2)), Some("33.33".to_owned()));
    }
}
