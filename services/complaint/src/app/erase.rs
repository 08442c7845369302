//! Erases what is personal: by the period, or because the national admin says so. Figures and facts stay.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::{from_micros, to_proto},
    db::Txn,
    failure::Failure,
};
use prima_proto::complaint::v1;

use super::{
    App, Once,
    act::{self, Actor, Written},
    not_found, precondition, require_national,
};
use crate::{
    domain::{
        case::{EntryKind, erase::Erased},
        purpose::Purpose,
        workflow::Role,
    },
    store::{
        Lock,
        complaint::{Stored, complaint_get},
        erasure::{Parts, complaint_erase, complaint_held, consultation_end, consultation_erase, erase_at},
        identity::Subject,
        reading::{Reading, reading_add},
        sealed::Note,
        timeline::timeline_of,
    },
};

const METHOD: &str = "complaint.EraseComplaint";

/// What is to be erased.
#[derive(Debug)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Of which report or consultation.
    pub subject: Subject,
    /// Also texts and files.
    pub text_too: bool,
    /// Why.
    pub reason: Note,
}

/// When it was erased; for what was erased before, that time.
///
/// # Errors
///
/// `NOT_CLOSED` while somebody can still act on it, `NOTHING_TO_ERASE` when nothing is there and never was.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::EraseComplaintResponse, Failure> {
    require_national(caller)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let parts = Parts {
        identity: true,
        text: request.text_too,
    };
    let erased = match &request.subject {
        Subject::Complaint(name) => {
            let stored = complaint_get(&txn, name, Lock::Update).await?;
            let mut stored = stored.ok_or_else(|| not_found(name))?;
            if !stored.case.is_settled() {
                return Err(not_closed());
            }
            let before = stored.erased_at.map(from_micros);
            let actor = Actor {
                subject: caller.subject().to_owned(),
                role: Role::NationalAdmin,
            };
            let reason = Some(request.reason);
            let done = report(app, &txn, &mut stored, parts, &actor, reason).await?;
            done.or(before)
        }
        Subject::Consultation(name) => {
            let ended = consultation_end(&txn, Some(name), 0).await?;
            let ended = ended.ok_or_else(|| not_found(name))?;
            if ended.at.is_none() {
                return Err(not_closed());
            }
            let parts = parts.and(ended.held);
            if parts.is_empty() {
                ended.erased_at
            } else {
                let now = app.now();
                consultation_erase(&txn, ended.id, parts, now).await?;
                // A consultation has no timeline that could keep who erased it and why.
                let line = Reading {
                    name: name.to_string(),
                    agency: ended.agency,
                    actor: caller.subject().to_owned(),
                    role: Role::NationalAdmin.key().to_owned(),
                    purpose: Purpose::Erasure,
                    method: "EraseComplaint".to_owned(),
                    at: now,
                };
                reading_add(&txn, &app.vault, &line, &request.reason).await?;
                Some(now)
            }
        }
    };
    let Some(erased) = erased else {
        return Err(precondition(
            "NOTHING_TO_ERASE",
            "nothing of this kind is there",
            "Tidak ada yang dapat dihapus",
        ));
    };
    let answer = v1::EraseComplaintResponse {
        erase_time: Some(to_proto(erased)),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

fn not_closed() -> Failure {
    precondition(
        "NOT_CLOSED",
        "only what is closed or archived is erased",
        "Hanya yang sudah selesai atau diarsipkan dapat dihapus",
    )
}

/// Erases what is still there of the parts of a locked report, with a line for each; returns when, unless nothing was.
pub async fn report(
    app: &App,
    txn: &Txn,
    stored: &mut Stored,
    parts: Parts,
    actor: &Actor,
    reason: Option<Note>,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let mut held = complaint_held(txn, stored.id).await?;
    // Why something was erased stays.
    let written =
        |line: &crate::store::timeline::Line| line.has_note() && line.entry.kind != EntryKind::Erased;
    let timeline = timeline_of(txn, stored.id).await?;
    let notes: Vec<i64> = timeline.into_iter().filter(written).map(|line| line.id).collect();
    held.text |= !notes.is_empty();
    let parts = parts.and(held);
    if parts.is_empty() {
        return Ok(None);
    }
    let now = app.now();
    let before = stored.case.clone();
    let (lead, mut lines) = act::lead(app, txn, stored).await?;
    if parts.identity {
        lines.push(stored.case.erased(Erased::Identity, actor.role, now));
    }
    if parts.text {
        lines.push(stored.case.erased(Erased::Text, actor.role, now));
    }
    let written = Written {
        note: reason,
        public: false,
    };
    act::save(app, txn, stored, &before, &lead, lines, actor, written).await?;
    complaint_erase(txn, stored.id, parts, notes, now).await?;
    Ok(Some(now))
}

/// Does to a report what its period asks for, and sets when the next step is due.
pub async fn report_due(app: &App, txn: &Txn, stored: &mut Stored) -> Result<bool, Failure> {
    if !stored.case.is_settled() {
        erase_at(txn, "complaint", stored.id, None).await?;
        return Ok(false);
    }
    let steps = app.periods().steps(stored.case.state_since, app.now());
    let parts = Parts {
        identity: steps.identity,
        text: steps.text,
    };
    let done = report(app, txn, stored, parts, &Actor::system(), None).await?;
    erase_at(txn, "complaint", stored.id, steps.next).await?;
    Ok(done.is_some())
}

/// Does to a consultation what its period asks for, and sets when the next step is due.
pub async fn consultation_due(app: &App, txn: &Txn, id: i64) -> Result<bool, Failure> {
    let Some(ended) = consultation_end(txn, None, id).await? else {
        return Ok(false);
    };
    let Some(end) = ended.at else {
        erase_at(txn, "consultation", id, None).await?;
        return Ok(false);
    };
    let now = app.now();
    let steps = app.periods().steps(end, now);
    let due = Parts {
        identity: steps.identity,
        text: steps.text,
    };
    let parts = due.and(ended.held);
    if !parts.is_empty() {
        consultation_erase(txn, id, parts, now).await?;
    }
    erase_at(txn, "consultation", id, steps.next).await?;
    Ok(!parts.is_empty())
}
