//! When figures about people may move for those who may not read what is behind them: in steps of several people, so
//! that nobody reads one person from the difference of two figures, whether they are of two moments or of two periods.

/// Whether figures move now that `changed` people differ from those of the last time; a step below 1 is 1.
pub fn due(changed: i64, step: i64) -> bool {
    changed >= step.max(1)
}

/// A count as it is told: the full steps in it. Below a step it is 0, and of two counts that a few people tell apart
/// it tells nothing.
pub fn full_steps(count: i64, step: i64) -> i64 {
    let step = step.max(1);
    count - count.rem_euclid(step)
}

/// How many steps of the total one step of a group takes. Every figure told is an equation in the answers of the people
/// behind it, and whoever sees the people at the counter knows which these are. A total and seven dimensions that all
/// moved by five people would be eight equations for each five people: enough to solve for every single answer. With
/// four times the step they are fewer than half as many as the people.
const GROUP_STEPS: i64 = 4;

/// By how many people a group moves, given by how many the total does. A total that moves at once keeps nothing back,
/// and neither do its groups.
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
    fn figures_move_from_a_step_on_and_a_step_of_one_keeps_nothing_back() {
        assert_eq!([0, 4, 5, 9].map(|n| due(n, 5)), [false, false, true, true]);
        assert_eq!([0, 1].map(|n| due(n, 1)), [false, true]);
        assert_eq!([0, 1].map(|n| due(n, 0)), [false, true]);
        assert_eq!([0, 1, 4, 5, 9, 10].map(|n| full_steps(n, 5)), [0, 0, 0, 5, 5, 10]);
        assert_eq!([0, 1, 7].map(|n| full_steps(n, 1)), [0, 1, 7]);
        assert_eq!([group_step(1), group_step(5)], [1, 20]);
    }
}
