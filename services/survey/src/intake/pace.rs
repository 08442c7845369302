//! How much a transaction takes on, so that it holds its locks for about as long as was asked for.

use std::time::Duration;

/// What each survey of a transaction costs beside its rows, in rows, as measured: its lock, sums, result, score and
/// events.
pub(super) const SURVEY_COST: usize = 32;

/// The least that a transaction takes on, however slow they are. What it costs to have one at all, a good ten round trips
/// to the database, is shared by so many; a slow machine would otherwise spend its time on nothing else.
const LEAST: usize = 16 * SURVEY_COST;

/// Moves with every transaction of one kind.
#[derive(Debug)]
pub(super) struct Pace {
    goal: Duration,
    cost: usize,
    rows: usize,
}

impl Pace {
    /// Starts low. A transaction takes so many rows at most.
    pub(super) fn new(goal: Duration, rows: usize) -> Self {
        Self {
            goal,
            cost: LEAST,
            rows,
        }
    }

    /// What a transaction may cost, in rows.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// How many rows it may take.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Learns how long a transaction of this cost took, by the double or the half at most. One that was not `full`
    /// tells only whether it was too much.
    pub(super) fn learn(&mut self, cost: usize, full: bool, took: Duration) {
        if !full && took <= self.goal {
            return;
        }
        let fits = cost as u128 * self.goal.as_micros() / took.as_micros().max(1);
        let most = self.rows.saturating_mul(SURVEY_COST + 1).max(LEAST);
        self.cost = usize::try_from(fits)
            .unwrap_or(most)
            .clamp(self.cost / 2, self.cost * 2)
            .clamp(LEAST, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: Duration = Duration::from_millis(50);

    #[test]
    fn it_settles_where_a_transaction_takes_as_long_as_asked() {
        for micros in [2, 20, 80] {
            let mut pace = Pace::new(GOAL, 2000);
            for _ in 0..20 {
                let cost = pace.cost();
                // Beside what each row takes, there are five milliseconds for each transaction.
                pace.learn(cost, true, Duration::from_micros(5_000 + cost as u64 * micros));
            }
            let took = 5_000 + pace.cost() as u64 * micros;
            assert!((45_000..=55_000).contains(&took), "{micros}: {pace:?}");
        }
    }

    #[test]
    fn one_slow_transaction_halves_it_and_none_ends_it() {
        let mut pace = Pace::new(GOAL, 2000);
        for _ in 0..4 {
            pace.learn(pace.cost(), true, Duration::from_millis(1));
        }
        let before = pace.cost();
        assert_eq!(before, LEAST * 16);
        pace.learn(before, true, Duration::from_secs(60));
        assert_eq!(pace.cost(), before / 2);
        for _ in 0..20 {
            pace.learn(pace.cost(), true, Duration::from_secs(60));
        }
        assert_eq!(pace.cost(), LEAST);
    }

    #[test]
    fn a_transaction_that_had_room_left_raises_nothing() {
        let mut pace = Pace::new(GOAL, 2000);
        pace.learn(33, false, Duration::from_millis(1));
        assert_eq!(pace.cost(), LEAST);
    }

    #[test]
    fn it_never_passes_what_the_most_rows_could_cost() {
        let mut pace = Pace::new(GOAL, 100);
        for _ in 0..20 {
            pace.learn(pace.cost(), true, Duration::ZERO);
        }
        assert_eq!(pace.cost(), 100 * (SURVEY_COST + 1));
    }
}
