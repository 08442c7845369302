//! Counts of the answers to one element, from which an index is computed and which are cheap to update.

/// Highest score of a tally: that of F-03. The scale of PermenPANRB 14/2017 ends at 4.
pub const SCORE_MAX: u8 = 5;

/// The number of answers with each score to one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// `counts[s]` is the number of answers with score `s`, 0 to 5.
    pub counts: [i64; 6],
}

impl Tally {
    /// The tally of one answer. A score above 5 is ignored; scores have been checked against the instrument before.
    pub fn of(score: u8) -> Tally {
        let mut tally = Tally::default();
        if let Some(count) = tally.counts.get_mut(usize::from(score)) {
            *count = 1;
        }
        tally
    }

    /// Number of answers.
    pub fn answers(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Sum of the scores.
    pub fn total(&self) -> i64 {
        (0..)
            .zip(self.counts)
            .map(|(score, count): (i64, i64)| score * count)
            .sum()
    }

    /// Adds the counts of another tally of the same element.
    pub fn add(&mut self, other: &Tally) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }

    /// Subtracts the counts of another tally of the same element.
    pub fn subtract(&mut self, other: &Tally) {
        for (count, less) in self.counts.iter_mut().zip(other.counts) {
            *count -= less;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_score_beyond_the_scale_is_ignored() {
        assert_eq!(Tally::of(SCORE_MAX).total(), 5);
        for score in [SCORE_MAX + 1, u8::MAX] {
            assert_eq!(Tally::of(score), Tally::default());
        }
    }

    #[test]
    fn a_score_of_zero_is_an_answer() {
        assert_eq!((Tally::of(0).answers(), Tally::of(0).total()), (1, 0));
    }

    proptest! {
        #[test]
        fn incremental_tallies_equal_recomputed_ones(scores in prop::collection::vec(0..=SCORE_MAX, 0..200)) {
            let mut kept = Tally::default();
            for score in &scores {
                kept.add(&Tally::of(*score));
            }
            let mut counts = [0; 6];
            for (score, count) in counts.iter_mut().enumerate() {
                *count = scores.iter().filter(|s| usize::from(**s) == score).count() as i64;
            }
            prop_assert_eq!(kept, Tally { counts });
            prop_assert_eq!(kept.answers(), scores.len() as i64);
            prop_assert_eq!(kept.total(), scores.iter().map(|s| i64::from(*s)).sum::<i64>());
        }
    }
}
