//! What the system does with a report when time has passed.

use chrono::{DateTime, Utc};

use super::{Case, Entry, EntryKind, act::Rules};
use crate::domain::{
    workflow::{ClockRule, Level, OnDue, Role, Transition, Workflow},
    worktime::{Clock, Due, WorkTime},
};

/// One thing that the system does.
enum Step<'w> {
    /// Take a transition.
    Transition(&'w Transition),
    /// Report that a deadline has reached an escalation level.
    Level(&'w ClockRule, &'w Level, Due),
}

impl Case {
    /// Does everything that is due up to and including `now`, in order of time: reminders, escalations, closing and
    /// expiry. Calling it again repeats nothing.
    pub fn due(&mut self, workflow: &Workflow, work_time: &WorkTime, now: DateTime<Utc>) -> Vec<Entry> {
        self.run(workflow, work_time, |at| at <= now)
    }

    /// When [`Self::due`] has something to do next; `None` when only a person can change the report.
    pub fn wake(&self, workflow: &Workflow, work_time: &WorkTime) -> Option<DateTime<Utc>> {
        self.next_step(workflow, work_time).map(|(at, _)| at)
    }

    /// Recomputes the running deadlines after a change of the calendar or the working hours. Each deadline that moved
    /// gets a line; escalation levels of a deadline that moved to a later time are retracted.
    pub fn reschedule(&mut self, workflow: &Workflow, work_time: &WorkTime, at: DateTime<Utc>) -> Vec<Entry> {
        let at = at.max(self.changed_at);
        let mut moved = Vec::new();
        for rule in &workflow.clocks {
            let Some(clock) = self.clocks.get_mut(&rule.key) else {
                continue;
            };
            // The due time of a stopped clock is history, and that of a paused one is computed when it resumes.
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
            self.retract_levels(workflow, work_time, key, *after, at);
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

    /// Does what was due before somebody acts at `at`. An action exactly at the end of a window is still in time.
    pub(super) fn run_before(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        at: DateTime<Utc>,
    ) -> Vec<Entry> {
        self.run(workflow, work_time, |step| step < at)
    }

    /// Does what is due while `has_come` holds. It terminates: each step raises the level of a clock or takes a
    /// transition of the system, and such transitions form no circle (`workflow::graph`).
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
                Step::Transition(transition) => {
                    let rules = Rules {
                        workflow,
                        work_time,
                        // Neither closing nor expiry starts a deadline.
                        promised: None,
                    };
                    self.apply(rules, transition, None, Role::System, at)
                }
                Step::Level(rule, level, due) => self.reach_level(rule, level, due, at),
            });
        }
        entries
    }

    /// Retracts levels of a deadline that moved to a later time; they are reached again when the new time comes.
    fn retract_levels(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        key: &str,
        due: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        let Some(reached) = self.fired.get(key).copied() else {
            return;
        };
        let come = |level: &&Level| level_at(work_time, due, level) <= at;
        let still = workflow.escalations.iter().filter(come).map(|l| l.level).max();
        match still {
            Some(level) if level >= reached => return,
            Some(level) => drop(self.fired.insert(key.to_owned(), level)),
            None => drop(self.fired.remove(key)),
        }
        if still.is_none_or(|level| level <= 0) {
            self.unmiss(key);
        }
        self.level = self.highest_level(workflow);
    }

    fn reach_level(&mut self, rule: &ClockRule, level: &Level, due: Due, at: DateTime<Utc>) -> Entry {
        self.fired.insert(rule.key.clone(), level.level);
        self.level = self.level.max(level.level);
        self.changed_at = at;
        let kind = if level.level == 0 {
            EntryKind::Reminder
        } else {
            self.miss(&rule.key);
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

    /// The earliest step that is not done, and its time, which is never before the last line of the timeline.
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
                        .then_some((due.at, Step::Transition(transition)))
                }
                OnDue::Escalate => {
                    let (at, level) = self.next_level(workflow, work_time, rule, clock, due)?;
                    Some((at, Step::Level(rule, level, due)))
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
        let reached = self.fired.get(&rule.key).copied().unwrap_or(-1);
        workflow
            .escalations
            .iter()
            .filter(|level| level.level > reached)
            .map(|level| (level_at(work_time, due.at, level), level))
            // There is no reminder for a deadline that is shorter than the notice it would give.
            .find(|(at, level)| level.working_days >= 0 || *at > clock.started_at)
    }
}

/// When a deadline reaches an escalation level.
fn level_at(work_time: &WorkTime, due: DateTime<Utc>, level: &Level) -> DateTime<Utc> {
    match level.working_days {
        0 => due,
        days => work_time.shift(due, days),
    }
}
