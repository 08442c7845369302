//! Performs every action on a report in the same order: lock the report, find the caller's role, apply the rules, save.

use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, IdempotencyKey, Work, run},
    db::Txn,
    etag,
    failure::{Failure, Violation},
    grpc::Answer,
    request::Faults,
};
use prima_proto::{complaint::v1, name};

use super::action::{ActionMessage, ActionRpc, Operation, Request, Target};
use crate::{
    change::{self, Actor, Rules, Written},
    context::App,
    domain::{
        case::{Action, Case, Entry},
        worktime::Length,
    },
    rpc::{
        access, class, files,
        refusal::refused,
        rights::{as_not_found, found, precondition, role_in},
        status,
    },
    store::{
        Lock,
        attachment::Owner,
        complaint::{Stored, complaint_get, complaints_lock_in_txn},
    },
};

/// Performs the action of an RPC. A repeat gets the stored response, even when the agency no longer handles the report.
///
/// # Errors
///
/// `NOT_FOUND`, `PERMISSION_DENIED`, `ABORTED` for a stale etag, or a refusal of the domain rules. Nothing is changed
/// then; what was due is left to `derived/due_reports.rs`.
pub async fn act<V: ActionRpc>(
    app: &App,
    request: tonic::Request<V::Message>,
) -> Answer<<V::Message as ActionMessage>::Answer> {
    let done = run::<ActCommand<V>>(app, request).await;
    done.map(|done| done.map(V::Message::answer))
}

/// The command behind an RPC. Every action stores the same kind of response for repeats: the status of the report.
struct ActCommand<V>(Request, PhantomData<V>);

impl<V: ActionRpc> Command for ActCommand<V> {
    type App = App;
    type Message = V::Message;
    type Answer = v1::ComplaintStatus;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        V::parse(message).map(|request| Self(request, PhantomData))
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.0.once.clone())
    }

    async fn prepare(&mut self, app: &App) -> Result<Option<Caller>, Failure> {
        let Target::ByCode(access) = &self.0.target else {
            return Ok(None);
        };
        // Codes are checked outside a write transaction, so that callers who guess codes take no locks.
        let report = access::report(app, app.context.db.reader(), access, Lock::None).await?;
        Ok(Some(access::requester(&report.name)))
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<v1::ComplaintStatus, Failure> {
        let request = self.0;
        let (app, txn, caller) = (work.app, work.txn, work.caller);
        let (mut stored, other) = lock_reports(app, txn, &request.target, &request.operation).await?;
        let actor = match &request.target {
            Target::ByName { name, etag } => {
                let role = as_not_found(role_in(caller, &stored.case.agency), &stored.name)?;
                etag::check(etag, stored.version, name)?;
                Actor {
                    subject: caller.subject().to_owned(),
                    role,
                }
            }
            Target::ByCode(_) => Actor::reporter(),
        };
        if matches!(request.operation, Operation::Transition(Action::Reopen))
            && stored.content(&app.vault)?.is_none()
        {
            return Err(precondition(
                "ERASED",
                "the content of the report was erased",
                "Isi laporan ini sudah dihapus sehingga tidak dapat dibuka lagi",
            ));
        }
        let step = Step {
            app,
            txn,
            actor: &actor,
            now: work.now(),
        };
        let (rules, line) = step
            .perform(&mut stored, other, request.operation, request.written)
            .await?;
        files::attach(app, txn, caller, &request.attachments, Owner::Line(line)).await?;
        let mut answer = status::status(&stored, &rules.workflow, &rules.work_time, step.now);
        if let Target::ByCode(_) = request.target {
            answer.name.clear();
            answer.etag.clear();
        }
        Ok(answer)
    }
}

/// Locks the report and, for a merger, the report that it is merged into, if that exists.
async fn lock_reports(
    app: &App,
    txn: &Txn,
    target: &Target,
    operation: &Operation,
) -> Result<(Stored, Option<Stored>), Failure> {
    match (target, operation) {
        (Target::ByCode(access), _) => Ok((access::report(app, txn, access, Lock::Update).await?, None)),
        (Target::ByName { name, .. }, Operation::Merge { into }) => {
            let mut other = None;
            let mut own = None;
            for stored in complaints_lock_in_txn(txn, [name, into]).await? {
                if stored.name == *name {
                    own = Some(stored);
                } else {
                    other = Some(stored);
                }
            }
            Ok((found(own, name)?, other))
        }
        (Target::ByName { name, .. }, _) => {
            let stored = complaint_get(txn, name, Lock::Update).await?;
            Ok((found(stored, name)?, None))
        }
    }
}

/// One action by somebody whose role in the agency is known.
struct Step<'a> {
    app: &'a App,
    txn: &'a Txn,
    actor: &'a Actor,
    now: DateTime<Utc>,
}

impl Step<'_> {
    /// Performs the action and saves the report. Returns the rules that apply afterwards, and the key of the action's
    /// timeline line.
    async fn perform(
        &self,
        stored: &mut Stored,
        other: Option<Stored>,
        operation: Operation,
        written: Written,
    ) -> Result<(Rules, i64), Failure> {
        let (role, now) = (self.actor.role, self.now);
        let before = stored.case.clone();
        let (mut rules, mut lines) = change::load_rules(self.app, self.txn, stored).await?;
        let case = &mut stored.case;
        let mut merge_target = None;
        lines.extend(match operation {
            Operation::Transition(action) => self.transition(case, &mut rules, action).await?,
            Operation::Verify {
                unit,
                class,
                category,
            } => {
                let action = disposition(case, &rules, unit, class, category)?;
                self.transition(case, &mut rules, action).await?
            }
            Operation::Merge { into } => {
                let action = Action::Merge { into: into.complaint };
                let lines = self.transition(case, &mut rules, action).await?;
                let other = merge_target.insert(check_merge_target(other, case)?);
                stored.merged_into = Some(other.id);
                lines
            }
            Operation::Rate { stars } => case
                .rate(&rules.workflow, &rules.work_time, stars, now)
                .map_err(|refusal| refused(&refusal))?,
            Operation::Escalate => case
                .escalate(&rules.workflow, &rules.work_time, role, now)
                .map_err(|refusal| refused(&refusal))?,
        });
        let (app, txn, actor) = (self.app, self.txn, self.actor);
        let line = change::save(app, txn, stored, &before, &rules, lines, actor, written).await?;
        if let Some(merge_target) = merge_target {
            self.absorb(merge_target, &stored.name).await?;
        }
        Ok((rules, line))
    }

    /// Takes a transition of the workflow. When the report is forwarded, `rules` become those of the receiving agency.
    async fn transition(
        &self,
        case: &mut Case,
        rules: &mut Rules,
        action: Action,
    ) -> Result<Vec<Entry>, Failure> {
        let mut lines = Vec::new();
        if let Action::Forward { agency, .. } = &action
            && *agency != case.agency
        {
            // Everything that was due earlier still follows the working hours of the agency that forwards the report.
            let until = self.now - TimeDelta::microseconds(1);
            lines = case.due(&rules.workflow, &rules.work_time, until);
            rules.work_time = self.app.settings.work_time(self.txn, agency).await?;
        }
        let promised = self.promised(case, &action).await?;
        let (workflow, work_time) = (&rules.workflow, &rules.work_time);
        let done = case.act(workflow, work_time, promised, &action, self.actor.role, self.now);
        lines.extend(done.map_err(|refusal| refused(&refusal))?);
        Ok(lines)
    }

    /// The deadline that the unit which handles the report afterwards has promised for its class.
    async fn promised(&self, case: &Case, action: &Action) -> Result<Option<Length>, Failure> {
        let (agency, unit, class) = match action {
            Action::Forward { agency, unit } => (agency, unit, &case.class),
            Action::Disposition { unit, class, .. } => (&case.agency, unit, class),
            _ => (&case.agency, &case.unit, &case.class),
        };
        let settings = &self.app.settings;
        settings.promised_deadline(self.txn, agency, unit, class).await
    }

    /// Adds a line to the report `stored` about the report that was merged into it.
    async fn absorb(&self, mut stored: Stored, part: &name::Complaint) -> Result<(), Failure> {
        let (app, txn) = (self.app, self.txn);
        let before = stored.case.clone();
        let (rules, mut lines) = change::load_rules(app, txn, &mut stored).await?;
        let part = part.complaint.clone();
        let done = stored
            .case
            .absorb(&rules.workflow, &rules.work_time, part, self.actor.role, self.now);
        lines.extend(done.map_err(|_| {
            precondition(
                "SETTLED",
                "the report to merge into is closed or archived",
                "Laporan tujuan penggabungan sudah selesai atau diarsipkan",
            )
        })?);
        let written = Written::default();
        change::save(app, txn, &mut stored, &before, &rules, lines, self.actor, written).await?;
        Ok(())
    }
}

/// The disposition to a unit; an empty class or category keeps that of the report.
fn disposition(
    case: &Case,
    rules: &Rules,
    unit: name::Unit,
    class: String,
    category: String,
) -> Result<Action, Failure> {
    let or = |given: String, kept: &str| {
        if given.is_empty() { kept.to_owned() } else { given }
    };
    let class = or(class, &case.class);
    let category = or(category, &case.category);
    let mut faults = Faults::default();
    if unit.agency != case.agency {
        faults.add(
            "unit",
            "must belong to the agency that handles the report; forward the report to another agency",
            "harus unit instansi yang menangani laporan; untuk instansi lain, alihkan",
        );
    }
    faults.take(class::check("class", &class, &rules.workflow));
    if category.is_empty() {
        faults.add(
            "category",
            "is required: the report has none yet",
            "Kategori wajib diisi karena laporan belum memilikinya",
        );
    }
    faults.settle(Some(Action::Disposition {
        unit: unit.unit,
        class,
        category,
    }))
}

/// The report into which another report of the same agency is merged. A merged report is archived for good and nothing
/// can be merged into it, so mergers cannot form a circle.
fn check_merge_target(other: Option<Stored>, part: &Case) -> Result<Stored, Failure> {
    // A report of another agency gets the same answer as one that does not exist, so that callers cannot find out which
    // exist.
    let other = other.filter(|other| other.case.agency == part.agency);
    let other = other.ok_or_else(|| {
        Failure::invalid(vec![Violation::new(
            "into",
            "is not a report of the same agency",
            "bukan laporan pada instansi yang sama",
        )])
    })?;
    if other.merged_into.is_some() {
        return Err(precondition(
            "ALREADY_MERGED",
            "the report to merge into was merged itself",
            "Laporan tujuan penggabungan sudah digabungkan ke laporan lain",
        ));
    }
    Ok(other)
}
