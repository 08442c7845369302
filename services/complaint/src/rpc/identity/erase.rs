//! Erases personal data at the request of the national admin. Figures and facts stay.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, to_proto},
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::Faults,
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    change::Actor,
    context::App,
    derived::erasures::erase_report,
    domain::{purpose::Purpose, workflow::Role},
    rpc::{
        once,
        rights::{found, precondition},
    },
    store::{
        Lock,
        complaint::complaint_get,
        erasure::{Parts, consultation_end_in_txn, consultation_erase_in_txn},
        identity::Subject,
        reading::{Reading, reading_add_in_txn},
        sealed::Note,
    },
};

/// A parsed request.
pub struct Erase {
    once: IdempotencyKey,
    subject: Subject,
    /// Whether texts and attachments are erased as well.
    text_too: bool,
    reason: Note,
}

impl Command for Erase {
    type App = App;
    type Message = v1::EraseComplaintRequest;
    type Answer = v1::EraseComplaintResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.EraseComplaint", &raw.request_id, &raw));
        let subject = faults.take(message::subject(&raw.name));
        let reason = faults.take(message::reason(&raw.reason));
        faults.build(|| {
            Some(Self {
                once: once?,
                subject: subject?,
                text_too: raw.text_too,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    /// Returns the time of the erasure; if everything was already erased, the time of that.
    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let parts = Parts {
            identity: true,
            text: self.text_too,
        };
        let erased = match &self.subject {
            Subject::Complaint(name) => report(work, name, parts, self.reason).await?,
            Subject::Consultation(name) => consultation(work, name, parts, &self.reason).await?,
        };
        let Some(erased) = erased else {
            return Err(precondition(
                "NOTHING_TO_ERASE",
                "there is nothing to erase",
                "Tidak ada yang dapat dihapus",
            ));
        };
        Ok(v1::EraseComplaintResponse {
            erase_time: Some(to_proto(erased)),
        })
    }
}

async fn report(
    work: &Work<'_, App>,
    name: &name::Complaint,
    parts: Parts,
    reason: Note,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let (app, txn) = (work.app, work.txn);
    let mut stored = found(complaint_get(txn, name, Lock::Update).await?, name)?;
    if !stored.case.is_settled() {
        return Err(not_closed());
    }
    let before = stored.erased_at.map(from_micros);
    let actor = Actor {
        subject: work.caller.subject().to_owned(),
        role: Role::NationalAdmin,
    };
    let done = erase_report(app, txn, &mut stored, parts, &actor, Some(reason)).await?;
    Ok(done.or(before))
}

async fn consultation(
    work: &Work<'_, App>,
    name: &name::Consultation,
    parts: Parts,
    reason: &Note,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let (app, txn, now) = (work.app, work.txn, work.now());
    let ended = found(consultation_end_in_txn(txn, Some(name), 0).await?, name)?;
    if ended.at.is_none() {
        return Err(not_closed());
    }
    let parts = parts.and(ended.remaining);
    if parts.is_empty() {
        return Ok(ended.erased_at());
    }
    // A consultation has no timeline, so the log of readings records who erased it and why.
    let line = Reading {
        name: name.to_string(),
        agency: ended.agency().to_owned(),
        actor: work.caller.subject().to_owned(),
        role: Role::NationalAdmin.key().to_owned(),
        purpose: Purpose::Erasure,
        method: "EraseComplaint".to_owned(),
        at: now,
    };
    consultation_erase_in_txn(txn, ended, parts, now).await?;
    reading_add_in_txn(txn, &app.vault, &line, reason).await?;
    Ok(Some(now))
}

fn not_closed() -> Failure {
    precondition(
        "NOT_CLOSED",
        "only what is closed or archived can be erased",
        "Hanya yang sudah selesai atau diarsipkan dapat dihapus",
    )
}
