//! What people do to a report, every action in the same way: lock it, look who acts, act, save.

use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, Once, Work, run},
    db::Txn,
    etag,
    failure::{Failure, Violation},
    grpc::Answer,
    request::Faults,
};
use prima_proto::{complaint::v1, name};

use super::action::{Act, Ask, Request, Target, Verb};
use crate::{
    context::App,
    domain::{
        case::{Action, Case, Entry},
        worktime::Length,
    },
    rpc::{
        access,
        change::{self, Actor, Lead, Written},
        class, files,
        rights::{found, hidden, precondition, require_some, role_in},
        status,
    },
    store::{
        Lock,
        attachment::Owner,
        complaint::{Stored, complaint_get, complaints_lock_in_txn},
    },
};

/// Does what an RPC asks for. A repeat gets the first answer, also when the agency has the report no more.
///
/// # Errors
///
/// `NOT_FOUND`, `PERMISSION_DENIED`, `ABORTED` for a stale etag, refusals of the rules; nothing is changed then, and what
/// the system had to do before is left to its task.
pub async fn act<V: Verb>(
    app: &App,
    request: tonic::Request<V::Message>,
) -> Answer<<V::Message as Ask>::Answer> {
    let done = run::<Acting<V>>(app, request).await;
    done.map(|done| done.map(V::Message::answer))
}

/// The command of an RPC. What is kept for repeats is how the report stands, the same for all of them.
struct Acting<V>(Request, PhantomData<V>);

impl<V: Verb> Command for Acting<V> {
    const NEEDS_TOKEN: bool = V::Message::NEEDS_TOKEN;
    type App = App;
    type Message = V::Message;
    type Answer = v1::ComplaintStatus;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        V::parse(message).map(|request| Self(request, PhantomData))
    }

    fn once(&self) -> Option<Once> {
        Some(self.0.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        match self.0.target {
            Target::Named { .. } => require_some(caller),
            Target::Shown(_) => Ok(()),
        }
    }

    async fn prepare(&mut self, app: &App) -> Result<Option<Caller>, Failure> {
        let Target::Shown(access) = &self.0.target else {
            return Ok(None);
        };
        // Who guesses codes comes no further than to a reader.
        let report = access::report(app, app.context.db.reader(), access, Lock::None).await?;
        Ok(Some(access::asker(&report.name)))
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<v1::ComplaintStatus, Failure> {
        let request = self.0;
        let (app, txn, caller) = (work.app, work.txn, work.caller);
        let (mut stored, other) = locked(app, txn, &request.target, &request.act).await?;
        let actor = match &request.target {
            Target::Named { name, etag } => {
                let role = hidden(role_in(caller, &stored.case.agency), &stored.name)?;
                etag::check(etag, stored.version, name)?;
                Actor {
                    subject: caller.subject().to_owned(),
                    role,
                }
            }
            Target::Shown(_) => Actor::reporter(),
        };
        if matches!(request.act, Act::Take(Action::Reopen)) && stored.content(&app.vault)?.is_none() {
            return Err(precondition(
                "ERASED",
                "what the report said was erased",
                "Isi laporan ini sudah dihapus sehingga tidak dapat dibuka lagi",
            ));
        }
        let step = Step {
            app,
            txn,
            actor: &actor,
            now: work.now(),
        };
        let (lead, line) = step
            .take(&mut stored, other, request.act, request.written)
            .await?;
        files::claim(app, txn, caller, &request.attachments, Owner::Line(line)).await?;
        let mut answer = status::status(&stored, &lead.workflow, &lead.work_time, step.now);
        if let Target::Shown(_) = request.target {
            answer.name.clear();
            answer.etag.clear();
        }
        Ok(answer)
    }
}

/// The report, and for a merger the one that goes on, if there is one of that name.
async fn locked(
    app: &App,
    txn: &Txn,
    target: &Target,
    act: &Act,
) -> Result<(Stored, Option<Stored>), Failure> {
    match (target, act) {
        (Target::Shown(access), _) => Ok((access::report(app, txn, access, Lock::Update).await?, None)),
        (Target::Named { name, .. }, Act::Merge { into }) => {
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
        (Target::Named { name, .. }, _) => {
            let stored = complaint_get(txn, name, Lock::Update).await?;
            Ok((found(stored, name)?, None))
        }
    }
}

/// One action by somebody who may act on the report.
struct Step<'a> {
    app: &'a App,
    txn: &'a Txn,
    actor: &'a Actor,
    now: DateTime<Utc>,
}

impl Step<'_> {
    /// Acts and saves. Returns what leads the report afterwards, and the key of the action's line.
    async fn take(
        &self,
        stored: &mut Stored,
        other: Option<Stored>,
        act: Act,
        written: Written,
    ) -> Result<(Lead, i64), Failure> {
        let (role, now) = (self.actor.role, self.now);
        let before = stored.case.clone();
        let (mut lead, mut lines) = change::lead(self.app, self.txn, stored).await?;
        let case = &mut stored.case;
        let mut goes_on = None;
        lines.extend(match act {
            Act::Take(action) => self.follow(case, &mut lead, action).await?,
            Act::Verify {
                unit,
                class,
                category,
            } => {
                let action = disposition(case, &lead, unit, class, category)?;
                self.follow(case, &mut lead, action).await?
            }
            Act::Merge { into } => {
                let action = Action::Merge { into: into.complaint };
                let lines = self.follow(case, &mut lead, action).await?;
                let other = goes_on.insert(primary(other, case)?);
                stored.merged_into = Some(other.id);
                lines
            }
            Act::Rate { stars } => case
                .rate(&lead.workflow, &lead.work_time, stars, now)
                .map_err(|refusal| change::refused(&refusal))?,
            Act::Escalate => case
                .escalate(&lead.workflow, &lead.work_time, role, now)
                .map_err(|refusal| change::refused(&refusal))?,
        });
        let (app, txn, actor) = (self.app, self.txn, self.actor);
        let line = change::save(app, txn, stored, &before, &lead, lines, actor, written).await?;
        if let Some(goes_on) = goes_on {
            self.absorb(goes_on, &stored.name).await?;
        }
        Ok((lead, line))
    }

    /// Takes an action of the workflow; `lead` is that of the agency that has the report afterwards.
    async fn follow(&self, case: &mut Case, lead: &mut Lead, action: Action) -> Result<Vec<Entry>, Failure> {
        let mut lines = Vec::new();
        if let Action::Forward { agency, .. } = &action
            && *agency != case.agency
        {
            // What was due before is told by the hours of the agency that lets go of it.
            let until = self.now - TimeDelta::microseconds(1);
            lines = case.due(&lead.workflow, &lead.work_time, until);
            lead.work_time = self.app.ground.work_time(self.txn, agency).await?;
        }
        let promised = self.promised(case, &action).await?;
        let (workflow, work_time) = (&lead.workflow, &lead.work_time);
        let done = case.act(workflow, work_time, promised, &action, self.actor.role, self.now);
        lines.extend(done.map_err(|refusal| change::refused(&refusal))?);
        Ok(lines)
    }

    /// What the unit that has the report afterwards promises for its class.
    async fn promised(&self, case: &Case, action: &Action) -> Result<Option<Length>, Failure> {
        let (agency, unit, class) = match action {
            Action::Forward { agency, unit } => (agency, unit, &case.class),
            Action::Disposition { unit, class, .. } => (&case.agency, unit, class),
            _ => (&case.agency, &case.unit, &case.class),
        };
        let ground = &self.app.ground;
        ground.own_deadline(self.txn, agency, unit, class).await
    }

    /// Tells in the report that goes on what became a part of it.
    async fn absorb(&self, mut stored: Stored, part: &name::Complaint) -> Result<(), Failure> {
        let (app, txn) = (self.app, self.txn);
        let before = stored.case.clone();
        let (lead, mut lines) = change::lead(app, txn, &mut stored).await?;
        let part = part.complaint.clone();
        let done = stored
            .case
            .absorb(&lead.workflow, &lead.work_time, part, self.actor.role, self.now);
        lines.extend(done.map_err(|_| {
            precondition(
                "SETTLED",
                "the report that is to go on is closed or archived",
                "Laporan yang akan dilanjutkan sudah selesai atau diarsipkan",
            )
        })?);
        let written = Written::default();
        change::save(app, txn, &mut stored, &before, &lead, lines, self.actor, written).await?;
        Ok(())
    }
}

/// The handing over to a unit, with class and category as they are then.
fn disposition(
    case: &Case,
    lead: &Lead,
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
            "must be of the agency that has the report; forward it to another",
            "harus unit instansi yang menangani laporan; untuk instansi lain, alihkan",
        );
    }
    faults.take(class::check("class", &class, &lead.workflow));
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

/// The report into which another one of the agency can be merged. What was merged is archived and stays so, and is never
/// merged into: mergers make no circle.
fn primary(other: Option<Stored>, part: &Case) -> Result<Stored, Failure> {
    // What another agency has is told apart from what is nowhere by nobody.
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
            "the report that is to go on was merged itself",
            "Laporan yang akan dilanjutkan sudah digabungkan ke laporan lain",
        ));
    }
    Ok(other)
}
