//! Decides an objection with the level that counts from then on, or with none when it is rejected. Repeating the same
//! decision succeeds without a change.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::Faults,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::{judge, levels, message};
use crate::{
    derived::Assessed,
    domain::{field, judging::Act, text},
    rpc::{
        submission::{Submission, Submitted},
        target,
    },
    store::{
        Objection, assessment_lock_in_txn, cycle_share_in_txn, evaluations, objection_save_in_txn, objections,
    },
};

/// A decision, unchecked.
#[derive(Debug)]
pub struct DecideObjection(Submission<pb::DecideObjectionRequest>);

/// A checked decision.
pub struct Decision {
    /// Number of the objection.
    number: i64,
    /// Level that counts from then on; `None` when the objection is rejected.
    level: Option<i64>,
    /// Reason.
    reason: String,
}

impl Submitted for pb::DecideObjectionRequest {
    type Valid = Decision;

    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Decision> {
        let number = faults.take(field::number("number", self.number));
        let level = self.level.map(|level| levels::level("level", level, of, faults));
        if self.granted != level.is_some() {
            faults.add(
                "level",
                "must be given when granted, and only then",
                "harus diisi bila dikabulkan, dan hanya bila dikabulkan",
            );
        }
        let reason = faults.take(text::REASON.check("decision", &self.decision));
        Some(Decision {
            number: number?,
            level: level.map(i64::from),
            reason: reason?,
        })
    }
}

impl Command for DecideObjection {
    type App = Context;
    type Message = pb::DecideObjectionRequest;
    type Answer = pb::Objection;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let name = message.assessment.clone();
        Submission::parse(None, Faults::default(), &name, message).map(Self)
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.0.idempotency_key()
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let name = self.0.name.clone();
        // The row is locked without taking a version, because a repeated decision must not take one.
        let cycle = cycle_share_in_txn(work.txn, &name.cycle.cycle).await?;
        let mut assessed = target::lock_same_version(work.txn, cycle, &name).await?;
        let Decision {
            number,
            level,
            reason,
        } = self.0.validate(&assessed)?;
        assessed.cycle.check_open()?;
        let (cycle_id, unit) = (assessed.cycle.id, &name.unit);
        let mut all = objections(work.txn, cycle_id, unit).await?.into_iter();
        let objection = all.find(|o| o.number == number);
        let mut objection = found(objection, format!("objection {number} of {name}"))?;
        let givers = givers(work, &assessed, &objection).await?;
        judge::check(work, &assessed, Act::Decide(&givers)).await?;
        if objection.decided_at.is_some() {
            if (objection.level, &objection.decision) == (level, &reason) {
                return Ok(message::objection(&objection));
            }
            return Err(Failure::new(
                Kind::Precondition,
                "OBJECTION_DECIDED",
                format!("objection {number} is decided"),
                format!("sanggah nomor {number} sudah diputuskan"),
            ));
        }
        let now = work.now();
        let row = assessment_lock_in_txn(work.txn, cycle_id, unit, now.timestamp_millis()).await?;
        assessed.row = found(row, &name)?;
        let now = micros(now);
        objection.granted = i64::from(level.is_some());
        objection.level = level;
        objection.decision = reason;
        work.caller.subject().clone_into(&mut objection.decider);
        objection.decided_at = Some(now);
        objection_save_in_txn(work.txn, &objection).await?;
        target::recompute(work, &mut assessed).await?;
        Ok(message::objection(&objection))
    }
}

/// The evaluators who gave the contested level.
async fn givers(
    work: &Work<'_, Context>,
    assessed: &Assessed,
    objection: &Objection,
) -> Result<BTreeSet<String>, Failure> {
    let given = evaluations(work.txn, assessed.cycle.id, &assessed.row.unit_name()).await?;
    let against = given.into_iter().filter(|e| e.indicator == objection.indicator);
    Ok(against.map(|e| e.evaluator).collect())
}
