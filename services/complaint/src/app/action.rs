//! What people do to a report, every action in the same way: lock it, look for the first answer, look who acts, act, save.

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{
    caller::Caller,
    db::Txn,
    failure::{Failure, Kind, Violation},
    faults::Faults,
};
use prima_proto::{complaint::v1, name};

use super::{
    App, Once,
    act::{self, Actor, Lead, Written},
    attachments, check_etag, not_found, precondition,
    reporter::{self, Access},
    role_in,
};
use crate::{
    domain::{
        case::{Action, Case, Entry},
        workflow::Role,
        worktime::Length,
    },
    grpc::render,
    store::{
        Lock,
        attachment::Owner,
        complaint::{Stored, complaint_get, complaints_lock},
    },
};

/// An action on a report.
pub struct Request {
    /// Under which ids of requests are kept.
    pub method: &'static str,
    /// Tells repeats.
    pub once: Once,
    /// Which report, and who acts.
    pub target: Target,
    /// What is done.
    pub act: Act,
    /// What is written with it.
    pub written: Written,
    /// Files that go with it.
    pub attachments: Vec<name::Attachment>,
}

/// How a report is found.
pub enum Target {
    /// An officer names it.
    Named {
        /// Resource name.
        name: name::Complaint,
        /// Version that was read; empty skips the check.
        etag: String,
    },
    /// The reporter shows its code.
    Shown(Access),
}

/// What can be done to a report, with what the request says of it.
pub enum Act {
    /// An action of the workflow that needs to know nothing more.
    Take(Action),
    /// Hands it to a unit.
    Verify {
        /// The unit.
        unit: name::Unit,
        /// Key of the class; empty keeps it.
        class: String,
        /// Key of the category; empty keeps it.
        category: String,
    },
    /// Makes it a part of another report.
    Merge {
        /// The report that goes on.
        into: name::Complaint,
    },
    /// The reporter rates it.
    Rate {
        /// 1 to 5.
        stars: u8,
    },
    /// Raises it by a level.
    Escalate,
}

/// How the report stands then; the first answer when the request is a repeat.
///
/// # Errors
///
/// `NOT_FOUND`, `PERMISSION_DENIED`, `ABORTED` for a stale etag, refusals of the rules; nothing is changed then, and what
/// the system had to do before is left to its sweep.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::ComplaintStatus, Failure> {
    let Request {
        method,
        once,
        target,
        act,
        written,
        attachments,
    } = request;
    if let Target::Shown(access) = &target {
        // Who guesses codes comes no further than to a reader.
        reporter::report(app, app.context.db.reader(), access, Lock::None).await?;
    }
    let txn = app.context.db.begin().await?;
    let (mut stored, other) = locked(app, &txn, &target, &act).await?;
    // Reporters have no token: their requests are told apart by report.
    let asks = match &target {
        Target::Named { .. } => caller.clone(),
        Target::Shown(_) => Caller::new(stored.name.to_string(), Vec::new(), Vec::new()),
    };
    if let Some(first) = once.find::<v1::ComplaintStatus>(&txn, method, &asks).await? {
        return Ok(first);
    }
    let actor = match &target {
        Target::Named { name, etag } => {
            let role = role(caller, &stored.case)?;
            check_etag(etag, stored.version, name)?;
            Actor {
                subject: caller.subject().to_owned(),
                role,
            }
        }
        Target::Shown(_) => Actor::reporter(),
    };
    if matches!(act, Act::Take(Action::Reopen)) && stored.content(&app.vault)?.is_none() {
        return Err(precondition(
            "ERASED",
            "what the report said was erased",
            "Isi laporan ini sudah dihapus sehingga tidak dapat dibuka lagi",
        ));
    }
    let step = Step {
        app,
        txn: &txn,
        actor: &actor,
        now: app.now(),
    };
    let (lead, line) = step.take(&mut stored, other, act, written).await?;
    let mut answer = render::status(&stored, &lead.workflow, &lead.work_time, step.now);
    if let Target::Shown(_) = target {
        answer.name.clear();
        answer.etag.clear();
    }
    once.keep(&txn, method, &asks, &answer, app).await?;
    attachments::claim(app, &txn, caller, &attachments, Owner::Line(line)).await?;
    app.commit(txn).await?;
    Ok(answer)
}

/// The report, and for a merger the one that goes on, if there is one of that name.
async fn locked(
    app: &App,
    txn: &Txn,
    target: &Target,
    act: &Act,
) -> Result<(Stored, Option<Stored>), Failure> {
    match (target, act) {
        (Target::Shown(access), _) => Ok((reporter::report(app, txn, access, Lock::Update).await?, None)),
        (Target::Named { name, .. }, Act::Merge { into }) => {
            let mut other = None;
            let mut own = None;
            for stored in complaints_lock(txn, [name, into]).await? {
                if stored.name == *name {
                    own = Some(stored);
                } else {
                    other = Some(stored);
                }
            }
            Ok((own.ok_or_else(|| not_found(name))?, other))
        }
        (Target::Named { name, .. }, _) => {
            let stored = complaint_get(txn, name, Lock::Update).await?;
            Ok((stored.ok_or_else(|| not_found(name))?, None))
        }
    }
}

/// The role in the agency that has the report. Who has none there does not learn which agency that is.
pub fn role(caller: &Caller, case: &Case) -> Result<Role, Failure> {
    role_in(caller, &case.agency).map_err(|_| {
        Failure::new(
            Kind::Denied,
            "PERMISSION_DENIED",
            "needs a role in the agency that has the report",
            "Perlu peran di instansi yang menangani laporan ini",
        )
    })
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
        let (mut lead, mut lines) = act::lead(self.app, self.txn, stored).await?;
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
                .map_err(|refusal| act::refused(&refusal))?,
            Act::Escalate => case
                .escalate(&lead.workflow, &lead.work_time, role, now)
                .map_err(|refusal| act::refused(&refusal))?,
        });
        let (app, txn, actor) = (self.app, self.txn, self.actor);
        let line = act::save(app, txn, stored, &before, &lead, lines, actor, written).await?;
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
        lines.extend(done.map_err(|refusal| act::refused(&refusal))?);
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
        let (lead, mut lines) = act::lead(app, txn, &mut stored).await?;
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
        act::save(app, txn, &mut stored, &before, &lead, lines, self.actor, written).await?;
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
    if lead.workflow.class(&class).is_none() {
        faults.add(
            "class",
            "is not a class of the workflow",
            "bukan klasifikasi yang dikenal",
        );
    }
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
fn primary(found: Option<Stored>, part: &Case) -> Result<Stored, Failure> {
    // What another agency has is told apart from what is nowhere by nobody.
    let found = found.filter(|other| other.case.agency == part.agency);
    let found = found.ok_or_else(|| {
        Failure::invalid(vec![Violation::new(
            "into",
            "is not a report of the same agency",
            "bukan laporan pada instansi yang sama",
        )])
    })?;
    if found.merged_into.is_some() {
        return Err(precondition(
            "ALREADY_MERGED",
            "the report that is to go on was merged itself",
            "Laporan yang akan dilanjutkan sudah digabungkan ke laporan lain",
        ));
    }
    Ok(found)
}
