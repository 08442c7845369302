//! Decides an objection, once. Who is assessed never decides: neither who filed it nor a member of the agency.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Choice, Faults, text},
};
use prima_proto::{name, ranking::v1 as pb};

use super::{desk::Desk, message, refusal::closed};
use crate::{
    domain::publication::{Decision, State},
    store,
};

const DECISION: Choice = Choice {
    english: "decision",
    indonesian: "Keputusan sanggah",
};

/// A checked decision.
#[derive(Debug)]
pub struct Decide {
    request_id: String,
    name: name::TableObjection,
    decision: Decision,
    reason: String,
}

impl Command for Decide {
    type App = Desk;
    type Message = pb::DecideTableObjectionRequest;
    type Answer = pb::DecideTableObjectionResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let name = faults.take(request::name("name", &message.name));
        let of = |decision: pb::ObjectionDecision| Decision::of(i64::from(i32::from(decision)));
        let decision = faults.take(DECISION.required("decision", message.decision, of));
        let reason = faults.take(text::lines("reason", &message.reason, 10, 4000));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                name: name?,
                decision: decision?,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = pb::DecideTableObjectionRequest {
            request_id: String::new(),
            name: self.name.to_string(),
            decision: i32::try_from(self.decision.number()).unwrap_or_default(),
            reason: self.reason.clone(),
        };
        Some(IdempotencyKey::new(
            "ranking.DecideTableObjection",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Desk>) -> Result<Self::Answer, Failure> {
        let txn = work.txn;
        let proposal = &self.name.proposal;
        let proposal = found(store::proposal_lock(txn, &proposal.proposal).await?, proposal)?;
        let row = store::objection_lock(txn, &self.name.objection).await?;
        let mut row = found(row.filter(|row| row.proposal == proposal.id), &self.name)?;
        if row.filer == work.caller.identity()
            || row.filed_by == work.caller.subject()
            || work.caller.names(&row.agency)
        {
            return Err(Failure::new(
                Kind::Denied,
                "ASSESSED_MAY_NOT_DECIDE",
                "who filed an objection, and members of the agency, can't decide it",
                "Pengaju sanggah dan pihak instansi yang diperingkat tidak boleh memutuskannya",
            ));
        }
        if proposal.state != State::Open.number() {
            return Err(closed());
        }
        if row.decision != 0 {
            return Err(Failure::new(
                Kind::Precondition,
                "OBJECTION_DECIDED",
                "the objection is decided",
                "Sanggah ini sudah diputuskan",
            ));
        }
        row.decision = self.decision.number();
        row.decision_reason = self.reason;
        work.caller.subject().clone_into(&mut row.decided_by);
        row.decided_at = micros(work.now());
        store::objection_save_in_txn(txn, row.clone()).await?;
        Ok(pb::DecideTableObjectionResponse {
            objection: Some(message::objection(&row)),
        })
    }
}
