//! Takes levels that a unit gives itself (F-01); they explain, and count nowhere.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, Once, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    levels::{self, Level},
    message,
};
use crate::{
    domain::{cycle::Stage, field},
    rpc::target,
    store::{
        assessment::assessment_save_in_txn,
        level::{SelfLevel, self_assessor_save_in_txn, self_levels_save_in_txn},
    },
};

/// Levels, whose faults are told once their form is known.
#[derive(Debug)]
pub struct SelfAssess {
    once: Option<Once>,
    name: name::Assessment,
    given: Vec<Level>,
    faults: Faults,
}

impl Command for SelfAssess {
    type App = Context;
    type Message = pb::SubmitSelfAssessmentRequest;
    type Answer = pb::Assessment;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        let once = id.map(|id| Once::new("index.SubmitSelfAssessment", &id, &message));
        let name = faults.take(field::assessment("assessment", &message.assessment));
        let given: Vec<Level> = message.levels.into_iter().map(level).collect();
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
        caller.require(target::UNIT, &self.name.unit.agency)
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let mut assessed = target::lock(work, &self.name).await?;
        levels::check(FIELD, &self.given, Some(&assessed), &mut self.faults);
        let given = self.faults.settle(Some(self.given))?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::SelfAssessment, now)?;
        let (cycle_id, unit) = (assessed.cycle.id, &self.name.unit);
        let rows: Vec<SelfLevel> = given.into_iter().map(row).collect();
        self_levels_save_in_txn(work.txn, cycle_id, unit, &rows, now).await?;
        self_assessor_save_in_txn(work.txn, cycle_id, unit, work.caller.subject()).await?;
        assessed.row.updated_at = now;
        assessment_save_in_txn(work.txn, &assessed.row).await?;
        message::assessment(work.txn, &assessed).await
    }
}

const FIELD: &str = "levels";

fn level(given: pb::SelfLevel) -> Level {
    Level {
        indicator: given.indicator,
        level: given.level,
        note: given.note,
    }
}

fn row(given: Level) -> SelfLevel {
    SelfLevel {
        indicator: given.indicator,
        level: given.level.into(),
        note: given.note,
    }
}
