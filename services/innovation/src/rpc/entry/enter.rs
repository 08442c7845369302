//! Drafts an entry for an innovation.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    derived::portfolio,
    domain::entry::{Proposal, State},
    rpc::once::once,
    store::{
        Lock,
        entry::{Stored, entry_insert_in_txn},
        innovation::innovation_get,
        round::round_get,
    },
};

/// A new entry; its proposal is not checked against the rules of the round yet.
#[derive(Debug, Clone)]
pub struct Enter {
    once: IdempotencyKey,
    round: name::Round,
    innovation: name::Innovation,
    proposal: Proposal,
}

impl Command for Enter {
    type App = Context;
    type Message = v1::EnterRoundRequest;
    type Answer = v1::EnterRoundResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.EnterRound", &message.request_id, &message));
        let round = faults.take(request::name("round", &message.round));
        let Some(given) = faults.required("entry", message.entry) else {
            return Err(faults.refused());
        };
        let innovation = faults.take(request::name("entry.innovation", &given.innovation));
        let proposal = message::parse(given, None, &mut faults);
        faults.build(|| {
            Some(Self {
                once: once?,
                round: round?,
                innovation: innovation?,
                proposal,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = innovation_get(work.txn, &self.innovation, Lock::Share).await?;
        let innovation = found(locked, &self.innovation)?;
        let locked = round_get(work.txn, &self.round, Lock::Share).await?;
        let round = found(locked, &self.round)?;
        let now = work.now();
        round.round.check_submission(&round.name, &round.stage, now)?;
        Failure::check(self.proposal.faults(&round.round.rules))?;
        let mut stored = Stored {
            id: 0,
            name: name::Entry {
                round: self.round,
                entry: work.app.ids.next().simple().to_string(),
            },
            round_id: round.id,
            year: round.round.year,
            unit: self.innovation.unit,
            innovation_id: innovation.id,
            innovation: innovation.name.to_string(),
            title: innovation.innovation.title,
            proposal: self.proposal,
            state: State::Draft,
            state_at: micros(now),
            submitted_at: 0,
            note: String::new(),
            causes: Vec::new(),
            version: work.next_version(0),
        };
        let Some(id) = entry_insert_in_txn(work.txn, &stored).await? else {
            let what = format!("{}: entry of {}", round.name, stored.innovation);
            return Err(Failure::already_exists(&what));
        };
        stored.id = id;
        portfolio::recompute(work, &portfolio::keys(&stored.unit, [stored.year])).await?;
        Ok(v1::EnterRoundResponse {
            entry: Some(message::entry(&stored, true)),
        })
    }
}
