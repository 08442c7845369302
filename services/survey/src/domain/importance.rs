//! Importance-performance analysis: where an element stands by its score and by how much it moves with the rest.

use super::certainty;
use super::moments::Correlation;
use super::number::{self, Rational};

/// Decimals of a correlation.
const PLACES: u32 = 4;

/// A coefficient of correlation as it is published: four decimals, halves away from zero.
pub fn coefficient(correlation: &Correlation) -> Rational {
    let value = certainty::root(&correlation.squared, PLACES);
    if correlation.negative { -value } else { value }
}

/// Where an element stands against the mean of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quadrant {
    /// Important and good.
    KeepUp,
    /// Important and weak.
    ConcentrateHere,
    /// Unimportant and weak.
    LowPriority,
    /// Unimportant and good.
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

    /// Its label for people (id-ID).
    pub fn label(self) -> &'static str {
        match self {
            Self::KeepUp => "Pertahankan prestasi",
            Self::ConcentrateHere => "Prioritas utama",
            Self::LowPriority => "Prioritas rendah",
            Self::PossibleOverkill => "Berlebihan",
        }
    }
}

/// One element: its performance (NRR) and importance, none where they can't be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// NRR.
    pub performance: Option<Rational>,
    /// Correlation with the sum of the others.
    pub importance: Option<Rational>,
}

/// The quadrant of each element, none without importance or performance. The lines are the means of both over the
/// elements that have both; an element on a line counts as above it.
pub fn quadrants(elements: &[Placed]) -> Vec<Option<Quadrant>> {
    let both: Vec<(&Rational, &Rational)> = elements.iter().filter_map(pair).collect();
    let mean = |values: Vec<Rational>| number::mean(&values);
    let performance = mean(both.iter().map(|(p, _)| (*p).clone()).collect());
    let importance = mean(both.iter().map(|(_, i)| (*i).clone()).collect());
    let lines = performance.zip(importance);
    let place = |element: &Placed| {
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
    elements.iter().map(place).collect()
}

fn pair(element: &Placed) -> Option<(&Rational, &Rational)> {
    element.performance.as_ref().zip(element.importance.as_ref())
}

/// Places of the highest and of the lowest values, all that share them; empty without values.
pub fn extremes(values: &[Option<Rational>]) -> (Vec<usize>, Vec<usize>) {
    let known = || values.iter().flatten();
    let places = |wanted: Option<&Rational>| match wanted {
        None => Vec::new(),
        wanted => (0..values.len())
            .filter(|at| values.get(*at).and_then(Option::as_ref) == wanted)
            .collect(),
    };
    (places(known().max()), places(known().min()))
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
    fn a_coefficient_has_four_certain_decimals() {
        assert_eq!(printed(false, 1, 1), "1.0000");
        assert_eq!(printed(true, 1, 4), "-0.5000");
        assert_eq!(printed(false, 1, 2), "0.7071");
        assert_eq!(printed(false, 0, 1), "0.0000");
        // Exactly on a half: 0.00005 squared.
        assert_eq!(printed(false, 25, 10_000_000_000), "0.0001");
        assert_eq!(printed(true, 25, 10_000_000_000), "-0.0001");
        assert_eq!(printed(false, 24, 10_000_000_000), "0.0000");
    }

    #[test]
    fn an_element_is_placed_against_the_means() {
        let at = |performance, importance| Placed {
            performance: Some(ratio(performance, 10)),
            importance: Some(ratio(importance, 10)),
        };
        let unknown = Placed {
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
    fn elements_that_are_all_alike_are_above_the_line() {
        let alike = Placed {
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
