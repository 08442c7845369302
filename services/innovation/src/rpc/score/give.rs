//! Stores or replaces the caller's own score of an entry.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults, text},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    domain::{
        entry::{State, wrong_state},
        round::{Stage, StageKind},
        scoring,
    },
    rpc::{access::require_evaluator, once::once},
    store::{
        Lock,
        entry::{Stored, entry_get},
        recusal::recused,
        round::{self, round_get},
        score::{Score, score_save_in_txn},
    },
};

/// A score, whose points are not checked against the parts of the stage yet.
#[derive(Debug, Clone)]
pub struct Give {
    once: IdempotencyKey,
    name: name::Entry,
    /// Points, in the order given.
    parts: Vec<(String, i64)>,
    remark: String,
}

impl Command for Give {
    type App = Context;
    type Message = v1::ScoreEntryRequest;
    type Answer = v1::ScoreEntryResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.ScoreEntry", &message.request_id, &message));
        let name = faults.take(request::name("entry", &message.entry));
        let remark = faults.take(text::lines("remark", &message.remark, 0, 2000));
        if message.parts.is_empty() || message.parts.len() > 50 {
            faults.add("parts", "must be 1 to 50", "harus 1 sampai 50 bagian");
        }
        let parts = message.parts.into_iter();
        let parts = parts.map(|p| (p.part, i64::from(p.points))).collect();
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                parts,
                remark: remark?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    /// The round gets a shared lock, so that it cannot advance meanwhile and evaluators do not wait for each other.
    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let caller = work.caller;
        let locked = round_get(work.txn, &self.name.round, Lock::Share).await?;
        let round = found(locked, &self.name.round)?;
        require_scorer(caller, &round)?;
        let entry = found(entry_get(work.txn, &self.name, Lock::None).await?, &self.name)?;
        let stage = round.round.scored_stage(&round.name, &round.stage)?;
        check_evaluator(caller, &round, stage, &entry)?;
        if recused(work.txn, entry.id, caller.subject()).await? {
            return Err(conflict(&entry));
        }
        let opens = round.round.window(&stage.key).and_then(|window| window.open);
        if opens.is_some_and(|open| work.now() < open) {
            return Err(Failure::new(
                Kind::Precondition,
                "STAGE_NOT_OPEN",
                format!("the stage {} has not opened yet", stage.key),
                "Tahap penilaian ini belum dibuka",
            ));
        }
        if entry.state != State::Competing {
            return Err(wrong_state(entry.state));
        }
        let parts = round.round.rules.scored_parts(stage, &entry.proposal.group);
        let score = Score {
            stage: stage.key.clone(),
            evaluator: caller.subject().to_owned(),
            points: scoring::points(parts, self.parts)?,
            remark: self.remark,
            scored_at: micros(work.now()),
            recused: false,
        };
        score_save_in_txn(work.txn, entry.id, &score).await?;
        Ok(v1::ScoreEntryResponse {
            score: Some(message::score(&score, parts, "")),
        })
    }
}

/// Succeeds for callers who may score in the current stage: in a public stage the systems that submit the scores of
/// citizens (`intake`), and evaluators; otherwise evaluators.
fn require_scorer(caller: &Caller, round: &round::Stored) -> Result<(), Failure> {
    let stage = round.round.rules.stage(&round.stage);
    match stage.map(|s| s.kind) {
        Some(StageKind::PublicScoring) => caller.require_role(&[Role::Intake, Role::Evaluator]),
        _ => require_evaluator(caller),
    }
}

/// Fails for an evaluator of the entry's agency, by the token or by the panel, and outside of a public stage for
/// evaluators who are not on the panel.
fn check_evaluator(
    caller: &Caller,
    round: &round::Stored,
    stage: &Stage,
    entry: &Stored,
) -> Result<(), Failure> {
    let agency = &entry.unit.agency;
    if caller.names(agency) || caller.require(&[Role::Operator], agency).is_ok() {
        return Err(conflict(entry));
    }
    if stage.kind == StageKind::PublicScoring {
        return Ok(());
    }
    let mut panel = round.round.panel.iter();
    let member = panel
        .find(|m| m.subject == caller.subject())
        .filter(|m| m.stages.is_empty() || m.stages.contains(&stage.key));
    let Some(member) = member else {
        return Err(Failure::new(
            Kind::Denied,
            "NOT_ON_PANEL",
            format!("{} is not on the panel of this stage", caller.subject()),
            "Anda bukan evaluator pada tahap ini",
        ));
    };
    if member.agency == *agency {
        return Err(conflict(entry));
    }
    Ok(())
}

fn conflict(entry: &Stored) -> Failure {
    Failure::new(
        Kind::Precondition,
        "CONFLICT_OF_INTEREST",
        format!("the evaluator may not score {}", entry.name),
        "Evaluator mempunyai benturan kepentingan dengan usulan ini",
    )
}
