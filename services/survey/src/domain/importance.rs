//! Importance-performance analysis: the quadrant of an element, by its mean score and its correlation with the other elements.

use super::certainty;
use super::moments::Correlation;
use super::number::{self, Rational};

/// Decimals of a correlation.
const PLACES: u32 = 4;

/// A correlation coefficient as it is published: four decimals, halves rounded away from zero.
pub fn coefficient(correlation: &Correlation) -> Rational {
    let value = certainty::root(&correlation.squared, PLACES);
    if correlation.negative { -value } else { value }
}

/// The quadrant of an element, relative to the means of all elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quadrant {
    /// High importance, high performance.
    KeepUp,
    /// High importance, low performance.
    ConcentrateHere,
    /// Low importance, low performance.
    LowPriority,
    /// Low importance, high performance.
    PossibleOverkill,
}

impl Quadrant {
    /// Its key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeepUp => "keep_up",
            Self::ConcentrateHere => "concentrate_here",
            Self::LowPriority => "low_priority",
            Self::PossibleOverkill => "possible_overkill",
        }
    }

    /// Its display label (id-ID).
    pub fn label(self) -> &'static str {
        match self {
            Self::KeepUp => "Pertahankan prestasi",
            Self::ConcentrateHere => "Prioritas utama",
            Self::LowPriority => "Prioritas rendah",
            Self::PossibleOverkill => "Berlebihan",
        }
    }
}

/// The performance (NRR) and the importance of one element; `None` where they cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinates {
    /// NRR, the mean score.
    pub performance: Option<Rational>,
    /// Correlation with the sum of the other elements.
    pub importance: Option<Rational>,
}

/// The quadrant of each element; `None` without importance or performance. The dividing lines are the means over the elements
/// that have both; an element on a line counts as above it.
pub fn quadrants(elements: &[Coordinates]) -> Vec<Option<Quadrant>> {
    let both: Vec<(&Rational, &Rational)> = elements.iter().filter_map(pair).collect();
    let mean = |values: Vec<Rational>| number::mean(&values);
    let performance = mean(both.iter().map(|(p, _)| (*p).clone()).collect());
    let importance = mean(both.iter().map(|(_, i)| (*i).clone()).collect());
    let lines = performance.zip(importance);
    let quadrant = |element: &Coordinates| {
        let (performance, importance) = pair(element)?;
        let (performance_line, importance_line) = lines.as_ref()?;
        Some(
            match (importance >= importance_line, performance >= performance_line) {
                (true, true) => Quadrant::KeepUp,
                (true, false) => Quadrant::ConcentrateHere,
                (false, false) => Quadrant::LowPriority,
                (false, true) => Quadrant::PossibleOverkill,
            },
        )
    };
    elements.iter().map(quadrant).collect()
}

fn pair(element: &Coordinates) -> Option<(&Rational, &Rational)> {
    element.performance.as_ref().zip(element.importance.as_ref())
}

/// The indexes of all highest and of all lowest values; empty without values.
pub fn extremes(values: &[Option<Rational>]) -> (Vec<usize>, Vec<usize>) {
    let known = || values.iter().flatten();
    let indexes = |wanted: Option<&Rational>| match wanted {
        None => Vec::new(),
        wanted => (0..values.len())
            .filter(|at| values.get(*at).and_then(Option::as_ref) == wanted)
            .collect(),
    };
    (indexes(known().max()), indexes(known().min()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(n: i64, d: i64) -> Rational {
        Rational::new(n.into(), d.into())
    }

    fn printed(negative: bool, n: i64, d: i64) -> String {
        let squared = ratio(n, d);
        number::decimal(&coefficient(&Correlation { negative, squared }), PLACES)
    }

    #[test]
    fn a_coefficient_has_four_exact_decimals() {
        assert_eq!(printed(false, 1, 1), "1.0000");
        assert_eq!(printed(true, 1, 4), "-0.5000");
        assert_eq!(printed(false, 1, 2), "0.7071");
        assert_eq!(printed(false, 0, 1), "0.0000");
        // The square of 0.00005, which is exactly half of the last decimal.
        assert_eq!(printed(false, 25, 10_000_000_000), "0.0001");
        assert_eq!(printed(true, 25, 10_000_000_000), "-0.0001");
        assert_eq!(printed(false, 24, 10_000_000_000), "0.0000");
    }

    #[test]
    fn the_quadrant_is_relative_to_the_means() {
        let at = |performance, importance| Coordinates {
            performance: Some(ratio(performance, 10)),
            importance: Some(ratio(importance, 10)),
        };
        let unknown = Coordinates {
            performance: Some(ratio(40, 10)),
            importance: None,
        };
        let quadrants = quadrants(&[at(36, 8), at(30, 8), at(30, 2), at(36, 2), unknown]);
        assert_eq!(
            quadrants
                .iter()
                .map(|q| q.map_or("", Quadrant::as_str))
                .collect::<Vec<_>>(),
            [
                "keep_up",
                "concentrate_here",
                "low_priority",
                "possible_overkill",
                ""
            ]
        );
    }

    #[test]
    fn equal_elements_count_as_above_the_line() {
        let alike = Coordinates {
            performance: Some(ratio(3, 1)),
            importance: Some(ratio(1, 2)),
        };
        assert_eq!(quadrants(&[alike.clone(), alike]), [Some(Quadrant::KeepUp); 2]);
        assert_eq!(quadrants(&[]), []);
    }

    #[test]
    fn extremes_are_shared() {
        let values = [Some(ratio(3, 1)), None, Some(ratio(6, 2)), Some(ratio(1, 1))];
        assert_eq!(extremes(&values), (vec![0, 2], vec![3]));
        assert_eq!(extremes(&[None]), (vec![], vec![]));
    }
}
