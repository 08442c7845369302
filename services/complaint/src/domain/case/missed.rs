//! Deadlines that passed while somebody held a report. What happens to the report afterwards (an answer, archiving,
//! merging, forwarding) does not undo them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Case;
use crate::domain::workflow::VERIFICATION;

/// A deadline that passed, with who held the report then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// Key of the clock.
    pub clock: String,
    /// When this run of the clock started.
    pub started_at: DateTime<Utc>,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; empty when the agency had not assigned it to a unit.
    pub unit: String,
}

impl Case {
    fn missed_now(&self, clock: &str) -> Option<Missed> {
        Some(Missed {
            clock: clock.to_owned(),
            started_at: self.clocks.get(clock)?.started_at,
            agency: self.agency.clone(),
            unit: self.unit.clone(),
        })
    }

    /// Records that the deadline of a clock has passed, against who holds the report now.
    pub(super) fn miss(&mut self, clock: &str) {
        if let Some(missed) = self.missed_now(clock)
            && !self.missed.contains(&missed)
        {
            self.missed.push(missed);
        }
    }

    /// Withdraws what was recorded against the present holder, because the deadline has moved to a later time.
    pub(super) fn unmiss(&mut self, clock: &str) {
        if let Some(missed) = self.missed_now(clock) {
            self.missed.retain(|one| *one != missed);
        }
    }

    /// Records what an earlier release did not: deadlines of the present holder that had passed according to the
    /// facts. Who held the report when it was verified too late is not in the facts; verification is the duty of the
    /// agency, so it counts against the agency only.
    pub fn recall_missed(&mut self) {
        let archived = self.state_by.is_some_and(|by| by.archives());
        let passed = self.fired.iter().filter(|(key, level)| {
            let stopped = self.clocks.get(*key).and_then(|clock| clock.stopped_at);
            let held = stopped.is_none_or(|at| archived && at == self.state_since);
            **level > 0 && held
        });
        let passed: Vec<String> = passed.map(|(key, _)| key.clone()).collect();
        for clock in passed {
            self.miss(&clock);
        }
        let known = |one: &Missed| one.clock == VERIFICATION && one.agency == self.agency;
        if self.verified_in_time == Some(false) && !self.missed.iter().any(known) {
            let of_agency = self.missed_now(VERIFICATION).map(|missed| Missed {
                unit: String::new(),
                ..missed
            });
            self.missed.extend(of_agency);
        }
    }
}
