//! Entries of a round: their content, and the decisions that move them from state to state.

use std::collections::BTreeMap;

use prima_platform::failure::{Failure, Kind, Violation};
use serde::{Deserialize, Serialize};

use super::{
    innovation::Link,
    round::{Rules, StageKind},
};

/// State of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The unit drafts it and has not handed it in yet.
    Draft,
    /// The agency admin reviews it.
    InReview,
    /// The agency admin returned it to the unit.
    Returned,
    /// The agency submitted it to the ministry.
    Submitted,
    /// It takes part in the competition.
    Competing,
    /// The ministry rejected it at screening.
    Rejected,
    /// It did not pass a scored stage.
    Eliminated,
    /// It was not submitted when submission closed.
    Lapsed,
    /// The unit withdrew it.
    Withdrawn,
}

/// Every state.
pub const STATES: [State; 9] = [
    State::Draft,
    State::InReview,
    State::Returned,
    State::Submitted,
    State::Competing,
    State::Rejected,
    State::Eliminated,
    State::Lapsed,
    State::Withdrawn,
];

impl State {
    /// Its name in the database and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in-review",
            Self::Returned => "returned",
            Self::Submitted => "submitted",
            Self::Competing => "competing",
            Self::Rejected => "rejected",
            Self::Eliminated => "eliminated",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Parses its name.
    pub fn parse(text: &str) -> Option<Self> {
        STATES.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether the unit can change it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }

    /// Whether it waits for a decision.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Draft | Self::InReview | Self::Returned | Self::Submitted | Self::Competing
        )
    }
}

/// The role that takes a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The unit, or its agency admin.
    Unit,
    /// The agency admin.
    Agency,
    /// The ministry.
    Ministry,
}

/// A decision that moves an entry to another state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The unit hands it in to the agency.
    HandIn,
    /// The agency returns it to the unit.
    Return,
    /// The agency submits it to the ministry.
    Submit,
    /// The unit withdrew it.
    Withdraw,
    /// The ministry passes it at screening.
    Pass,
    /// The ministry rejects it at screening.
    Reject,
}

impl Decision {
    /// The role that may take this decision.
    pub fn actor(self) -> Actor {
        match self {
            Self::HandIn | Self::Withdraw => Actor::Unit,
            Self::Return | Self::Submit => Actor::Agency,
            Self::Pass | Self::Reject => Actor::Ministry,
        }
    }

    /// The kind of stage in which this decision is taken.
    pub fn stage(self) -> StageKind {
        match self {
            Self::HandIn | Self::Withdraw | Self::Return | Self::Submit => StageKind::Submission,
            Self::Pass | Self::Reject => StageKind::Screening,
        }
    }

    /// The state after this decision.
    ///
    /// # Errors
    ///
    /// The state does not allow the decision.
    pub fn apply(self, state: State) -> Result<State, Failure> {
        use State::{Competing, Draft, InReview, Rejected, Returned, Submitted, Withdrawn};
        match (self, state) {
            (Self::HandIn, Draft | Returned) => Ok(InReview),
            (Self::Return, InReview) => Ok(Returned),
            (Self::Submit, InReview) => Ok(Submitted),
            (Self::Withdraw, Draft | InReview | Returned | Submitted) => Ok(Withdrawn),
            (Self::Pass, Submitted | Competing) => Ok(Competing),
            (Self::Reject, Submitted | Competing) => Ok(Rejected),
            _ => Err(wrong_state(state)),
        }
    }
}

/// The failure for an entry in a state that does not allow the operation.
pub fn wrong_state(state: State) -> Failure {
    Failure::new(
        Kind::Precondition,
        "ENTRY_STATE",
        format!("not possible for an entry that is {}", state.as_str()),
        format!("Tidak dapat dilakukan pada usulan berstatus {}", state.as_str()),
    )
}

/// The proposal that the unit wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proposal {
    /// Key of the group.
    pub group: String,
    /// Key of the category; may be empty.
    pub category: String,
    /// Text of each part.
    pub answers: BTreeMap<String, String>,
    /// Supporting documents.
    pub documents: Vec<Link>,
}

impl Proposal {
    /// Its faults against the rules of the round. A proposal may still be incomplete.
    pub fn faults(&self, rules: &Rules) -> Vec<Violation> {
        let mut faults = Vec::new();
        let Some(group) = rules.group(&self.group) else {
            faults.push(Violation::new(
                "entry.group",
                "is not a group of the round",
                "kelompok tidak ada dalam kompetisi ini",
            ));
            return faults;
        };
        if !self.category.is_empty() && !rules.categories.iter().any(|c| c.key == self.category) {
            faults.push(Violation::new(
                "entry.category",
                "is not a category of the round",
                "kategori tidak ada dalam kompetisi ini",
            ));
        }
        if self
            .answers
            .keys()
            .any(|key| !group.parts.iter().any(|p| p.key == *key))
        {
            faults.push(Violation::new(
                "entry.answers",
                "name a part that the group does not have",
                "menyebut bagian yang tidak ada pada kelompok ini",
            ));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_passes_from_unit_to_agency_to_ministry() {
        let path = [
            (Decision::HandIn, State::InReview),
            (Decision::Return, State::Returned),
            (Decision::HandIn, State::InReview),
            (Decision::Submit, State::Submitted),
            (Decision::Pass, State::Competing),
        ];
        let mut state = State::Draft;
        for (decision, next) in path {
            state = decision.apply(state).unwrap();
            assert_eq!(state, next);
        }
    }

    #[test]
    fn a_decision_that_the_state_does_not_allow_is_refused() {
        let all = [
            Decision::HandIn,
            Decision::Return,
            Decision::Submit,
            Decision::Withdraw,
            Decision::Pass,
            Decision::Reject,
        ];
        let allowed: usize = STATES
            .iter()
            .map(|s| all.iter().filter(|d| d.apply(*s).is_ok()).count())
            .sum();
        assert_eq!(allowed, 12);
        for state in STATES.into_iter().filter(|s| !s.is_live()) {
            assert!(all.iter().all(|d| d.apply(state).is_err()), "{state:?} is final");
        }
        assert!(STATES.into_iter().all(|s| State::parse(s.as_str()) == Some(s)));
    }
}
