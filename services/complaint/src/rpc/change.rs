//! What every change of a report has in common: it first does what was due, then saves the report, adds lines to the
//! timeline and updates the figures.

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

/// Who performs an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Subject of the token; empty for the reporter and the system.
    pub subject: String,
    pub role: Role,
}

impl Actor {
    pub fn reporter() -> Self {
        Self {
            subject: String::new(),
            role: Role::Reporter,
        }
    }

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
    pub note: Option<Note>,
    /// Whether the reporter may read it.
    pub public: bool,
}

/// The rules that a locked report follows.
pub struct Rules {
    pub workflow: Arc<Workflow>,
    /// Working time of the agency that handles the report.
    pub work_time: WorkTime,
}

/// Loads the rules of a report. When the calendar has changed since its deadlines were computed, they are recomputed
/// first; the caller must save the returned timeline lines together with those of the action.
pub async fn load_rules(app: &App, txn: &Txn, stored: &mut Stored) -> Result<(Rules, Vec<Entry>), Failure> {
    let workflow = app.settings.workflow(txn, &stored.workflow).await?;
    let work_time = app.settings.work_time(txn, &stored.case.agency).await?;
    let mut lines = Vec::new();
    if stored.calendar != work_time.calendar().version() {
        lines = stored.case.reschedule(&workflow, &work_time, app.now());
        stored.calendar = work_time.calendar().version();
    }
    Ok((Rules { workflow, work_time }, lines))
}

/// When the system has to act on a report next. Erasures that retention has already done may be scheduled again; they
/// then find nothing to erase.
pub fn times(app: &App, case: &Case, rules: &Rules) -> Times {
    Times {
        due: case.next_due(&rules.workflow).map(|(_, due)| due.at),
        wake: case.wake(&rules.workflow, &rules.work_time),
        erase: case.is_settled().then(|| app.periods().first(case.state_since)),
    }
}

/// Saves a locked report, adds its new timeline lines and updates the figures. The note is attached to the last line
/// that the system did not write itself. Returns the key of that line, or of the last line when the system wrote all of
/// them.
#[expect(
    clippy::too_many_arguments,
    reason = "every argument is needed, and all callers have them at hand"
)]
pub async fn save(
    app: &App,
    txn: &Txn,
    stored: &mut Stored,
    before: &Case,
    rules: &Rules,
    lines: Vec<Entry>,
    actor: &Actor,
    written: Written,
) -> Result<i64, Failure> {
    let times = times(app, &stored.case, rules);
    complaint_save_in_txn(txn, stored, times, app.now()).await?;
    // Lines about deadlines that moved because of the action come after the line of the action.
    let own = lines.iter().rposition(|entry| !by_system(entry));
    let own = own.unwrap_or(lines.len().saturating_sub(1));
    let mut written = Some(written);
    let mut key = 0;
    for (n, entry) in lines.into_iter().enumerate() {
        let own_note = written.take_if(|_| n == own).unwrap_or_default();
        let added = timeline_add_in_txn(txn, &app.vault, stored.id, &line(entry, actor, own_note)).await?;
        if n == own {
            key = added;
        }
    }
    figures_change_in_txn(txn, Some(before), &stored.case, &rules.workflow).await?;
    Ok(key)
}

/// Whether the system wrote a line, even though it was added while somebody acted.
fn by_system(entry: &Entry) -> bool {
    let is_timed = matches!(
        entry.kind,
        EntryKind::Reminder | EntryKind::Escalation | EntryKind::Rescheduled
    );
    is_timed || entry.role == Some(Role::System)
}

/// A line as it is stored; its actor is the system when the system wrote it.
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

/// The failure that a caller gets for a refusal of the domain rules. It repeats nothing that the caller wrote.
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
            "is not a reason of the workflow; a report with a wrong address must be forwarded",
            "bukan alasan yang dikenal; laporan salah alamat dialihkan, bukan ditolak",
        ),
        Refusal::SameAgency => invalid(
            "to",
            "already has the report",
            "instansi atau unit ini sudah menangani laporan ini",
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
            "only an answered report can be rated",
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
