//! A score with its standard error, and a range of ranks.

/// A score as an estimate of the true one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The score; a higher one is better.
    value: f64,
    /// Its standard error; 0 for a score that is known exactly.
    error: f64,
}

impl Estimate {
    /// An estimate; `None` when a number is not finite, or the error is negative.
    pub fn new(value: f64, error: f64) -> Option<Self> {
        let is_valid = value.is_finite() && error.is_finite() && error >= 0.0;
        is_valid.then_some(Self { value, error })
    }

    /// The score; a higher one is better.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Its standard error.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// Whether it is better than another one by more than `critical` standard errors of the difference. Two that are known
    /// exactly are surely unlike when they are not equal.
    pub fn is_surely_better(&self, other: &Self, critical: f64) -> bool {
        let variance = self.error * self.error + other.error * other.error;
        self.value - other.value > critical * variance.sqrt()
    }
}

/// A range of ranks, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The best rank, from 1.
    pub from: usize,
    /// The worst rank.
    pub to: usize,
}

impl Interval {
    /// The smallest range that contains this one and a rank.
    #[must_use]
    pub fn with(self, rank: usize) -> Self {
        Self {
            from: self.from.min(rank),
            to: self.to.max(rank),
        }
    }
}

/// The position in `length` sorted simulated numbers of the quantile of this many half percents.
pub fn position(length: usize, half_percents: usize) -> usize {
    ((length + 1) * half_percents)
        .div_ceil(200)
        .clamp(1, length.max(1))
        - 1
}
