//! How many units of an agency must be fit to be ranked before the agency is. No regulation says so;
//! `data/coverage.json` is this project's own rule.

use std::sync::LazyLock;

use serde::Deserialize;

use super::facts::Figures;

#[derive(Debug, Deserialize)]
struct Rule {
    minimum: Share,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Share {
    numerator: i64,
    denominator: i64,
}

/// The share of its units that an agency needs.
fn minimum() -> Share {
    static RULE: LazyLock<Option<Rule>> =
        LazyLock::new(|| serde_json::from_str(include_str!("../../data/coverage.json")).ok());
    // Without a readable rule, every unit is needed.
    RULE.as_ref().map_or(
        Share {
            numerator: 1,
            denominator: 1,
        },
        |rule| rule.minimum,
    )
}

/// How many units of the agency must have a rank of their own; 0 for a score that is not made of units, that states a
/// minimum sample of its own, or that was recorded from an earlier publication.
pub fn required(figures: &Figures) -> i64 {
    if figures.recorded || figures.units_counted <= 0 || figures.sample_minimum > 0 {
        return 0;
    }
    let expected = figures.units_expected.max(figures.units_counted);
    let Share {
        numerator,
        denominator,
    } = minimum();
    let needed = i128::from(expected) * i128::from(numerator);
    let rounded_up = (needed + i128::from(denominator) - 1) / i128::from(denominator.max(1));
    i64::try_from(rounded_up).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::tests::score;

    fn figures(counted: i64, expected: i64) -> Figures {
        Figures {
            units_counted: counted,
            units_expected: expected,
            ..score("12", "90").figures
        }
    }

    #[test]
    fn two_thirds_of_the_units_must_be_fit() {
        for (counted, expected, needed) in [
            (0, 0, 0),
            (1, 1, 1),
            (2, 3, 2),
            (89, 89, 60),
            (1, 89, 60),
            (3, 2, 2),
        ] {
            assert_eq!(
                required(&figures(counted, expected)),
                needed,
                "{counted} of {expected}"
            );
        }
        let recorded = Figures {
            recorded: true,
            ..figures(3, 3)
        };
        let with_minimum = Figures {
            sample_minimum: 10,
            ..figures(3, 3)
        };
        assert_eq!((required(&recorded), required(&with_minimum)), (0, 0));
    }

    proptest! {
        #[test]
        fn the_rule_is_exact(counted in 1..200_i64, expected in 0..200_i64, fit in 0..200_i64) {
            let of = expected.max(counted);
            prop_assert_eq!(fit < required(&figures(counted, expected)), 3 * fit < 2 * of);
        }
    }
}
