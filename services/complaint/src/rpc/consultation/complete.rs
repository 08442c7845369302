//! Completes a consultation, from when on its retention periods run.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{Faults, optional, text},
};
use prima_proto::complaint::v1;

use super::{
    message,
    shared::{Target, flag_figures_dirty, refused},
};
use crate::{context::App, store::consultation::consultation_save_in_txn};

/// A parsed request.
pub struct Complete {
    target: Target,
    /// Required when the consultation was not answered.
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

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.target.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let mut stored = self.target.lock(work).await?;
        stored
            .progress
            .complete(self.reason.is_some(), now)
            .map_err(refused)?;
        if let Some(reason) = self.reason {
            let mut texts = stored.text(&app.vault)?.unwrap_or_default();
            texts.reason = reason;
            stored.rewrite(&app.vault, &texts)?;
        }
        stored.erase_at = Some(app.periods().first(now));
        consultation_save_in_txn(txn, &mut stored, now).await?;
        flag_figures_dirty(txn, &stored.head, stored.progress.received_at).await?;
        let (name, state, etag) = message::name_state_etag(&stored);
        Ok(v1::CompleteConsultationResponse { name, state, etag })
    }
}
