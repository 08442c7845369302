//! What every change of a report has in common, be it by an operation or by the system: it first does what was due, then
//! saves the report, adds lines to the timeline and updates the figures.

use std::sync::Arc;

use prima_platform::{db::Txn, failure::Failure};

use crate::{
    context::App,
    domain::{
        case::{Case, Entry, EntryKind},
        workflow::{Role, Workflow},
        worktime::WorkTime,
    },
    store::{
        complaint::{Counted, Stored, Times, complaint_reschedule_in_txn, complaint_save_in_txn},
        figures::{Moved, figures_change_in_txn},
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

/// Does what is due on reports that are locked in the order of their keys. The figures are changed last and together, in
/// the order in which every transaction locks their rows.
pub async fn perform_due(app: &App, txn: &Txn, reports: Vec<Stored>) -> Result<(), Failure> {
    let (actor, mut moved) = (Actor::system(), Moved::default());
    for mut stored in reports {
        let before = stored.case.clone();
        let (rules, mut lines) = load_rules(app, txn, &mut stored).await?;
        lines.extend(stored.case.due(&rules.workflow, &rules.work_time, app.now()));
        if lines.is_empty() && stored.case == before {
            let times = times(app, &stored.case, &rules);
            complaint_reschedule_in_txn(txn, &stored, times).await?;
            continue;
        }
        let was = stored.counted.clone();
        write(app, txn, &mut stored, &rules, lines, &actor, Written::default()).await?;
        moved.add(
            Some((&before, &was)),
            (&stored.case, &stored.counted),
            &rules.workflow,
        );
    }
    Ok(figures_change_in_txn(txn, moved).await?)
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
    let was = stored.counted.clone();
    let key = write(app, txn, stored, rules, lines, actor, written).await?;
    let mut moved = Moved::default();
    moved.add(
        Some((before, &was)),
        (&stored.case, &stored.counted),
        &rules.workflow,
    );
    figures_change_in_txn(txn, moved).await?;
    Ok(key)
}

/// As [`save`], without the figures.
async fn write(
    app: &App,
    txn: &Txn,
    stored: &mut Stored,
    rules: &Rules,
    lines: Vec<Entry>,
    actor: &Actor,
    written: Written,
) -> Result<i64, Failure> {
    let times = times(app, &stored.case, rules);
    stored.counted = Counted::of(&stored.case, &rules.workflow);
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
