//! How sure the ranks of a table are.
//!
//! The scores of a table are estimates, each with a standard error. Two promises can be made about ranks, and they are not the
//! same: an interval that contains the true rank of one subject, whichever it is, in 95 of 100 cases (`single`), and
//! intervals of all subjects that contain all true ranks at once in 95 of 100 tables (`joint`). The first ones are made by
//! `percentile`, the second ones by `step_down`, after Mogstad, Romano, Shaikh and Wilhelm, "Inference for Ranks with
//! Applications to Mobility across Neighbourhoods and Academic Achievement across Countries", Review of Economic Studies
//! 91(1), 2024, doi:10.1093/restud/rdad006.
//!
//! The estimates are taken as independent and normal. Equal estimates with equal errors and one seed have the same result on
//! every platform.

use super::rows_hash::{Canonical, Hash};

mod estimate;
mod normal;
mod percentile;
mod step_down;

pub use estimate::{Estimate, Interval};

/// Most subjects that are compared: with so many, all is computed in a few seconds.
pub const MOST: usize = 5000;

/// Simulated tables. One more is a multiple of 200, so that the quantiles are those of whole numbers of tables.
pub const DRAWS: usize = 1999;

/// How sure the intervals are, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Confidence(u32);

impl Confidence {
    /// 95 percent.
    pub const USUAL: Self = Self(95);

    /// 90, 95 or 99 percent; `None` for any other number.
    pub fn of(percent: i32) -> Option<Self> {
        let percent = u32::try_from(percent).ok()?;
        [90, 95, 99].contains(&percent).then_some(Self(percent))
    }

    /// In percent.
    pub fn percent(self) -> u32 {
        self.0
    }
}

/// How sure the rank of one subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certainty {
    /// Where its true rank is, taken alone.
    pub single: Interval,
    /// Where its true rank is, together with those of all others.
    pub joint: Interval,
    /// Number of its group, from 1: the first one of a group is surely better than the first one of the next group, and
    /// not surely better than any other one of its own.
    pub group: usize,
}

impl Certainty {
    /// Whether it is surely among the best `best`. That holds for all subjects at once, as the joint intervals do.
    pub fn is_among(&self, best: usize) -> bool {
        self.joint.to <= best
    }

    /// Whether it is surely not among the best `best`; for all subjects at once as well.
    pub fn is_not_among(&self, best: usize) -> bool {
        self.joint.from > best
    }
}

/// What identifies estimates.
pub fn hash(estimates: &[Estimate]) -> Hash {
    let mut hash = Canonical::default();
    for number in estimates.iter().flat_map(|own| [own.value(), own.error()]) {
        hash.number(number.to_bits().cast_signed());
    }
    hash.finish()
}

/// The seed that belongs to the hash of estimates: the same estimates have the same simulated tables.
pub fn seed(hash: &Hash) -> u64 {
    hash.iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// How sure the ranks of these subjects are, in their order, which must be that of their values, the best first. `draws`
/// tables are simulated; see [`DRAWS`]. At most [`MOST`] subjects.
pub fn assess(estimates: &[Estimate], confidence: Confidence, draws: usize, seed: u64) -> Vec<Certainty> {
    let singles = percentile::intervals(estimates, confidence.percent(), draws, seed);
    let critical = step_down::critical_value(estimates, confidence.percent(), draws, seed);
    let mut leader: Option<Estimate> = None;
    let mut group = 0;
    let certainty = |(own, single): (&Estimate, Interval)| {
        if leader.is_none_or(|leader| leader.is_surely_better(own, critical)) {
            leader = Some(*own);
            group += 1;
        }
        let better = |other: &&Estimate| other.is_surely_better(own, critical);
        let worse = |other: &&Estimate| own.is_surely_better(other, critical);
        Certainty {
            single,
            joint: Interval {
                from: 1 + estimates.iter().filter(better).count(),
                to: estimates.len() - estimates.iter().filter(worse).count(),
            },
            group,
        }
    };
    estimates.iter().zip(singles).map(certainty).collect()
}

#[cfg(test)]
mod tests;
