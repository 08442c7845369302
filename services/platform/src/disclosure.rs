//! Statistical disclosure control: figures about people change only in steps of several people for readers without
//! access to the underlying records. So the answer of one person can't be derived from the difference of two figures,
//! be they of two points in time or of two periods.

/// Whether published figures may change, when `changed` people were added or removed since the last change. A step
/// below 1 counts as 1.
pub fn due(changed: i64, step: i64) -> bool {
    changed >= step.max(1)
}

/// The published value of a count: rounded down to a multiple of the step. It is 0 below a step, and the same for
/// counts that differ by a few people only.
pub fn full_steps(count: i64, step: i64) -> i64 {
    let step = step.max(1);
    count - count.rem_euclid(step)
}

/// The step of a group as a multiple of the step of the total. Every published figure is an equation in the answers of
/// its respondents, and an observer at the counter knows who they are. A total and seven dimensions that all change
/// with every five people would give eight equations for each five people, enough to solve for every single answer.
/// With four times the step, the equations are fewer than half as many as the people.
const GROUP_STEPS: i64 = 4;

/// Step of a group, from the step of the total. With a step of 1 nothing is withheld, neither in the total nor in its
/// groups.
pub fn group_step(step: i64) -> i64 {
    if step <= 1 {
        return 1;
    }
    step.saturating_mul(GROUP_STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_change_from_a_step_on_and_a_step_of_one_withholds_nothing() {
        assert_eq!([0, 4, 5, 9].map(|n| due(n, 5)), [false, false, true, true]);
        assert_eq!([0, 1].map(|n| due(n, 1)), [false, true]);
        assert_eq!([0, 1].map(|n| due(n, 0)), [false, true]);
        assert_eq!([0, 1, 4, 5, 9, 10].map(|n| full_steps(n, 5)), [0, 0, 0, 5, 5, 10]);
        assert_eq!([0, 1, 7].map(|n| full_steps(n, 1)), [0, 1, 7]);
        assert_eq!([group_step(1), group_step(5)], [1, 20]);
    }
}
