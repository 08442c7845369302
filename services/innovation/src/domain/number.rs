//! Exact numbers: those of the platform, and medians.

pub use prima_platform::number::{Rational, decimal, mean, percent, scaled, whole};

/// The median: the middle value, or the mean of the two in the middle; `None` without values.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(n: i64, d: i64) -> Rational {
        Rational::new(n.into(), d.into())
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
}
