//! Opens a competition round.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    domain::{round::Round, round_check},
    rpc::once::once,
    store::round::{Stored, round_insert_in_txn},
};

/// A new round, whose definition is not checked yet.
#[derive(Debug, Clone)]
pub struct Open {
    once: IdempotencyKey,
    name: name::Round,
    round: Round,
}

impl Command for Open {
    type App = Context;
    type Message = v1::OpenRoundRequest;
    type Answer = v1::OpenRoundResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.OpenRound", &message.request_id, &message));
        let id = faults.take(request::new_id("round_id", &message.round_id, name::id));
        let Some(given) = faults.required("round", message.round) else {
            return Err(faults.refused());
        };
        let round = message::parse(given, &message.template, &mut faults);
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name::Round { round: id? },
                round,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        Failure::check(round_check::faults(&self.round))?;
        let now = micros(work.now());
        let first = self.round.rules.stages.first();
        let stored = Stored {
            id: 0,
            name: self.name,
            stage: first.map(|stage| stage.key.clone()).unwrap_or_default(),
            round: self.round,
            stage_at: now,
            announced: false,
            created_at: now,
        };
        if round_insert_in_txn(work.txn, &stored).await?.is_none() {
            return Err(Failure::already_exists(&stored.name.to_string()));
        }
        Ok(v1::OpenRoundResponse {
            round: Some(message::round(&stored, true)),
        })
    }
}
