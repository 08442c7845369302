//! Takes levels that an evaluator gives a unit (F-02), each in place of that evaluator's one before.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, Once, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    judge,
    levels::{self, Level},
    message,
};
use crate::{
    derived::recompute_in_txn,
    domain::{cycle::Stage, field, judging::Act},
    rpc::target,
    store::{
        assessment::assessment_save_in_txn,
        level::{Evaluation, evaluations_save_in_txn},
    },
};

/// Levels, whose faults are told once their form is known.
#[derive(Debug)]
pub struct Evaluate {
    once: Option<Once>,
    name: name::Assessment,
    given: Vec<Level>,
    faults: Faults,
}

impl Command for Evaluate {
    type App = Context;
    type Message = pb::SubmitEvaluationRequest;
    type Answer = pb::Assessment;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        let once = id.map(|id| Once::new("index.SubmitEvaluation", &id, &message));
        let name = faults.take(field::assessment("assessment", &message.assessment));
        let given: Vec<Level> = message.evaluations.into_iter().map(level).collect();
        let Some(name) = name else {
            levels::check(FIELD, &given, None, &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            once,
            name,
            given,
            faults,
        })
    }

    fn once(&self) -> Option<Once> {
        self.once.clone()
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Evaluator], &self.name.unit.agency)
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let mut assessed = target::lock(work, &self.name).await?;
        levels::check(FIELD, &self.given, Some(&assessed), &mut self.faults);
        let given = self.faults.settle(Some(self.given))?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::Evaluation, now)?;
        judge::check(work, &assessed, Act::Evaluate).await?;
        let row = |given: Level| Evaluation {
            indicator: given.indicator,
            evaluator: work.caller.subject().to_owned(),
            level: given.level.into(),
            note: given.note,
            updated_at: now,
        };
        let rows: Vec<Evaluation> = given.into_iter().map(row).collect();
        evaluations_save_in_txn(work.txn, assessed.cycle.id, &self.name.unit, &rows).await?;
        assessed.row.updated_at = now;
        assessment_save_in_txn(work.txn, &assessed.row).await?;
        let locked = std::slice::from_mut(&mut assessed);
        let states = recompute_in_txn(work.txn, &work.app.clock, locked, false).await?;
        states.into_iter().for_each(|state| work.stage(state));
        message::assessment(work.txn, &assessed).await
    }
}

const FIELD: &str = "evaluations";

fn level(given: pb::Evaluation) -> Level {
    Level {
        indicator: given.indicator,
        level: given.level,
        note: given.note,
    }
}
