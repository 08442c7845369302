//! Recuses an evaluator from an entry.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, Violation, found},
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
        score::{Score, scores_of},
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
    /// Key of the present stage, when the caller accepts that scores of closed stages stand; otherwise empty.
    from_stage: String,
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
        let evaluator = faults.take(text::name("evaluator", &message.evaluator, 0, 200));
        let from_stage = faults.take(text::name("from_stage", &message.from_stage, 0, 63));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                evaluator: evaluator?,
                reason: reason?,
                from_stage: from_stage?,
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
        if !self.from_stage.is_empty() && self.from_stage != stage.key {
            return Err(Violation::new(
                "from_stage",
                "must be the present stage",
                "harus tahap yang sedang berjalan",
            )
            .into());
        }
        let closed = closed_stages(&scores_of(work.txn, entry.id).await?, evaluator, &stage.key);
        if self.from_stage.is_empty() && !closed.is_empty() {
            return Err(scored_in_closed(&closed, &stage.key));
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
        Ok(v1::RecuseEvaluatorResponse {
            evaluator,
            closed_stages: closed,
        })
    }
}

/// Closed stages in which an evaluator has scored the entry.
fn closed_stages(scores: &[Score], evaluator: &str, present: &str) -> Vec<String> {
    let own = scores
        .iter()
        .filter(|s| s.evaluator == evaluator && s.stage != present);
    own.map(|score| score.stage.clone()).collect()
}

/// A closed stage was decided with the evaluator's score, and a recusal does not change it any more.
fn scored_in_closed(closed: &[String], present: &str) -> Failure {
    let closed = closed.join(", ");
    Failure::new(
        Kind::Precondition,
        "STAGE_CLOSED",
        format!(
            "the evaluator has scored the entry in closed stages ({closed}), whose results stand; set from_stage to \
             `{present}` to recuse from the present stage on"
        ),
        format!(
            "Evaluator sudah menilai usulan ini pada tahap yang sudah ditutup ({closed}) dan hasil tahap itu tetap; isi \
             from_stage dengan `{present}` untuk mundur mulai tahap yang sedang berjalan"
        ),
    )
}
