//! The change between two published indexes, in index points and in percent of the old index. Published texts call both of
//! them "persen", so each has a name here.

use num_bigint::BigInt;
use num_traits::Zero;

use super::number::{self, Rational};

/// Decimals of a change.
const PLACES: u32 = 2;

/// A change, signed, two decimals, halves away from zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// New minus old, in index points.
    pub points: String,
    /// (new - old) / old in percent; `None` when the old index is 0.
    pub relative_percent: Option<String>,
}

/// The change between two published, rounded indexes, so that readers can check it with the printed figures.
pub fn between(old: &Rational, new: &Rational) -> Change {
    let points = new - old;
    let relative = (!old.is_zero()).then(|| &points / old * BigInt::from(100));
    Change {
        points: number::decimal(&points, PLACES),
        relative_percent: relative.map(|r| number::decimal(&r, PLACES)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(old: &str, new: &str) -> (String, String) {
        let value = |text| number::parse_decimal(text).unwrap();
        let change = between(&value(old), &value(new));
        (change.points, change.relative_percent.unwrap_or_default())
    }

    #[test]
    fn points_and_percent_are_two_figures() {
        // Kota Bekasi 2019 to 2020, which the press called 0,98 persen; Banjarnegara 2023 to 2024, called 2,22%.
        assert_eq!(of("80.98", "81.96"), ("0.98".into(), "1.21".into()));
        assert_eq!(of("93.16", "95.23"), ("2.07".into(), "2.22".into()));
    }

    #[test]
    fn a_decrease_is_negative_and_halves_are_rounded_away_from_zero() {
        assert_eq!(of("81.96", "80.98"), ("-0.98".into(), "-1.20".into()));
        assert_eq!(of("80.00", "80.02"), ("0.02".into(), "0.03".into()));
        assert_eq!(of("80.00", "79.98"), ("-0.02".into(), "-0.03".into()));
        assert_eq!(of("80.00", "80.00"), ("0.00".into(), "0.00".into()));
    }

    #[test]
    fn there_is_no_percentage_of_zero() {
        assert_eq!(of("0", "3.10"), ("3.10".into(), String::new()));
    }

    proptest! {
        #[test]
        fn points_are_the_difference_of_the_printed_values(old in 0..=10_000i64, new in 0..=10_000i64) {
            let value = |n: i64| Rational::new(n.into(), 100.into());
            let points = between(&value(old), &value(new)).points;
            prop_assert_eq!(number::parse_decimal(&points), Some(value(new - old)));
        }
    }
}
