//! What every change of a report has in common: what the system had to do first, the facts, the timeline, the figures.

use std::sync::Arc;

use prima_platform::{
    db::Txn,
    failure::{Failure, Violation},
};

use super::{class, rights::precondition};
use crate::{
    context::App,
    domain::{
        case::{Case, Entry, EntryKind, Refusal},
        workflow::{ActionKind, Role, Workflow},
        worktime::WorkTime,
    },
    store::{
        complaint::{Stored, Times, complaint_save_in_txn},
        figures::figures_change_in_txn,
        sealed::Note,
        timeline::{self, timeline_add_in_txn},
    },
};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Subject of the token; empty for the reporter and the system.
    pub subject: String,
    /// In which role.
    pub role: Role,
}

impl Actor {
    /// The reporter.
    pub fn reporter() -> Self {
        Self {
            subject: String::new(),
            role: Role::Reporter,
        }
    }

    /// The system.
    pub fn system() -> Self {
        Self {
            subject: String::new(),
            role: Role::System,
        }
    }
}

/// What somebody wrote with an action.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The text.
    pub note: Option<Note>,
    /// Whether the reporter may read it.
    pub public: bool,
}

/// What leads a report that is locked.
pub struct Lead {
    /// Its workflow.
    pub workflow: Arc<Workflow>,
    /// The working time of the agency that has it.
    pub work_time: WorkTime,
}

/// Reads what leads a report, and brings its deadlines up to the calendar as it is now. The lines that this makes are
/// to be saved with those of the action.
pub async fn lead(app: &App, txn: &Txn, stored: &mut Stored) -> Result<(Lead, Vec<Entry>), Failure> {
    let workflow = app.ground.workflow(txn, &stored.workflow).await?;
    let work_time = app.ground.work_time(txn, &stored.case.agency).await?;
    let mut lines = Vec::new();
    if stored.calendar != work_time.calendar().version() {
        lines = stored.case.reschedule(&workflow, &work_time, app.now());
        stored.calendar = work_time.calendar().version();
    }
    Ok((Lead { workflow, work_time }, lines))
}

/// When things are to happen to a report that is as it is now. What retention did before, it finds done.
pub fn times(app: &App, case: &Case, lead: &Lead) -> Times {
    Times {
        due: case.next_due(&lead.workflow).map(|(_, due)| due.at),
        wake: case.wake(&lead.workflow, &lead.work_time),
        erase: case.is_settled().then(|| app.periods().first(case.state_since)),
    }
}

/// Saves a report that is locked, its new lines and the figures that follow. What was written stands with the last line
/// that is not the system's; returns the key of that line, or of the last when all are the system's.
#[expect(
    clippy::too_many_arguments,
    reason = "each is something else, and all come from the same place"
)]
pub async fn save(
    app: &App,
    txn: &Txn,
    stored: &mut Stored,
    before: &Case,
    lead: &Lead,
    lines: Vec<Entry>,
    actor: &Actor,
    written: Written,
) -> Result<i64, Failure> {
    let times = times(app, &stored.case, lead);
    complaint_save_in_txn(txn, stored, times, app.now()).await?;
    // Deadlines that moved with the action stand after it.
    let own = lines.iter().rposition(|entry| !by_system(entry));
    let own = own.unwrap_or(lines.len().saturating_sub(1));
    let mut written = Some(written);
    let mut key = 0;
    for (n, entry) in lines.into_iter().enumerate() {
        let words = written.take_if(|_| n == own).unwrap_or_default();
        let added = timeline_add_in_txn(txn, &app.vault, stored.id, &line(entry, actor, words)).await?;
        if n == own {
            key = added;
        }
    }
    figures_change_in_txn(txn, Some(before), &stored.case, &lead.workflow).await?;
    Ok(key)
}

/// Whether a line is about what the system did, also while somebody acted.
fn by_system(entry: &Entry) -> bool {
    let told = matches!(
        entry.kind,
        EntryKind::Reminder | EntryKind::Escalation | EntryKind::Rescheduled
    );
    told || entry.role == Some(Role::System)
}

/// A line as it is stored. What the system does while somebody acts is the system's.
pub fn line(entry: Entry, actor: &Actor, written: Written) -> timeline::New {
    let by = if by_system(&entry) {
        &Actor::system()
    } else {
        actor
    };
    timeline::New {
        agency: entry.to_agency.clone(),
        unit: entry.to_unit.clone(),
        actor: by.subject.clone(),
        role: by.role.key().to_owned(),
        note: written.note,
        public: written.public,
        entry,
    }
}

/// A refusal of the rules as the caller sees it. Nothing of what was written is in it.
pub fn refused(refusal: &Refusal) -> Failure {
    let listed = |list: &[ActionKind], name: fn(ActionKind) -> &'static str| {
        let names: Vec<&str> = list.iter().map(|action| name(*action)).collect();
        if names.is_empty() {
            "-".to_owned()
        } else {
            names.join(", ")
        }
    };
    let invalid = |field: &str, english: &str, indonesian: &str| {
        Failure::invalid(vec![Violation::new(field, english, indonesian)])
    };
    let reason = refusal.reason();
    match refusal {
        Refusal::UnknownClass => class::unknown("class").into(),
        Refusal::UnknownReason => invalid(
            "reason",
            "is not a reason of the workflow; a wrong address is none: forward the report",
            "bukan alasan yang dikenal; laporan salah alamat dialihkan, bukan ditolak",
        ),
        Refusal::SameAgency => invalid(
            "to",
            "is where the report is already",
            "adalah tempat laporan ini sekarang",
        ),
        Refusal::StarsOutOfRange => invalid("rating", "must be 1 to 5", "harus 1 sampai 5"),
        Refusal::IllegalTransition {
            state,
            action,
            allowed,
        } => precondition(
            reason,
            format!(
                "`{}` is not possible in state `{state}`; possible: {}",
                action.key(),
                listed(allowed, ActionKind::key)
            ),
            format!(
                "Tindakan ini tidak dapat dilakukan pada status laporan sekarang; yang dapat dilakukan: {}",
                listed(allowed, ActionKind::label)
            ),
        ),
        Refusal::WrongRole { needs } => {
            let roles: Vec<&str> = needs.iter().map(|role| role.key()).collect();
            let labels: Vec<&str> = needs.iter().map(|role| role.label()).collect();
            Failure::new(
                prima_platform::failure::Kind::Denied,
                reason,
                format!("needs the role {}", roles.join(" or ")),
                format!("Perlu peran {}", labels.join(" atau ")),
            )
        }
        Refusal::WindowPassed { clock } => precondition(
            reason,
            format!("the window `{clock}` has passed"),
            "Batas waktu untuk tindakan ini sudah lewat",
        ),
        Refusal::NotAnswered => precondition(
            reason,
            "only a report that was answered is rated",
            "Hanya laporan yang sudah ditanggapi dapat dinilai",
        ),
        Refusal::AlreadyRated => precondition(
            reason,
            "the report was rated already",
            "Laporan ini sudah dinilai",
        ),
        Refusal::TopLevel => precondition(
            reason,
            "the report is at the highest level",
            "Laporan sudah pada jenjang eskalasi tertinggi",
        ),
        Refusal::Settled => precondition(
            reason,
            "the report is closed or archived",
            "Laporan sudah selesai atau diarsipkan",
        ),
    }
}
