//! Files an objection to the level of one indicator.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind},
    request::Faults,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::message;
use crate::{
    derived::Assessed,
    domain::{cycle::Stage, text},
    rpc::{
        once,
        submission::{Submission, Submitted, check_indicator},
        target,
    },
    store::{Objection, objection_insert_in_txn, objections},
};

/// An objection.
#[derive(Debug)]
pub struct FileObjection(Submission<pb::FileObjectionRequest>);

impl Submitted for pb::FileObjectionRequest {
    /// The indicator and the reason.
    type Valid = (String, String);

    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Self::Valid> {
        if of.is_some() {
            check_indicator("indicator", &self.indicator, of, faults);
        }
        let reason = faults.take(text::REASON.check("reason", &self.reason));
        Some((self.indicator.clone(), reason?))
    }
}

impl Command for FileObjection {
    type App = Context;
    type Message = pb::FileObjectionRequest;
    type Answer = pb::Objection;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once("index.FileObjection", &message.request_id, &message, &mut faults);
        let name = message.assessment.clone();
        Submission::parse(once, faults, &name, message).map(Self)
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.0.idempotency_key()
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let (mut assessed, (indicator, reason)) = self.0.lock(work).await?;
        let now = micros(work.now());
        assessed.cycle.check(Stage::Objection, now)?;
        if !assessed.row.read_inputs()?.levels.contains_key(&indicator) {
            return Err(Failure::new(
                Kind::Precondition,
                "NO_LEVEL",
                format!("{indicator} has no level yet"),
                format!("{indicator} belum memiliki tingkat"),
            ));
        }
        let (cycle_id, unit) = (assessed.cycle.id, &assessed.row.unit_name());
        let before = objections(work.txn, cycle_id, unit).await?;
        let open = |o: &Objection| o.indicator == indicator && o.decided_at.is_none();
        if before.iter().any(open) {
            return Err(Failure::already_exists(&format!(
                "an open objection to {indicator}"
            )));
        }
        let objection = Objection {
            cycle_id,
            agency: unit.agency.clone(),
            unit: unit.unit.clone(),
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
        objection_insert_in_txn(work.txn, &objection).await?;
        target::save(work, &mut assessed, now).await?;
        Ok(message::objection(&objection))
    }
}
