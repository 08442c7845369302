//! The size of a transaction, adjusted so that it holds its locks for about the configured time.

use std::time::Duration;

/// Measured cost of each survey of a transaction in addition to its rows, in rows: its lock and its delta.
pub(super) const SURVEY_COST: usize = 2;

/// The smallest limit on the cost of a transaction, however slow transactions are. Each needs a handful of round trips
/// to the database whatever its size; without this minimum a slow machine would spend its time on these alone.
const LEAST: usize = 512;

/// The limits on the size of transactions of one kind, adjusted after each of them.
#[derive(Debug)]
pub(super) struct Pace {
    goal: Duration,
    cost: usize,
    rows: usize,
    gentle: usize,
}

impl Pace {
    /// Starts with the smallest cost; `rows` is the most rows of a transaction.
    pub(super) fn new(goal: Duration, rows: usize) -> Self {
        Self {
            goal,
            cost: LEAST,
            rows,
            gentle: 2,
        }
    }

    /// With transactions of this part of the usual cost while others wait for each of them.
    pub(super) fn gentle(self, part: usize) -> Self {
        Self { gentle: part, ..self }
    }

    /// The most that a transaction may cost while others wait for it, in rows.
    pub(super) fn gentle_cost(&self) -> usize {
        self.cost / self.gentle
    }

    /// The most that a transaction may cost, in rows.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// The most rows that it may contain.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adjusts the cost limit, at most to its double or half, after a transaction of this cost took this long. One that
    /// was not `full` can only lower it.
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
    fn the_cost_converges_to_transactions_of_the_configured_time() {
        for micros in [2, 20, 80] {
            let mut pace = Pace::new(GOAL, 20_000);
            for _ in 0..20 {
                let cost = pace.cost();
                // In addition to the time of its rows, each transaction takes five milliseconds.
                pace.learn(cost, true, Duration::from_micros(5_000 + cost as u64 * micros));
            }
            let took = 5_000 + pace.cost() as u64 * micros;
            assert!((45_000..=55_000).contains(&took), "{micros}: {pace:?}");
        }
    }

    #[test]
    fn a_slow_transaction_halves_the_cost_but_never_below_the_minimum() {
        let mut pace = Pace::new(GOAL, 20_000);
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
    fn a_transaction_that_was_not_full_does_not_raise_the_cost() {
        let mut pace = Pace::new(GOAL, 2000);
        pace.learn(33, false, Duration::from_millis(1));
        assert_eq!(pace.cost(), LEAST);
    }

    #[test]
    fn the_cost_never_exceeds_that_of_the_most_rows() {
        let mut pace = Pace::new(GOAL, 1000);
        for _ in 0..20 {
            pace.learn(pace.cost(), true, Duration::ZERO);
        }
        assert_eq!(pace.cost(), 1000 * (SURVEY_COST + 1));
    }
}
