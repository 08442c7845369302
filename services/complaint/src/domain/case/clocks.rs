//! The clocks of a report: begun, paused and stopped by the states it enters.

use chrono::{DateTime, Utc};

use super::{Case, act::Rules};
use crate::domain::{
    workflow::{ClockLength, ClockRule, OnDue, VERIFICATION, Workflow},
    worktime::{Clock, Length, Pause},
};

impl Case {
    /// Does to each clock what its rule says of the state just entered.
    pub(super) fn keep_clocks(&mut self, rules: Rules<'_>, at: DateTime<Utc>) {
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
            let told = self
                .escalating(rules.workflow)
                .filter_map(|(rule, _)| self.fired.get(&rule.key));
            self.level = told.copied().max().unwrap_or_default().max(0);
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

    /// Clocks that run or pause and whose deadline is escalated.
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

    /// Whether the window `key` runs and is not over at `at`.
    pub(super) fn is_within(&self, key: &str, at: DateTime<Utc>) -> bool {
        self.clocks
            .get(key)
            .is_some_and(|clock| clock.stopped_at.is_none() && clock.due.is_some_and(|due| at <= due.at))
    }

    /// Whether what the clock `key` waits for came in time: when it stopped, was paused, or else at `at`.
    pub(super) fn in_time(&self, rules: Rules<'_>, key: &str, at: DateTime<Utc>) -> Option<bool> {
        let mut clock = self.clocks.get(key)?.clone();
        let mut end = clock.stopped_at.take().unwrap_or(at);
        if let Some(pause) = clock.pauses.pop_if(|p| p.to.is_none()) {
            end = pause.from;
        }
        let due = rules.work_time.due(&clock)?;
        Some(end <= due.at)
    }

    /// Keeps that the report is verified.
    pub(super) fn verified(&mut self, rules: Rules<'_>, at: DateTime<Utc>) {
        self.verified_at = Some(at);
        self.verified_in_time = self.in_time(rules, VERIFICATION, at);
    }
}

/// Ends the pause of a clock; one without length never was.
fn resume(clock: &mut Clock, at: DateTime<Utc>) {
    if let Some(pause) = clock.pauses.last_mut() {
        pause.to = Some(at);
    }
    clock.pauses.pop_if(|p| p.to == Some(p.from));
}
