//! Applies the actions of people to a report.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Action, Case, Closer, Entry, EntryKind, Intake, Refusal};
use crate::domain::{
    workflow::{ActionKind, Flow, Role, Transition, Workflow},
    worktime::{Length, WorkTime},
};

/// The rules by which a state changes.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) work_time: &'a WorkTime,
    /// The deadline that the unit promises instead of that of the class.
    pub(super) promised: Option<Length>,
}

impl Case {
    /// Receives a report at `at`; returns it with the first line of its timeline.
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
            missed: Vec::new(),
        };
        let rules = Rules {
            workflow,
            work_time,
            promised,
        };
        case.update_clocks(rules, at);
        let mut entry = case.entry(EntryKind::Received, at);
        entry.from.clear();
        Ok((case, entry))
    }

    /// Takes `action` as `role` at `at`, after everything that was due before. `work_time` and `promised` (the unit's
    /// own deadline for the class) must be those of the agency and unit that handle the report afterwards: for
    /// `Forward` and `Disposition` those of the receiver.
    ///
    /// # Errors
    /// A refusal; the case is unchanged then.
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
        next.perform(rules, action, role, at.max(next.changed_at), &mut entries)?;
        *self = next;
        Ok(entries)
    }

    /// Actions that `role` may take in the current state, including those that need an implied transition first.
    /// Windows are not checked.
    pub fn allowed(&self, workflow: &Workflow, role: Role) -> Vec<ActionKind> {
        workflow
            .flow_of(&self.class)
            .map(|flow| flow.actions(&self.state, role))
            .unwrap_or_default()
    }

    /// Actions that `role` may take at `at`: those that are allowed and whose window is open.
    pub fn possible(&self, workflow: &Workflow, role: Role, at: DateTime<Utc>) -> Vec<ActionKind> {
        let flow = workflow.flow_of(&self.class);
        let is_open = |action: &ActionKind| {
            let path = flow.and_then(|flow| flow.path(&self.state, *action));
            let window = path.and_then(|(_, own)| own.within.as_deref());
            window.is_none_or(|key| self.is_within(key, at))
        };
        self.allowed(workflow, role).into_iter().filter(is_open).collect()
    }

    /// The reporter rates an answered report with 1 to 5 stars; a new rating needs a new answer or a reopening.
    ///
    /// # Errors
    /// `StarsOutOfRange`, `NotAnswered`, `AlreadyRated`; the case is unchanged then.
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

    /// A coordinator or the national admin raises the escalation level of an open report by one.
    ///
    /// # Errors
    /// `WrongRole`, `Settled`, `TopLevel`; the case is unchanged then.
    pub fn escalate(
        &mut self,
        workflow: &Workflow,
        work_time: &WorkTime,
        role: Role,
        at: DateTime<Utc>,
    ) -> Result<Vec<Entry>, Refusal> {
        if !role.includes(Role::CoordinatorAdmin) {
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

    /// Records that the report `other` was merged into this one by `role`.
    ///
    /// # Errors
    /// `Settled`; the case is unchanged then.
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

    /// Takes the transition of `action`, and before it an implied one where that is needed.
    fn perform(
        &mut self,
        rules: Rules<'_>,
        action: &Action,
        role: Role,
        at: DateTime<Utc>,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Refusal> {
        let kind = action.kind();
        // A disposition sets the verified class, whose flow then applies.
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
        let Some((implied, own)) = flow.path(&self.state, kind) else {
            return Err(Refusal::IllegalTransition {
                state: self.state.clone(),
                action: kind,
                allowed: flow.actions(&self.state, role),
            });
        };
        if let Some(barred) = implied.into_iter().chain([own]).find(|t| !t.allows(role)) {
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
        if let Some(implied) = implied {
            entries.push(self.apply(rules, implied, None, role, at));
        }
        entries.push(self.apply(rules, own, Some(action), role, at));
        if kind == ActionKind::Forward {
            // Clocks that continue to run now follow the working time of the receiving agency.
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

    /// Takes one transition; `action` is its data, if it has any.
    pub(super) fn apply(
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
            self.store_data(action);
        }
        self.record_facts(rules, step.action, role, at);
        self.update_clocks(rules, at);
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

    /// Stores the data of an action.
    fn store_data(&mut self, action: &Action) {
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

    /// Records the facts from which figures are computed. It must run before the clocks change.
    fn record_facts(&mut self, rules: Rules<'_>, action: ActionKind, role: Role, at: DateTime<Utc>) {
        match action {
            ActionKind::Disposition => {
                self.dispositioned_at = Some(at);
                self.record_verification(rules, at);
            }
            ActionKind::Reject | ActionKind::Merge => self.record_verification(rules, at),
            ActionKind::Forward => {
                // The receiving agency has done nothing yet, neither in time nor late.
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
                // Stored, because another calendar would count different days, and what was added to the figures must
                // be subtractable later.
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
            // The reply leads to another answer, which can be rated separately.
            ActionKind::Reply => self.rated_at = None,
            ActionKind::StartVerification | ActionKind::Hold | ActionKind::StartFollowUp => {}
        }
    }

    /// A timeline line with the current state of this case.
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
