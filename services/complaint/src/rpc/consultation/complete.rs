//! Ends a consultation. From then on the time runs until what is personal in it is erased.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, Once, Work},
    failure::Failure,
    request::{Faults, optional, text},
};
use prima_proto::complaint::v1;

use super::{
    course::{Target, changed, refused},
    message,
};
use crate::{context::App, rpc::rights::require_some, store::consultation::consultation_save_in_txn};

/// The end of a consultation.
pub struct Complete {
    target: Target,
    /// Why; may be left out once it was answered.
    reason: Option<String>,
}

impl Command for Complete {
    type App = App;
    type Message = v1::CompleteConsultationRequest;
    type Answer = v1::CompleteConsultationResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let named = (&*raw.request_id, &*raw.name, &*raw.etag);
        let target = Target::parse("complaint.CompleteConsultation", &raw, named, &mut faults);
        let reason = faults.take(optional(&raw.reason, |raw| text::lines("reason", raw, 5, 1000)));
        faults.build(|| {
            Some(Self {
                target: target?,
                reason: reason?,
            })
        })
    }

    fn once(&self) -> Option<Once> {
        Some(self.target.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        require_some(caller)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let mut stored = self.target.lock(work).await?;
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
        consultation_save_in_txn(txn, &mut stored, now).await?;
        changed(txn, &stored.head, stored.course.received_at).await?;
        let (name, state, etag) = message::standing(&stored);
        Ok(v1::CompleteConsultationResponse { name, state, etag })
    }
}
