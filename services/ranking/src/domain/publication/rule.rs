//! When a proposed table may be published.

use chrono::{DateTime, Utc};

/// Where a proposal is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Objections are filed and decided.
    Open,
    /// It is published.
    Published,
    /// A newer proposal has replaced it.
    Replaced,
}

impl State {
    /// The number that is stored, which is that of the contract.
    pub fn number(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::Published => 2,
            Self::Replaced => 3,
        }
    }

    /// The state with this number.
    pub fn of(number: i64) -> Option<Self> {
        [Self::Open, Self::Published, Self::Replaced]
            .into_iter()
            .find(|state| state.number() == number)
    }
}

/// What was decided about an objection. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The score is corrected where it is made, and the table is proposed again.
    Accepted,
    /// The row stays as it is.
    Rejected,
}

impl Decision {
    /// The number that is stored, which is that of the contract; 0 stands for none.
    pub fn number(self) -> i64 {
        match self {
            Self::Accepted => 1,
            Self::Rejected => 2,
        }
    }

    /// The decision with this number.
    pub fn of(number: i64) -> Option<Self> {
        [Self::Accepted, Self::Rejected]
            .into_iter()
            .find(|decision| decision.number() == number)
    }

    /// Its name in what is sealed.
    pub fn key(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// Why a proposal can't be published now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is published or replaced.
    Closed,
    /// Objections can still be filed.
    PeriodRuns(DateTime<Utc>),
    /// So many objections are not decided.
    Undecided(i64),
    /// An objection was accepted, so these rows are not right.
    Accepted,
}

/// Succeeds when a proposal may be published. No regulation that is known here lets a table become official while its period of
/// objection runs or while an objection is open, so nothing makes an exception.
pub fn may_publish(
    state: State,
    ends_at: DateTime<Utc>,
    [undecided, accepted]: [i64; 2],
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    if state != State::Open {
        return Err(Refused::Closed);
    }
    if now < ends_at {
        return Err(Refused::PeriodRuns(ends_at));
    }
    if undecided > 0 {
        return Err(Refused::Undecided(undecided));
    }
    if accepted > 0 {
        return Err(Refused::Accepted);
    }
    Ok(())
}
