//! When the figures of an open survey may move: in steps of several responses, so that nobody can read one person's
//! answers from the difference of two figures.

use super::moments::Moments;

/// What of a survey is disclosed: the figures per element are those of these responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// Version of the survey at which it was disclosed: responses of later versions are not in the figures. 0 before
    /// the first step.
    pub version: i64,
    /// Responses that were counted then.
    pub respondents: i64,
    /// Responses added or voided since.
    pub undisclosed: i64,
    /// Moments of what is disclosed.
    pub moments: Moments,
}

impl Disclosed {
    /// Nothing, in a survey that asks this many elements.
    pub fn nothing(elements: usize) -> Self {
        Self {
            version: 0,
            respondents: 0,
            undisclosed: 0,
            moments: Moments::none(elements),
        }
    }

    /// Whether the figures move with `changes` more responses added or voided: when a survey has ended always, else
    /// when at least `step` (at least 1) have changed since the last time.
    pub fn due(&self, changes: i64, step: i64, ended: bool) -> bool {
        let waiting = self.undisclosed + changes;
        ended || (waiting > 0 && waiting >= step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn open_figures_move_by_at_least_a_step(changes in prop::collection::vec(1..8_i64, 0..40), step in 1..9_i64) {
            let mut disclosed = Disclosed::nothing(1);
            let (mut since, mut moves) = (0, Vec::new());
            for change in &changes {
                since += change;
                if disclosed.due(*change, step, false) {
                    moves.push(since);
                    (disclosed.undisclosed, since) = (0, 0);
                } else {
                    disclosed.undisclosed += change;
                    prop_assert!(disclosed.undisclosed < step, "kept back too long");
                }
            }
            prop_assert!(moves.iter().all(|n| *n >= step));
            prop_assert_eq!(moves.iter().sum::<i64>() + since, changes.iter().sum::<i64>());
        }
    }

    #[test]
    fn an_ended_survey_discloses_everything() {
        let disclosed = Disclosed::nothing(1);
        assert!(disclosed.due(0, 5, true));
        assert!(!disclosed.due(0, 5, false));
        assert!(!disclosed.due(0, 0, false), "nothing new is no step");
    }
}
