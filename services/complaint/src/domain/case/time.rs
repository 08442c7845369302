//! What the system does by itself when a time has come.

use chrono::{DateTime, Utc};

use super::{Case, Entry, EntryKind, act::Rules};
use crate::domain::{
    workflow::{ClockRule, Level, OnDue, Role, Transition, Workflow},
    worktime::{Clock, Due, WorkTime},
};

/// One thing that the system does.
enum Step<'w> {
    /// Takes a transition.
    Act(&'w Transition),
    /// Tells a level.
    Tell(&'w ClockRule, &'w Level, Due),
}

impl Case {
    /// Does all that the system has to do up to and at `now`, in order of time: reminders, escalations, closing and
    /// expiry. What was done is not done again.
    pub fn due(&mut self, workflow: &Workflow, work_time: &WorkTime, now: DateTime<Utc>) -> Vec<Entry> {
        self.run(workflow, work_time, |at| at <= now)
    }

    /// The next time at which [`Self::due`] has something to do; `None` when nothing will happen without a person.
    pub fn wake(&self, workflow: &Workflow, work_time: &WorkTime) -> Option<DateTime<Utc>> {
        self.next_step(workflow, work_time).map(|(at, _)| at)
    }

    /// Computes the running deadlines anew, after the calendar or the hours changed. Each that moved has a line; what
    /// was told of one that moved to a later time is taken back.
    pub fn reschedule(&mut self, workflow: &Workflow, work_time: &WorkTime, at: DateTime<Utc>) -> Vec<Entry> {
        let at = at.max(self.changed_at);
        let mut moved = Vec::new();
        for rule in &workflow.clocks {
            let Some(clock) = self.clocks.get_mut(&rule.key) else {
                continue;
            };
            // Stopped clocks are history, and paused ones are computed when they go on.
            let (Some(before), Some(after)) = (clock.due, work_time.due(clock)) else {
                continue;
            };
            clock.due = Some(after);
            if before.at != after.at {
                moved.push((rule.key.clone(), before.at, after.at));
            }
        }
        if !moved.is_empty() {
            self.changed_at = at;
        }
        for (key, _, after) in &moved {
            self.take_back(workflow, work_time, key, *after, at);
        }
        let entry = |(clock, before, after)| Entry {
            role: Some(Role::System),
            clock: Some(clock),
            before: Some(before),
            after: Some(after),
            ..self.entry(EntryKind::Rescheduled, at)
        };
        moved.into_iter().map(entry).collect()
    }

    /// What the system had to do before somebody acts at `at`: who acts at the very end of a time is in time.
    pub(super) fn run_before(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        at: DateTime<Utc>,
    ) -> Vec<Entry> {
        self.run(workflow, work_time, |step| step < at)
    }

    /// Ends: each step tells a higher level of a clock or takes a transition of the system, and those never turn in a
    /// circle (`workflow::graph`).
    fn run(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        has_come: impl Fn(DateTime<Utc>) -> bool,
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        while let Some((at, step)) = self.next_step(workflow, work_time) {
            if !has_come(at) {
                break;
            }
            entries.push(match step {
                Step::Act(transition) => {
                    let rules = Rules {
                        workflow,
                        work_time,
                        // Neither closing nor expiry begins a deadline.
                        promised: None,
                    };
                    self.go(rules, transition, None, Role::System, at)
                }
                Step::Tell(rule, level, due) => self.tell(rule, level, due, at),
            });
        }
        entries
    }

    /// What was told of a deadline that moved to a later time is told again when its new time comes.
    fn take_back(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        key: &str,
        due: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        let Some(told) = self.fired.get(key).copied() else {
            return;
        };
        let come = |level: &&Level| level_at(work_time, due, level) <= at;
        let still = workflow.escalations.iter().filter(come).map(|l| l.level).max();
        match still {
            Some(level) if level >= told => return,
            Some(level) => drop(self.fired.insert(key.to_owned(), level)),
            None => drop(self.fired.remove(key)),
        }
        let left = self
            .escalating(workflow)
            .filter_map(|(rule, _)| self.fired.get(&rule.key));
        self.level = left.copied().max().unwrap_or_default().max(0);
    }

    fn tell(&mut self, rule: &ClockRule, level: &Level, due: Due, at: DateTime<Utc>) -> Entry {
        self.fired.insert(rule.key.clone(), level.level);
        self.level = self.level.max(level.level);
        self.changed_at = at;
        let kind = if level.level == 0 {
            EntryKind::Reminder
        } else {
            EntryKind::Escalation
        };
        Entry {
            role: Some(level.role),
            clock: Some(rule.key.clone()),
            level: Some(level.level),
            after: Some(due.at),
            ..self.entry(kind, at)
        }
    }

    /// The earliest step that is not done, and its time; never before the last line of the timeline.
    fn next_step<'w>(
        &self,
        workflow: &'w Workflow,
        work_time: &WorkTime,
    ) -> Option<(DateTime<Utc>, Step<'w>)> {
        let steps = workflow.clocks.iter().filter_map(|rule| {
            let clock = self.clocks.get(&rule.key)?;
            let due = clock.due.filter(|_| clock.stopped_at.is_none())?;
            match rule.on_due {
                OnDue::Nothing => None,
                OnDue::Act(action) => {
                    let flow = workflow.flow_of(&self.class)?;
                    let transition = flow.transition(&self.state, action)?;
                    transition
                        .allows(Role::System)
                        .then_some((due.at, Step::Act(transition)))
                }
                OnDue::Escalate => {
                    let (at, level) = self.next_level(workflow, work_time, rule, clock, due)?;
                    Some((at, Step::Tell(rule, level, due)))
                }
            }
        });
        let (at, step) = steps.min_by_key(|(at, _)| *at)?;
        Some((at.max(self.changed_at), step))
    }

    fn next_level<'w>(
        &self,
        workflow: &'w Workflow,
        work_time: &WorkTime,
        rule: &ClockRule,
        clock: &Clock,
        due: Due,
    ) -> Option<(DateTime<Utc>, &'w Level)> {
        let told = self.fired.get(&rule.key).copied().unwrap_or(-1);
        workflow
            .escalations
            .iter()
            .filter(|level| level.level > told)
            .map(|level| (level_at(work_time, due.at, level), level))
            // A reminder is for a deadline that is longer than its notice.
            .find(|(at, level)| level.working_days >= 0 || *at > clock.started_at)
    }
}

/// When a level is told of a deadline.
fn level_at(work_time: &WorkTime, due: DateTime<Utc>, level: &Level) -> DateTime<Utc> {
    match level.working_days {
        0 => due,
        days => work_time.shift(due, days),
    }
}
