//! Who moved between two tables.

use std::collections::HashMap;

use prima_proto::ranking::v1 as pb;

use super::Part;
use crate::client::print::league::League;

/// The moves from an earlier table to the one of the report.
#[derive(Debug, Clone, Default)]
pub(super) struct Movement {
    /// The earlier table.
    pub before: pb::LeagueTable,
    /// Those with a rank in both, by the later rank.
    pub movers: Vec<Mover>,
    /// Those with a rank in the later table only.
    pub entrants: usize,
    /// Those with a rank in the earlier table only.
    pub leavers: usize,
    /// Why the largest changed.
    pub explained: Vec<Explained>,
}

/// A subject with a rank in both tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mover {
    pub subject: String,
    pub name: String,
    pub ranks: [i64; 2],
    pub scores: [String; 2],
}

/// Why a rank changed, or why that is not known.
#[derive(Debug, Clone)]
pub(super) struct Explained {
    pub mover: Mover,
    pub change: Part<pb::ExplainRankChangeResponse>,
}

impl Mover {
    /// By how many ranks it moved: positive is towards the first rank.
    pub fn up(&self) -> i64 {
        self.ranks[0] - self.ranks[1]
    }
}

impl Movement {
    /// The moves between two tables.
    pub fn between(before: &League, after: &League) -> Self {
        let ranked = |league: &League| -> HashMap<String, pb::LeagueRow> {
            let rows = league.rows.iter().filter(|row| row.rank > 0);
            rows.map(|row| (row.subject.clone(), row.clone())).collect()
        };
        let (earlier, later) = (ranked(before), ranked(after));
        let movers = after.rows.iter().filter(|row| row.rank > 0).filter_map(|row| {
            let base = earlier.get(&row.subject)?;
            Some(Mover {
                subject: row.subject.clone(),
                name: row.display_name.clone(),
                ranks: [base.rank, row.rank],
                scores: [base.score.clone(), row.score.clone()],
            })
        });
        let movers: Vec<Mover> = movers.collect();
        Self {
            before: before.table.clone(),
            entrants: later.len() - movers.len(),
            leavers: earlier.len() - movers.len(),
            movers,
            explained: Vec::new(),
        }
    }

    /// The `n` that rose most, the most first.
    pub fn risen(&self, n: usize) -> Vec<&Mover> {
        self.moved(n, Mover::up)
    }

    /// The `n` that fell most, the most first.
    pub fn fallen(&self, n: usize) -> Vec<&Mover> {
        self.moved(n, |mover| -mover.up())
    }

    /// The `n` that moved most in either direction, the most first.
    pub fn largest(&self, n: usize) -> Vec<Mover> {
        let moved = self.moved(n, |mover| mover.up().abs());
        moved.into_iter().cloned().collect()
    }

    /// Those that moved most in one direction; equal ones by their later rank.
    fn moved(&self, n: usize, by: impl Fn(&Mover) -> i64) -> Vec<&Mover> {
        let mut moved: Vec<&Mover> = self.movers.iter().filter(|mover| by(mover) > 0).collect();
        moved.sort_by_key(|mover| std::cmp::Reverse(by(mover)));
        moved.truncate(n);
        moved
    }
}
