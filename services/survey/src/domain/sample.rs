//! Minimum sample size for a population, after Krejcie and Morgan.

use num_bigint::BigInt;
use num_traits::{One, ToPrimitive};

use super::number::Rational;

/// Largest population that a survey can declare.
pub const POPULATION_MAX: i64 = 1_000_000_000;

/// Parameters of the Krejcie-Morgan formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Chi-squared for one degree of freedom at the chosen confidence level.
    pub x2: Rational,
    /// P, the assumed population proportion; Q is `1 - P`.
    pub share: Rational,
    /// d, the accepted margin of error, as a proportion.
    pub margin: Rational,
}

impl Parameters {
    /// The parameters behind the published table: x2 = 3.841 (95 %), P = 0.5, d = 0.05.
    pub fn standard() -> Self {
        let ratio = |n: i32, d: i32| Rational::new(n.into(), d.into());
        Self {
            x2: ratio(3841, 1000),
            share: ratio(1, 2),
            margin: ratio(1, 20),
        }
    }

    /// The minimum sample `x2 N P Q / (d² (N-1) + x2 P Q)`, rounded half up, never above the population.
    /// `None` unless the population is 1 to 1,000,000,000.
    ///
    /// Rounding half up gives every entry of the published table; rounding up gives few of them.
    pub fn size(&self, population: i64) -> Option<i64> {
        if !(1..=POPULATION_MAX).contains(&population) {
            return None;
        }
        let spread = &self.x2 * &self.share * (Rational::one() - &self.share);
        let error = &self.margin * &self.margin * BigInt::from(population - 1);
        let divisor = error + &spread;
        if divisor <= Rational::from_integer(0.into()) {
            return None;
        }
        let size = (spread * BigInt::from(population) / divisor)
            .round()
            .to_integer()
            .to_i64()?;
        Some(size.min(population))
    }
}

/// The minimum sample for a population at 95 % confidence and 5 % error (x2 = 3.841, P = 0.5, d = 0.05; the
/// annex of PermenPANRB 14/2017 prints the table), rounded half up. `None` unless the population is 1 to
/// 1,000,000,000.
pub fn krejcie_morgan(population: i64) -> Option<i64> {
    Parameters::standard().size(population)
}

/// The minimum sample of public services: the sum of the samples of each for its own users, since each service is surveyed
/// on its own. `None` when a population is not 1 to 1,000,000,000, and when there are none.
pub fn of_services(populations: impl IntoIterator<Item = i64>) -> Option<i64> {
    let sizes = populations.into_iter().map(krejcie_morgan);
    let sum: i64 = sizes.sum::<Option<i64>>()?;
    (sum > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::super::instrument;
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str, pointer: &str) -> Vec<(i64, i64)> {
        let data: serde_json::Value = serde_json::from_str(text).unwrap();
        let rows = data.pointer(pointer).unwrap().as_array().unwrap();
        rows.iter()
            .map(|r| (r["N"].as_i64().unwrap(), r["S"].as_i64().unwrap()))
            .collect()
    }

    #[test]
    fn every_entry_of_the_golden_table_is_computed() {
        let golden = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/sample_size.json"
        ));
        let rows = rows(golden, "/rows");
        assert_eq!(rows.len(), 45);
        for (population, size) in rows {
            assert_eq!(krejcie_morgan(population), Some(size), "{population}");
        }
    }

    #[test]
    fn every_entry_of_the_instrument_table_is_computed() {
        let rows = rows(include_str!("../../data/skm-2017.json"), "/sample_size/table");
        assert_eq!(rows.len(), 90);
        for (population, size) in rows {
            assert_eq!(krejcie_morgan(population), Some(size), "{population}");
        }
    }

    #[test]
    fn the_instrument_states_the_parameters_used() {
        assert_eq!(
            instrument::find("skm-2017").unwrap().sample,
            Some(Parameters::standard())
        );
    }

    #[test]
    fn a_population_out_of_range_has_no_sample() {
        for population in [i64::MIN, -1, 0, POPULATION_MAX + 1, i64::MAX] {
            assert_eq!(krejcie_morgan(population), None, "{population}");
        }
        assert_eq!(krejcie_morgan(1), Some(1));
        assert_eq!(krejcie_morgan(POPULATION_MAX), Some(384));
    }

    #[test]
    fn each_service_has_its_own_sample_and_the_whole_is_their_sum() {
        assert_eq!(of_services([100, 50]), Some(80 + 44));
        assert_eq!(of_services([150]), krejcie_morgan(150));
        assert_eq!(of_services([]), None);
        assert_eq!(of_services([100, 0]), None);
    }

    proptest! {
        #[test]
        fn the_sample_of_services_equals_the_integer_formula(populations in prop::collection::vec(1..=POPULATION_MAX, 1..20)) {
            let one = |n: &i64| {
                let (above, below) = (3841 * n, 10 * n + 3831);
                (2 * above + below) / (2 * below)
            };
            let whole: i64 = populations.iter().sum::<i64>().min(POPULATION_MAX);
            let sum = of_services(populations.iter().copied()).unwrap();
            prop_assert_eq!(sum, populations.iter().map(one).sum::<i64>());
            prop_assert!(sum >= krejcie_morgan(whole).unwrap());
        }

        #[test]
        fn a_sample_is_never_above_the_population_and_equals_the_integer_formula(population in 1..=POPULATION_MAX) {
            let size = krejcie_morgan(population).unwrap();
            prop_assert!((1..=population).contains(&size));
            // The formula in integers is 3841 N / (10 N + 3831).
            let (above, below) = (3841 * population, 10 * population + 3831);
            prop_assert_eq!(size, (2 * above + below) / (2 * below));
        }
    }
}
