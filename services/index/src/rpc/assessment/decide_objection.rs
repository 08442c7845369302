//! Decides an objection, once: with the level that counts from then on, or none when it is rejected. The same decision
//! again is the first one repeated.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, Once, Work},
    failure::{Failure, Kind, found},
    request::Faults,
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    judge,
    levels::{self, REASON_MIN, TEXT_MAX},
    message,
};
use crate::{
    derived::{Assessed, recompute_in_txn},
    domain::{field, judging::Act},
    rpc::target,
    store::{
        assessment::{assessment_lock_in_txn, assessment_save_in_txn},
        cycle::cycle_share_in_txn,
        level::{Objection, evaluations, objection_decide_in_txn, objections},
    },
};

/// A decision, whose faults are told once the instrument is known.
#[derive(Debug)]
pub struct DecideObjection {
    name: name::Assessment,
    given: pb::DecideObjectionRequest,
    faults: Faults,
}

impl Command for DecideObjection {
    type App = Context;
    type Message = pb::DecideObjectionRequest;
    type Answer = pb::Objection;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let name = faults.take(field::assessment("assessment", &message.assessment));
        let Some(name) = name else {
            check(&message, None, &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            name,
            given: message,
            faults,
        })
    }

    fn once(&self) -> Option<Once> {
        None
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Evaluator], &self.name.unit.agency)
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let name = self.name;
        // A decision that is only repeated takes no version.
        let cycle = cycle_share_in_txn(work.txn, &name.cycle.cycle).await?;
        let cycle = found(cycle, &name.cycle)?;
        let mut assessed = target::hold(work.txn, cycle, &name).await?;
        check(&self.given, Some(&assessed), &mut self.faults);
        let given = self.faults.settle(Some(self.given))?;
        assessed.cycle.check_open()?;
        let (number, level) = (given.number, given.level.map(i64::from));
        let (cycle_id, unit) = (assessed.cycle.id, &name.unit);
        let mut all = objections(work.txn, cycle_id, unit).await?.into_iter();
        let objection = all.find(|o| o.number == number);
        let mut objection = found(objection, format!("objection {number} of {name}"))?;
        let givers = givers(work, &assessed, &objection).await?;
        judge::check(work, &assessed, Act::Decide(&givers)).await?;
        if objection.decided_at.is_some() {
            if (objection.level, &objection.decision) == (level, &given.decision) {
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
        objection.decision = given.decision;
        work.caller.subject().clone_into(&mut objection.decider);
        objection.decided_at = Some(now);
        objection_decide_in_txn(work.txn, cycle_id, unit, &objection).await?;
        assessed.row.updated_at = now;
        assessment_save_in_txn(work.txn, &assessed.row).await?;
        let locked = std::slice::from_mut(&mut assessed);
        let states = recompute_in_txn(work.txn, &work.app.clock, locked, false).await?;
        states.into_iter().for_each(|state| work.stage(state));
        Ok(message::objection(&objection))
    }
}

fn check(given: &pb::DecideObjectionRequest, of: Option<&Assessed>, faults: &mut Faults) {
    faults.take(field::number("number", given.number));
    if let Some(level) = given.level {
        levels::level("level", level, of, faults);
    }
    if given.granted != given.level.is_some() {
        faults.add(
            "level",
            "must be given when granted, and only then",
            "harus diisi bila dikabulkan, dan hanya bila dikabulkan",
        );
    }
    let decision = given.decision.clone();
    faults.take(field::lines("decision", decision, REASON_MIN, TEXT_MAX));
}

/// Evaluators who gave the level that an objection is against.
async fn givers(
    work: &Work<'_, Context>,
    assessed: &Assessed,
    objection: &Objection,
) -> Result<BTreeSet<String>, Failure> {
    let given = evaluations(work.txn, assessed.cycle.id, &assessed.row.unit_name()).await?;
    let against = given.into_iter().filter(|e| e.indicator == objection.indicator);
    Ok(against.map(|e| e.evaluator).collect())
}
