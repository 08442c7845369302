//! Stores levels that an evaluator gives a unit (F-02); each replaces the one that this evaluator gave before.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::Faults,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::{
    judge,
    levels::{Level, Levels},
    message,
};
use crate::{
    domain::{cycle::Stage, judging::Act},
    rpc::{once, submission::Submission, target},
    store::{Evaluation, evaluations_save_in_txn},
};

/// Levels of an evaluator, unchecked.
#[derive(Debug)]
pub struct Evaluate(Submission<Levels>);

impl Command for Evaluate {
    type App = Context;
    type Message = pb::SubmitEvaluationRequest;
    type Answer = pb::Assessment;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once(
            "index.SubmitEvaluation",
            &message.request_id,
            &message,
            &mut faults,
        );
        let given = message.evaluations.into_iter().map(|given| Level {
            indicator: given.indicator,
            level: given.level,
            note: given.note,
        });
        let levels = Levels {
            field: "evaluations",
            given: given.collect(),
        };
        Submission::parse(once, faults, &message.assessment, levels).map(Self)
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.0.idempotency_key()
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let (mut assessed, levels) = self.0.lock(work).await?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::Evaluation, now)?;
        judge::check(work, &assessed, Act::Evaluate).await?;
        let row = |given: Level| Evaluation {
            cycle_id: assessed.row.cycle_id,
            agency: assessed.row.agency.clone(),
            unit: assessed.row.unit.clone(),
            indicator: given.indicator,
            evaluator: work.caller.subject().to_owned(),
            level: given.level.into(),
            note: given.note,
            updated_at: now,
        };
        evaluations_save_in_txn(work.txn, levels.into_iter().map(row)).await?;
        target::recompute(work, &mut assessed).await?;
        message::assessment(work.txn, &assessed).await
    }
}
