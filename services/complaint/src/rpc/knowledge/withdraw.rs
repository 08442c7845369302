//! Withdraws an entry from the knowledge base.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::{complaint::v1, name};

use crate::{
    context::App,
    rpc::{
        once,
        rights::{as_not_found, found, precondition, require_liaison},
    },
    store::{
        Lock,
        knowledge::{knowledge_get, knowledge_withdraw_in_txn},
        sealed::Note,
    },
};

/// A parsed request.
pub struct Withdraw {
    once: IdempotencyKey,
    name: name::Knowledge,
    reason: Note,
}

impl Command for Withdraw {
    type App = App;
    type Message = v1::WithdrawKnowledgeRequest;
    type Answer = v1::WithdrawKnowledgeResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.WithdrawKnowledge", &raw.request_id, &raw));
        let name = faults.take(request::name("name", &raw.name));
        let reason = faults.or_default(text::lines("reason", &raw.reason, 5, 1000));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                reason: Note(reason),
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, caller) = (work.app, work.txn, work.caller);
        let stored = knowledge_get(txn, &self.name, Lock::Update).await?;
        let stored = found(stored, &self.name)?;
        as_not_found(require_liaison(caller, &stored.agency), &self.name)?;
        if stored.withdrawn_at.is_some() {
            return Err(precondition(
                "ALREADY_WITHDRAWN",
                "the entry was withdrawn already",
                "Entri ini sudah ditarik",
            ));
        }
        let actor = caller.subject();
        knowledge_withdraw_in_txn(txn, &app.vault, stored.id, actor, &self.reason, work.now()).await?;
        Ok(v1::WithdrawKnowledgeResponse {})
    }
}
