//! The change between two published values, in points and in percent of the old value. Published texts call both of them
//! "persen", so each has a name here.

use num_bigint::BigInt;
use num_traits::Zero;

use super::Rational;

/// Decimals of a change in percent.
const PERCENT_PLACES: u32 = 2;

/// A change, signed, halves away from zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// New minus old, in points.
    pub points: String,
    /// (new - old) / old in percent, two decimals; `None` when the old value is 0.
    pub relative_percent: Option<String>,
}

/// The change between two published, rounded values, so that readers can check it with the printed figures; in points with
/// `places` decimals.
pub fn between(old: &Rational, new: &Rational, places: u32) -> Change {
    let points = new - old;
    let relative = (!old.is_zero()).then(|| &points / old * BigInt::from(100));
    Change {
        points: super::decimal(&points, places),
        relative_percent: relative.map(|r| super::decimal(&r, PERCENT_PLACES)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number;
    use proptest::prelude::*;

    fn of(old: &str, new: &str) -> (String, String) {
        let value = |text| number::parse_decimal(text).unwrap();
        let change = between(&value(old), &value(new), 2);
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
            let points = between(&value(old), &value(new), 2).points;
            prop_assert_eq!(number::parse_decimal(&points), Some(value(new - old)));
        }
    }
}
