//! Starts, pauses and stops the clocks of a report according to the states that it enters.

use chrono::{DateTime, Utc};

use super::{Case, Missed, act::Rules};
use crate::domain::{
    workflow::{ClockLength, ClockRule, OnDue, VERIFICATION, Workflow},
    worktime::{Clock, Length, Pause},
};

impl Case {
    /// Applies to each clock what its rule says about the state that was just entered.
    pub(super) fn update_clocks(&mut self, rules: Rules<'_>, at: DateTime<Utc>) {
        let mut settled = false;
        for rule in &rules.workflow.clocks {
            if rule.starts(&self.state) {
                settled |= rule.on_due == OnDue::Escalate;
                self.start(rules, rule, at);
                continue;
            }
            let Some(clock) = self.clocks.get_mut(&rule.key) else {
                continue;
            };
            if clock.stopped_at.is_some() {
                continue;
            }
            let pauses = rule.pauses(&self.state);
            let paused = clock.pauses.last().is_some_and(|p| p.to.is_none());
            if paused && !pauses {
                resume(clock, at);
                clock.due = rules.work_time.due(clock);
            }
            if rule.stops(&self.state) {
                settled |= rule.on_due == OnDue::Escalate;
                clock.stopped_at = Some(at);
            } else if pauses && !paused {
                clock.pauses.push(Pause { from: at, to: None });
                clock.due = None;
            }
        }
        if settled {
            self.level = self.highest_level(rules.workflow);
        }
    }

    fn start(&mut self, rules: Rules<'_>, rule: &ClockRule, at: DateTime<Utc>) {
        self.fired.remove(&rule.key);
        let length = match rule.length {
            ClockLength::Fixed(length) => Some(length),
            ClockLength::Class => rules.promised.or_else(|| self.class_length(rules.workflow)),
        };
        let Some(length) = length else {
            self.clocks.remove(&rule.key);
            return;
        };
        let mut clock = Clock {
            started_at: at,
            length,
            pauses: Vec::new(),
            stopped_at: None,
            due: None,
        };
        clock.due = rules.work_time.due(&clock);
        self.clocks.insert(rule.key.clone(), clock);
    }

    fn class_length(&self, workflow: &Workflow) -> Option<Length> {
        workflow.class(&self.class).and_then(|c| c.deadline)
    }

    /// Running and paused clocks whose deadline is escalated.
    pub(super) fn escalating<'s, 'w: 's>(
        &'s self,
        workflow: &'w Workflow,
    ) -> impl Iterator<Item = (&'w ClockRule, &'s Clock)> {
        let escalates = |rule: &&ClockRule| rule.on_due == OnDue::Escalate;
        let rules = workflow.clocks.iter().filter(escalates);
        rules
            .filter_map(|rule| Some((rule, self.clocks.get(&rule.key)?)))
            .filter(|(_, clock)| clock.stopped_at.is_none())
    }

    /// The highest escalation level that the running and paused clocks have reached; 0 without one.
    pub(super) fn highest_level(&self, workflow: &Workflow) -> i32 {
        let reached = self
            .escalating(workflow)
            .filter_map(|(rule, _)| self.fired.get(&rule.key));
        reached.copied().max().unwrap_or_default().max(0)
    }

    /// Whether the window `key` is running and not over at `at`.
    pub(super) fn is_within(&self, key: &str, at: DateTime<Utc>) -> bool {
        self.clocks
            .get(key)
            .is_some_and(|clock| clock.stopped_at.is_none() && clock.due.is_some_and(|due| at <= due.at))
    }

    /// Whether a clock was met in time: compared is the time at which it stopped or was paused, or else `at`.
    pub(super) fn in_time(&self, rules: Rules<'_>, key: &str, at: DateTime<Utc>) -> Option<bool> {
        let mut clock = self.clocks.get(key)?.clone();
        let mut end = clock.stopped_at.take().unwrap_or(at);
        if let Some(pause) = clock.pauses.pop_if(|p| p.to.is_none()) {
            end = pause.from;
        }
        let due = rules.work_time.due(&clock)?;
        Some(end <= due.at)
    }

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

    /// Records the verification of the report.
    pub(super) fn record_verification(&mut self, rules: Rules<'_>, at: DateTime<Utc>) {
        self.verified_at = Some(at);
        self.verified_in_time = self.in_time(rules, VERIFICATION, at);
    }
}

/// Ends the current pause of a clock; a pause without length is dropped.
fn resume(clock: &mut Clock, at: DateTime<Utc>) {
    if let Some(pause) = clock.pauses.last_mut() {
        pause.to = Some(at);
    }
    clock.pauses.pop_if(|p| p.to == Some(p.from));
}
