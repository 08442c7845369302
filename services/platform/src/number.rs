//! Exact arithmetic with rational numbers, and decimals rounded half up. No binary floats are used.

pub mod change;

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

/// An exact fraction of two integers, always in lowest terms.
pub type Rational = num_rational::BigRational;

/// `value` with exactly `places` decimals, rounded half up (half away from zero when negative). A value that
/// rounds to zero prints without a sign.
pub fn decimal(value: &Rational, places: u32) -> String {
    let scaled = scaled(value, places);
    let width = places as usize;
    let digits = format!("{:0>1$}", scaled.abs().to_string(), width + 1);
    let (whole, part) = digits.split_at(digits.len() - width);
    let sign = if scaled.is_negative() { "-" } else { "" };
    if places == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

/// `value` as a decimal without trailing zeros, rounded half up to 18 places when it has more.
pub fn exact(value: &Rational) -> String {
    let text = decimal(value, 18);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `value` rounded to `places` decimals as [`decimal`] prints it, as a rational number.
pub fn round(value: &Rational, places: u32) -> Rational {
    Rational::new(scaled(value, places), power(places))
}

/// `value` as `numerator/denominator` in lowest terms, the denominator positive; a whole number is `n/1`.
pub fn fraction(value: &Rational) -> String {
    format!("{}/{}", value.numer(), value.denom())
}

/// Most digits of a number that is read; far more than any exact figure has.
const DIGITS_MAX: usize = 20_000;

/// Parses `numerator/denominator` as [`fraction`] prints it, also when it is not in lowest terms. `None` for anything
/// else, and for a denominator of zero.
pub fn parse_fraction(text: &str) -> Option<Rational> {
    let (numerator, denominator) = text.split_once('/')?;
    let denominator = natural(denominator)?;
    if denominator.is_zero() {
        return None;
    }
    Some(Rational::new(integer(numerator)?, denominator))
}

/// Parses a plain decimal such as `88.31` or `-3`, exactly. `None` for anything else, such as a number with an
/// exponent.
pub fn parse_decimal(text: &str) -> Option<Rational> {
    let Some((whole, part)) = text.split_once('.') else {
        return integer(text).map(Rational::from_integer);
    };
    // Each side is checked by itself, because joined, `-.5` and `1.-5` would pass as integers.
    integer(whole)?;
    natural(part)?;
    let places = u32::try_from(part.len()).ok()?;
    Some(Rational::new(integer(&format!("{whole}{part}"))?, power(places)))
}

/// The arithmetic mean; `None` when there are no values.
pub fn mean<'a>(values: impl IntoIterator<Item = &'a Rational>) -> Option<Rational> {
    let (mut sum, mut count) = (whole(0), 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / whole(count))
}

/// `part` of `all` in percent; `None` when `all` is 0.
pub fn percent(part: usize, all: usize) -> Option<Rational> {
    (all > 0).then(|| Rational::new(BigInt::from(part) * 100, BigInt::from(all)))
}

/// An integer as a rational number.
pub fn whole(value: i64) -> Rational {
    Rational::from_integer(BigInt::from(value))
}

/// `value` times 10 to the power of `places`, rounded half up (half away from zero when negative).
pub fn scaled(value: &Rational, places: u32) -> BigInt {
    // `Ratio::round` rounds halves away from zero, which is half up for the values of indexes, all of them positive.
    (value * power(places)).round().to_integer()
}

fn power(places: u32) -> BigInt {
    BigInt::from(10).pow(places)
}

/// Parses digits with an optional minus sign; `BigInt` alone would also accept `+1` and `1_000`.
fn integer(text: &str) -> Option<BigInt> {
    match text.strip_prefix('-') {
        Some(digits) => natural(digits).map(|n| -n),
        None => natural(text),
    }
}

fn natural(text: &str) -> Option<BigInt> {
    // The time that it takes to read a number grows faster than its length.
    if text.is_empty() || text.len() > DIGITS_MAX || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ratio(n: i64, d: i64) -> Rational {
        Rational::new(n.into(), d.into())
    }

    #[test]
    fn halves_go_up_and_negative_halves_away_from_zero() {
        for (n, d, places, printed) in [
            (88305, 1000, 2, "88.31"),
            (88304, 1000, 2, "88.30"),
            (1, 2, 0, "1"),
            (-1, 2, 0, "-1"),
            (-1, 200, 2, "-0.01"),
            (-1, 1000, 2, "0.00"),
            (1, 3, 4, "0.3333"),
            (2, 3, 4, "0.6667"),
            (100, 1, 2, "100.00"),
            (999_995, 100_000, 4, "10.0000"),
            (7, 1, 0, "7"),
        ] {
            assert_eq!(decimal(&ratio(n, d), places), printed, "{n}/{d}");
        }
    }

    #[test]
    fn an_exact_decimal_ends_with_its_last_digit() {
        for (n, d, printed) in [
            (0, 1, "0"),
            (100, 1, "100"),
            (-641, 8, "-80.125"),
            (2, 3, "0.666666666666666667"),
        ] {
            assert_eq!(exact(&ratio(n, d)), printed, "{n}/{d}");
        }
    }

    #[test]
    fn a_fraction_prints_in_lowest_terms() {
        assert_eq!(fraction(&ratio(50, 100)), "1/2");
        assert_eq!(fraction(&ratio(-4, 2)), "-2/1");
        assert_eq!(fraction(&ratio(0, 7)), "0/1");
    }

    #[test]
    fn only_a_fraction_of_two_integers_is_parsed() {
        assert_eq!(parse_fraction("2/4"), Some(ratio(1, 2)));
        assert_eq!(parse_fraction("-3/1"), Some(ratio(-3, 1)));
        for text in [
            "", "/", "1", "1/", "/1", "1/0", "1/-2", "+1/2", "1_0/2", "1/2/3", " 1/2", "1.5/2", "--1/2",
        ] {
            assert_eq!(parse_fraction(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_a_plain_decimal_is_parsed() {
        assert_eq!(parse_decimal("88.31"), Some(ratio(8831, 100)));
        assert_eq!(parse_decimal("0"), Some(ratio(0, 1)));
        assert_eq!(parse_decimal("-0.5"), Some(ratio(-1, 2)));
        for text in [
            "", ".", "1.", ".5", "-.5", "1e3", "1.5e3", "1.-5", "+1", "NaN", "1.2.3",
        ] {
            assert_eq!(parse_decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn no_values_have_no_mean_and_no_percentage() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[ratio(1, 1), ratio(2, 1)]), Some(ratio(3, 2)));
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(1, 3), Some(ratio(100, 3)));
    }

    proptest! {
        #[test]
        fn decimals_agree_with_integer_arithmetic(
            n in any::<i64>(),
            d in 1..=i64::from(u32::MAX),
            places in 0..=6u32,
        ) {
            let power = 10i128.pow(places);
            let magnitude = (2 * i128::from(n).abs() * power + i128::from(d)) / (2 * i128::from(d));
            let sign = if n < 0 && magnitude > 0 { "-" } else { "" };
            let (whole, part, width) = (magnitude / power, magnitude % power, places as usize);
            let expected = match places {
                0 => format!("{sign}{whole}"),
                _ => format!("{sign}{whole}.{part:0width$}"),
            };
            let value = ratio(n, d);
            prop_assert_eq!(decimal(&value, places), expected);
            prop_assert_eq!(parse_decimal(&decimal(&value, places)), Some(round(&value, places)));
        }

        #[test]
        fn a_printed_fraction_is_parsed_to_the_same_value(n in any::<i64>(), d in 1..=i64::MAX) {
            let value = ratio(n, d);
            prop_assert_eq!(parse_fraction(&fraction(&value)), Some(value));
        }
    }
}
