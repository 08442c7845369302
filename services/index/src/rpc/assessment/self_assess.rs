//! Stores levels that a unit gives itself (F-01). They are shown to evaluators and do not count in the index.

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
    levels::{Level, Levels},
    message,
};
use crate::{
    domain::cycle::Stage,
    rpc::{once, submission::Submission, target},
    store::{SelfAssessor, SelfLevel, self_assessor_save_in_txn, self_levels_save_in_txn},
};

/// Levels of the unit itself, unchecked.
#[derive(Debug)]
pub struct SelfAssess(Submission<Levels>);

impl Command for SelfAssess {
    type App = Context;
    type Message = pb::SubmitSelfAssessmentRequest;
    type Answer = pb::Assessment;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once(
            "index.SubmitSelfAssessment",
            &message.request_id,
            &message,
            &mut faults,
        );
        let given = message.levels.into_iter().map(|given| Level {
            indicator: given.indicator,
            level: given.level,
            note: given.note,
        });
        let levels = Levels {
            field: "levels",
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
        assessed.cycle.check(Stage::SelfAssessment, now)?;
        let (cycle_id, name) = (assessed.cycle.id, assessed.row.unit_name());
        let row = |given: Level| SelfLevel {
            cycle_id,
            agency: name.agency.clone(),
            unit: name.unit.clone(),
            indicator: given.indicator,
            level: given.level.into(),
            note: given.note,
            updated_at: now,
        };
        self_levels_save_in_txn(work.txn, levels.into_iter().map(row)).await?;
        let assessor = SelfAssessor {
            cycle_id,
            agency: name.agency,
            unit: name.unit,
            subject: work.caller.subject().to_owned(),
        };
        self_assessor_save_in_txn(work.txn, assessor).await?;
        target::save(work, &mut assessed, now).await?;
        message::assessment(work.txn, &assessed).await
    }
}
