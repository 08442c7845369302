//! Takes a decision on an entry, which moves it to another state.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    db::Txn,
    failure::{Failure, Kind, found},
    request::{self, Faults, text},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::{
    eligibility::failed_rules,
    message::{self, DECISION},
};
use crate::{
    derived::portfolio,
    domain::{
        contest::Outcome,
        eligibility,
        entry::{Actor, Decision, State},
        round::{AGENCY_LIMIT, StageKind},
    },
    rpc::{
        access::{require_agency_admin, require_ministry, require_unit, require_visible},
        once::once,
    },
    store::{
        Lock,
        entry::{Stored, entry_get, entry_save_in_txn},
        round::{self, round_get},
        stage_result::{results_of, results_save_in_txn},
    },
};

/// A decision on an entry.
#[derive(Debug, Clone)]
pub struct Review {
    once: IdempotencyKey,
    name: name::Entry,
    decision: Decision,
    note: String,
    /// Causes of a rejection.
    causes: Vec<String>,
}

impl Command for Review {
    type App = Context;
    type Message = v1::ReviewEntryRequest;
    type Answer = v1::ReviewEntryResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.ReviewEntry", &message.request_id, &message));
        let name = faults.take(request::name("name", &message.name));
        let decision = DECISION.required("decision", message.decision, message::parse_decision);
        let decision = faults.take(decision);
        let least = usize::from(decision == Some(Decision::Return));
        let note = faults.take(text::lines("note", &message.note, least, 2000));
        let causes = message.causes;
        if causes.len() > 50 || (!causes.is_empty() && decision != Some(Decision::Reject)) {
            faults.add(
                "causes",
                "must be at most 50, and of a rejection",
                "paling banyak 50, dan hanya untuk penolakan",
            );
        }
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                decision: decision?,
                note: note?,
                causes,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = round_get(work.txn, &self.name.round, Lock::Share).await?;
        let round = found(locked, &self.name.round)?;
        let locked = entry_get(work.txn, &self.name, Lock::Update).await?;
        let mut stored = found(locked, &self.name)?;
        let agency = &stored.unit.agency;
        require_visible(work.caller, agency, &self.name)?;
        match self.decision.actor() {
            Actor::Unit => require_unit(work.caller, agency)?,
            Actor::Agency => require_agency_admin(work.caller, agency)?,
            Actor::Ministry => require_ministry(work.caller)?,
        }
        match self.decision.stage() {
            StageKind::Screening => check_screening(work.txn, &round, &stored).await?,
            StageKind::Submission | StageKind::Scoring | StageKind::PublicScoring => {
                round
                    .round
                    .check_submission(&round.name, &round.stage, work.now())?;
            }
        }
        let next = self.decision.apply(stored.state)?;
        let failed = failed_rules(work.txn, &round.round, &stored).await?;
        if self.decision == Decision::Pass && !failed.is_empty() {
            return Err(eligibility::not_eligible(&failed));
        }
        // Nothing that the unit can still change would cure this, so it is refused before anything is submitted.
        let over: Vec<_> = failed
            .iter()
            .filter(|f| f.rule == AGENCY_LIMIT)
            .cloned()
            .collect();
        if self.decision == Decision::Submit && !over.is_empty() {
            return Err(eligibility::not_eligible(&over));
        }
        if self.decision == Decision::Reject {
            stored.causes = eligibility::causes(&round.round.rules, &failed, self.causes)?;
        }
        stored.state = next;
        stored.state_at = micros(work.now());
        if self.decision == Decision::Submit {
            stored.submitted_at = stored.state_at;
        }
        stored.note = self.note;
        stored.version = work.next_version(stored.version);
        entry_save_in_txn(work.txn, &stored).await?;
        if self.decision.stage() == StageKind::Screening {
            let number = round.round.rules.position(&round.stage);
            let (name, group) = (stored.name.to_string(), stored.proposal.group.clone());
            let outcome = Outcome::screened(name, group, next == State::Competing);
            results_save_in_txn(work.txn, &round.stage, number, &[(stored.id, &outcome)]).await?;
        }
        portfolio::recompute(work, &portfolio::keys(&stored.unit, [stored.year])).await?;
        let mut entry = message::entry(&stored, true);
        if next.is_live() {
            entry.failed_rules = message::failed_rules(&failed);
        }
        Ok(v1::ReviewEntryResponse { entry: Some(entry) })
    }
}

/// The round must be in a stage of screening, and the entry undecided in it.
async fn check_screening(txn: &Txn, round: &round::Stored, stored: &Stored) -> Result<(), Failure> {
    let stage = round.round.rules.stage(&round.stage);
    if stage.is_none_or(|s| s.kind != StageKind::Screening) {
        return Err(Failure::new(
            Kind::Precondition,
            "NOT_SCREENING",
            format!("{} is not in a stage of screening", round.name),
            "Kompetisi tidak sedang dalam tahap seleksi administrasi",
        ));
    }
    let results = results_of(txn, &[stored.id]).await?;
    if results.values().flatten().any(|r| r.stage == round.stage) {
        return Err(Failure::new(
            Kind::Precondition,
            "ALREADY_DECIDED",
            format!("{} has been decided in this stage", stored.name),
            "Usulan ini sudah diputuskan pada tahap ini",
        ));
    }
    Ok(())
}
