//! What people do to a report.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Action, Case, Closer, Entry, EntryKind, Intake, Refusal};
use crate::domain::{
    workflow::{ActionKind, Flow, Role, Transition, Workflow},
    worktime::{Length, WorkTime},
};

/// What a change of state follows.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) work_time: &'a WorkTime,
    /// What the unit promises instead of the class's deadline.
    pub(super) promised: Option<Length>,
}

impl Case {
    /// Takes in a report at `at`; its first line comes with it.
    ///
    /// # Errors
    /// [`Refusal::UnknownClass`].
    pub fn receive(
        workflow: &Workflow,
        work_time: &WorkTime,
        promised: Option<Length>,
        intake: Intake,
        at: DateTime<Utc>,
    ) -> Result<(Self, Entry), Refusal> {
        let initial = workflow.flow_of(&intake.class).and_then(Flow::initial);
        let state = initial.ok_or(Refusal::UnknownClass)?.key.clone();
        let mut case = Self {
            class: intake.class,
            category: intake.category,
            channel: intake.channel,
            sp4n: intake.sp4n,
            anonymous: intake.anonymous,
            confidential: intake.confidential,
            agency: intake.agency,
            unit: intake.unit,
            state,
            state_since: at,
            state_by: None,
            changed_at: at,
            received_at: at,
            clocks: BTreeMap::new(),
            fired: BTreeMap::new(),
            level: 0,
            verified_at: None,
            verified_in_time: None,
            dispositioned_at: None,
            first_response_at: None,
            responded_at: None,
            closed_at: None,
            closed_by: None,
            resolved_in_time: None,
            days_to_close: None,
            days_to_answer: None,
            archive_reason: None,
            merged_into: None,
            reopened: 0,
            rating: None,
            rated_at: None,
            hops: 0,
        };
        let rules = Rules {
            workflow,
            work_time,
            promised,
        };
        case.keep_clocks(rules, at);
        let mut entry = case.entry(EntryKind::Received, at);
        entry.from.clear();
        Ok((case, entry))
    }

    /// Does `action` as `role` at `at`, after what the system had to do before then. `work_time` and `promised` (what
    /// the unit promises instead of the class's deadline) are those of the agency and unit that have the report
    /// afterwards: for `Forward` and `Disposition` those of the receiver.
    ///
    /// # Errors
    /// A refusal; the case is as it was.
    pub fn act(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        promised: Option<Length>,
        action: &Action,
        role: Role,
        at: DateTime<Utc>,
    ) -> Result<Vec<Entry>, Refusal> {
        let mut next = self.clone();
        let mut entries = next.run_before(workflow, work_time, at);
        let rules = Rules {
            workflow,
            work_time,
            promised,
        };
        next.take(rules, action, role, at.max(next.changed_at), &mut entries)?;
        *self = next;
        Ok(entries)
    }

    /// What `role` may do now, also by an implied transition and whether or not its window has passed.
    pub fn allowed(&self, workflow: &Workflow, role: Role) -> Vec<ActionKind> {
        workflow
            .flow_of(&self.class)
            .map(|flow| flow.actions(&self.state, role))
            .unwrap_or_default()
    }

    /// What `role` may do at `at`: what is allowed and whose window is open.
    pub fn possible(&self, workflow: &Workflow, role: Role, at: DateTime<Utc>) -> Vec<ActionKind> {
        let flow = workflow.flow_of(&self.class);
        let is_open = |action: &ActionKind| {
            let way = flow.and_then(|flow| flow.way(&self.state, *action));
            let window = way.and_then(|(_, own)| own.within.as_deref());
            window.is_none_or(|key| self.is_within(key, at))
        };
        self.allowed(workflow, role).into_iter().filter(is_open).collect()
    }

    /// The reporter rates an answered report with 1 to 5 stars, once until it is reopened.
    ///
    /// # Errors
    /// `StarsOutOfRange`, `NotAnswered`, `AlreadyRated`; the case is as it was.
    pub fn rate(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        stars: u8,
        at: DateTime<Utc>,
    ) -> Result<Vec<Entry>, Refusal> {
        if !(1..=5).contains(&stars) {
            return Err(Refusal::StarsOutOfRange);
        }
        let mut next = self.clone();
        let mut entries = next.run_before(workflow, work_time, at);
        if !next.is_answered() {
            return Err(Refusal::NotAnswered);
        }
        if next.rated_at.is_some() {
            return Err(Refusal::AlreadyRated);
        }
        let at = at.max(next.changed_at);
        next.changed_at = at;
        next.rating = Some(stars);
        next.rated_at = Some(at);
        entries.push(Entry {
            role: Some(Role::Reporter),
            stars: Some(stars),
            ..next.entry(EntryKind::Rated, at)
        });
        *self = next;
        Ok(entries)
    }

    /// A coordinator or the national admin raises the level of an open report by one.
    ///
    /// # Errors
    /// `WrongRole`, `Settled`, `TopLevel`; the case is as it was.
    pub fn escalate(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        role: Role,
        at: DateTime<Utc>,
    ) -> Result<Vec<Entry>, Refusal> {
        if !role.stands_for(Role::CoordinatorAdmin) {
            return Err(Refusal::WrongRole {
                needs: vec![Role::CoordinatorAdmin],
            });
        }
        let mut next = self.clone();
        let mut entries = next.run_before(workflow, work_time, at);
        if next.is_settled() {
            return Err(Refusal::Settled);
        }
        if next.level >= workflow.top_level() {
            return Err(Refusal::TopLevel);
        }
        let at = at.max(next.changed_at);
        next.changed_at = at;
        next.level += 1;
        entries.push(Entry {
            role: Some(role),
            level: Some(next.level),
            ..next.entry(EntryKind::EscalatedByHand, at)
        });
        *self = next;
        Ok(entries)
    }

    /// The report `other` becomes a part of this one, by somebody who acts as `role`.
    ///
    /// # Errors
    /// `Settled`; the case is as it was.
    pub fn absorb(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        other: String,
        role: Role,
        at: DateTime<Utc>,
    ) -> Result<Vec<Entry>, Refusal> {
        let mut next = self.clone();
        let mut entries = next.run_before(workflow, work_time, at);
        if next.is_settled() {
            return Err(Refusal::Settled);
        }
        let at = at.max(next.changed_at);
        next.changed_at = at;
        entries.push(Entry {
            role: Some(role),
            merged: Some(other),
            ..next.entry(EntryKind::Merged, at)
        });
        *self = next;
        Ok(entries)
    }

    /// Takes the transition of `action`, and an implied one before it.
    fn take(
        &mut self,
        rules: Rules<'_>,
        action: &Action,
        role: Role,
        at: DateTime<Utc>,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Refusal> {
        let kind = action.kind();
        // The class as verified decides how the report goes on.
        let class = match action {
            Action::Disposition { class, .. } => class,
            Action::StartVerification
            | Action::Hold
            | Action::Reject { .. }
            | Action::Forward { .. }
            | Action::Merge { .. }
            | Action::StartFollowUp
            | Action::Respond
            | Action::Reply
            | Action::Close
            | Action::Reopen
            | Action::Expire => &self.class,
        };
        let flow = rules.workflow.flow_of(class).ok_or(Refusal::UnknownClass)?;
        let Some((pick_up, own)) = flow.way(&self.state, kind) else {
            return Err(Refusal::IllegalTransition {
                state: self.state.clone(),
                action: kind,
                allowed: flow.actions(&self.state, role),
            });
        };
        if let Some(barred) = pick_up.into_iter().chain([own]).find(|t| !t.allows(role)) {
            return Err(Refusal::WrongRole {
                needs: barred.roles.clone(),
            });
        }
        if let Some(window) = &own.within
            && !self.is_within(window, at)
        {
            return Err(Refusal::WindowPassed {
                clock: window.clone(),
            });
        }
        self.check(rules.workflow, action)?;
        if let Some(pick_up) = pick_up {
            entries.push(self.go(rules, pick_up, None, role, at));
        }
        entries.push(self.go(rules, own, Some(action), role, at));
        if kind == ActionKind::Forward {
            // Clocks that run on do so in the working time of the agency that has it now.
            entries.extend(self.reschedule(rules.workflow, rules.work_time, at));
        }
        Ok(())
    }

    fn check(&self, workflow: &Workflow, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Reject { reason } if workflow.rejection_reason(reason).is_none() => {
                Err(Refusal::UnknownReason)
            }
            Action::Forward { agency, unit }
                if *agency == self.agency && (unit.is_empty() || *unit == self.unit) =>
            {
                Err(Refusal::SameAgency)
            }
            Action::StartVerification
            | Action::Disposition { .. }
            | Action::Hold
            | Action::Reject { .. }
            | Action::Forward { .. }
            | Action::Merge { .. }
            | Action::StartFollowUp
            | Action::Respond
            | Action::Reply
            | Action::Close
            | Action::Reopen
            | Action::Expire => Ok(()),
        }
    }

    /// Takes one transition; `action` is its data, where it has any.
    pub(super) fn go(
        &mut self,
        rules: Rules<'_>,
        step: &Transition,
        action: Option<&Action>,
        role: Role,
        at: DateTime<Utc>,
    ) -> Entry {
        let (from_agency, from_unit) = (self.agency.clone(), self.unit.clone());
        let from = std::mem::replace(&mut self.state, step.to.clone());
        self.state_since = at;
        self.state_by = Some(step.action);
        self.changed_at = at;
        if let Some(action) = action {
            self.learn(action);
        }
        self.stamp(rules, step.action, role, at);
        self.keep_clocks(rules, at);
        Entry {
            action: Some(step.action),
            role: Some(role),
            from,
            from_agency,
            from_unit,
            reason: step
                .action
                .archives()
                .then(|| self.archive_reason.clone())
                .flatten(),
            merged_into: self.merged_into.clone(),
            ..self.entry(EntryKind::Transition, at)
        }
    }

    /// Keeps what an action says.
    fn learn(&mut self, action: &Action) {
        match action {
            Action::Disposition {
                unit,
                class,
                category,
            } => {
                self.unit.clone_from(unit);
                self.class.clone_from(class);
                self.category.clone_from(category);
            }
            Action::Forward { agency, unit } => {
                self.agency.clone_from(agency);
                self.unit.clone_from(unit);
                self.hops += 1;
            }
            Action::Reject { reason } => self.archive_reason = Some(reason.clone()),
            Action::Merge { into } => self.merged_into = Some(into.clone()),
            Action::StartVerification
            | Action::Hold
            | Action::StartFollowUp
            | Action::Respond
            | Action::Reply
            | Action::Close
            | Action::Reopen
            | Action::Expire => {}
        }
    }

    /// Keeps the facts that figures are made of, while the clocks still are as before the change.
    fn stamp(&mut self, rules: Rules<'_>, action: ActionKind, role: Role, at: DateTime<Utc>) {
        match action {
            ActionKind::Disposition => {
                self.dispositioned_at = Some(at);
                self.verified(rules, at);
            }
            ActionKind::Reject | ActionKind::Merge => self.verified(rules, at),
            ActionKind::Forward => {
                // Whoever has it now has done nothing yet, neither well nor late.
                self.verified_at = None;
                self.verified_in_time = None;
                self.dispositioned_at = None;
                self.first_response_at = None;
                self.responded_at = None;
                self.rating = None;
                self.rated_at = None;
            }
            ActionKind::Respond => {
                self.first_response_at = self.first_response_at.or(Some(at));
                self.responded_at = Some(at);
            }
            ActionKind::Close => {
                self.closed_at = Some(at);
                self.closed_by = Some(if role == Role::System {
                    Closer::System
                } else {
                    Closer::Reporter
                });
                let resolution = rules.workflow.resolution();
                self.resolved_in_time = resolution.and_then(|rule| self.in_time(rules, &rule.key, at));
                // Kept, since another calendar would count other days, and what was added to figures must be found again.
                let days = |to| {
                    let days = rules.work_time.days_between(self.dispositioned_at?, to);
                    u32::try_from(days).ok()
                };
                (self.days_to_close, self.days_to_answer) = (days(at), self.responded_at.and_then(days));
            }
            ActionKind::Reopen => {
                self.reopened += 1;
                self.closed_at = None;
                self.closed_by = None;
                self.resolved_in_time = None;
                self.days_to_close = None;
                self.days_to_answer = None;
                self.rated_at = None;
            }
            ActionKind::Expire => self.archive_reason = Some(rules.workflow.completion.key.clone()),
            // What comes after a reply is another answer, to be rated by itself.
            ActionKind::Reply => self.rated_at = None,
            ActionKind::StartVerification | ActionKind::Hold | ActionKind::StartFollowUp => {}
        }
    }

    /// A line about this case as it is now.
    pub(super) fn entry(&self, kind: EntryKind, at: DateTime<Utc>) -> Entry {
        Entry {
            at,
            kind,
            action: None,
            role: None,
            from: self.state.clone(),
            to: self.state.clone(),
            from_agency: self.agency.clone(),
            to_agency: self.agency.clone(),
            from_unit: self.unit.clone(),
            to_unit: self.unit.clone(),
            class: self.class.clone(),
            category: self.category.clone(),
            clock: None,
            level: None,
            before: None,
            after: None,
            reason: None,
            merged_into: None,
            merged: None,
            stars: None,
        }
    }
}
