//! Adds an answer to a consultation.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, optional, text},
};
use prima_proto::{complaint::v1, name};

use super::{
    message,
    shared::{Target, check_member, flag_figures_dirty, refused},
};
use crate::{
    context::App,
    rpc::{files, rights::found},
    store::{
        Lock, answer::answer_add_in_txn, attachment::Owner, consultation::consultation_save_in_txn,
        member::member_get, sealed::Note,
    },
};

/// A parsed answer.
pub struct Answer {
    target: Target,
    text: Note,
    attachments: Vec<name::Attachment>,
    /// The team member who answers; need no longer be active.
    member: Option<name::Member>,
}

impl Command for Answer {
    type App = App;
    type Message = v1::AnswerConsultationRequest;
    type Answer = v1::AnswerConsultationResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let named = (&*raw.request_id, &*raw.name, &*raw.etag);
        let target = Target::parse("complaint.AnswerConsultation", &raw, named, &mut faults);
        let text = faults.or_default(text::lines("text", &raw.text, 5, 10_000));
        let attachments = files::names(&raw.attachments, &mut faults);
        let member = faults.take(optional(&raw.member, |raw| request::name("member", raw)));
        faults.build(|| {
            Some(Self {
                target: target?,
                text: Note(text),
                attachments,
                member: member?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.target.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, caller, now) = (work.app, work.txn, work.caller, work.now());
        let mut stored = self.target.lock(work).await?;
        let first = stored.progress.first_answer_at.is_none();
        stored.progress.answer(now).map_err(refused)?;
        if let Some(member) = &self.member {
            check_member(member, &stored.head)?;
            found(member_get(txn, member, Lock::Share).await?, member)?;
        }
        let member = self.member.map(|m| m.member).unwrap_or_default();
        let by = (caller.subject(), member.as_str());
        let id = answer_add_in_txn(txn, &app.vault, stored.id, by, &self.text, now).await?;
        consultation_save_in_txn(txn, &mut stored, now).await?;
        if first {
            flag_figures_dirty(txn, &stored.head, stored.progress.received_at).await?;
        }
        files::attach(app, txn, caller, &self.attachments, Owner::Answer(id)).await?;
        let (name, state, etag) = message::name_state_etag(&stored);
        Ok(v1::AnswerConsultationResponse { name, state, etag })
    }
}
