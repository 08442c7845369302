//! Recuses an evaluator from an entry.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Violation, found},
    request::{self, Faults, text},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use crate::{
    rpc::{
        access::{require_evaluator, require_ministry},
        once::once,
    },
    store::{
        Lock,
        entry::entry_get,
        recusal::{Recusal, recusal_insert_in_txn},
        round::round_get,
    },
};

/// A recusal.
#[derive(Debug, Clone)]
pub struct Recuse {
    once: IdempotencyKey,
    name: name::Entry,
    /// Subject of the evaluator; the caller when empty.
    evaluator: String,
    /// The conflict of interest.
    reason: String,
}

impl Recuse {
    fn evaluator<'a>(&'a self, caller: &'a Caller) -> &'a str {
        if self.evaluator.is_empty() {
            caller.subject()
        } else {
            &self.evaluator
        }
    }
}

impl Command for Recuse {
    type App = Context;
    type Message = v1::RecuseEvaluatorRequest;
    type Answer = v1::RecuseEvaluatorResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.RecuseEvaluator", &message.request_id, &message));
        let name = faults.take(request::name("entry", &message.entry));
        let reason = faults.take(text::lines("reason", &message.reason, 1, 2000));
        let evaluator = faults.take(text::line("evaluator", &message.evaluator, 0, 200));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                evaluator: evaluator?,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        if self.evaluator(caller) == caller.subject() {
            require_evaluator(caller)
        } else {
            require_ministry(caller)
        }
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = round_get(work.txn, &self.name.round, Lock::Share).await?;
        let round = found(locked, &self.name.round)?;
        let entry = found(entry_get(work.txn, &self.name, Lock::None).await?, &self.name)?;
        let stage = round.round.scored_stage(&round.name, &round.stage)?;
        let evaluator = self.evaluator(work.caller);
        if !round.round.panel.iter().any(|m| m.subject == evaluator) {
            return Err(Violation::new(
                "evaluator",
                "is not on the panel of the round",
                "bukan evaluator dalam kompetisi ini",
            )
            .into());
        }
        let recusal = Recusal {
            entry_id: entry.id,
            evaluator: evaluator.to_owned(),
            stage: stage.key.clone(),
            reason: self.reason.clone(),
            recorded_by: work.caller.subject().to_owned(),
            recorded_at: micros(work.now()),
        };
        let evaluator = recusal.evaluator.clone();
        recusal_insert_in_txn(work.txn, recusal).await?;
        Ok(v1::RecuseEvaluatorResponse { evaluator })
    }
}
