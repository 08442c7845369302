//! Files an objection to the level of one indicator.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, Once, Work},
    failure::{Failure, Kind},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    levels::{REASON_MIN, TEXT_MAX},
    message,
};
use crate::{
    domain::{cycle::Stage, field},
    rpc::target,
    store::{
        assessment::assessment_save_in_txn,
        level::{Objection, objection_insert_in_txn, objections},
    },
};

/// An objection, whose faults are told once the form is known.
#[derive(Debug)]
pub struct FileObjection {
    once: Option<Once>,
    name: name::Assessment,
    indicator: String,
    reason: String,
    faults: Faults,
}

impl Command for FileObjection {
    type App = Context;
    type Message = pb::FileObjectionRequest;
    type Answer = pb::Objection;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        let once = id.map(|id| Once::new("index.FileObjection", &id, &message));
        let name = faults.take(field::assessment("assessment", &message.assessment));
        let Some(name) = name else {
            check_reason(message.reason, &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            once,
            name,
            indicator: message.indicator,
            reason: message.reason,
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
        let has = assessed.has(&self.indicator);
        self.faults.take(field::indicator("indicator", has));
        let reason = check_reason(self.reason, &mut self.faults);
        let reason = self.faults.settle(Some(reason))?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::Objection, now)?;
        let indicator = self.indicator;
        if !assessed.row.read_inputs()?.levels.contains_key(&indicator) {
            return Err(Failure::new(
                Kind::Precondition,
                "NO_LEVEL",
                format!("{indicator} has no level yet"),
                format!("{indicator} belum memiliki tingkat"),
            ));
        }
        let (cycle_id, unit) = (assessed.cycle.id, &self.name.unit);
        let before = objections(work.txn, cycle_id, unit).await?;
        let open = |o: &Objection| o.indicator == indicator && o.decided_at.is_none();
        if before.iter().any(open) {
            return Err(Failure::already_exists(&format!(
                "an open objection to {indicator}"
            )));
        }
        let objection = Objection {
            number: before.last().map_or(0, |o| o.number) + 1,
            indicator,
            reason,
            actor: work.caller.subject().to_owned(),
            created_at: now,
            granted: 0,
            level: None,
            decision: String::new(),
            decider: String::new(),
            decided_at: None,
        };
        objection_insert_in_txn(work.txn, cycle_id, unit, &objection).await?;
        assessed.row.updated_at = now;
        assessment_save_in_txn(work.txn, &assessed.row).await?;
        Ok(message::objection(&objection))
    }
}

fn check_reason(reason: String, faults: &mut Faults) -> String {
    faults.or_default(field::lines("reason", reason, REASON_MIN, TEXT_MAX))
}
