//! Ends a consultation. From then on the time runs until what is personal in it is erased.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, Once, Work},
    etag,
    failure::Failure,
    request::{Faults, optional, text},
};
use prima_proto::{complaint::v1, name};

use super::{
    course::{changed, refused},
    message,
};
use crate::{
    context::App,
    rpc::{field, party::answerable, rights::require_some},
    store::{Lock, consultation::consultation_save},
};

/// The end of a consultation.
pub struct Complete {
    once: Once,
    name: name::Consultation,
    etag: String,
    /// Why; may be left out once it was answered.
    reason: Option<String>,
}

impl Command for Complete {
    type App = App;
    type Message = v1::CompleteConsultationRequest;
    type Answer = v1::CompleteConsultationResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(field::once(
            "complaint.CompleteConsultation",
            &raw.request_id,
            &raw,
        ));
        let name = faults.take(field::name("name", &raw.name, name::Consultation::parse));
        let reason = faults.take(optional(&raw.reason, |raw| text::lines("reason", raw, 5, 1000)));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                etag: raw.etag,
                reason: reason?,
            })
        })
    }

    fn once(&self) -> Option<Once> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        require_some(caller)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let mut stored = answerable(txn, work.caller, &self.name, Lock::Update).await?;
        etag::check(&self.etag, stored.version, &stored.name)?;
        stored
            .course
            .complete(self.reason.is_some(), now)
            .map_err(refused)?;
        if let Some(reason) = self.reason {
            let mut matter = stored.matter(&app.vault)?.unwrap_or_default();
            matter.reason = reason;
            stored.rewrite(&app.vault, &matter)?;
        }
        stored.erase_at = Some(app.periods().first(now));
        consultation_save(txn, &mut stored, now).await?;
        changed(txn, &stored.head, stored.course.received_at).await?;
        Ok(v1::CompleteConsultationResponse {
            name: stored.name.to_string(),
            state: message::state(stored.course.state).into(),
            etag: etag::of(stored.version),
        })
    }
}
