//! Records that an action was completed. Repeating the same completion succeeds without a change.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name, zone::day_of_agency};

use super::message;
use crate::{
    domain::{field, text},
    rpc::target,
    store::{action_complete_in_txn, action_get, cycle_get},
};

/// A completed action. Its faults are reported once its assessment is known.
#[derive(Debug)]
pub struct Complete {
    name: name::Assessment,
    number: i64,
    done_date: String,
    note: String,
    faults: Faults,
}

impl Command for Complete {
    type App = Context;
    type Message = pb::CompleteActionRequest;
    type Answer = pb::Action;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let name = faults.take(request::name::<name::Assessment>(
            "assessment",
            &message.assessment,
        ));
        let agency = name.as_ref().map_or("", |name| name.unit.agency.as_str());
        let today = day_of_agency(agency, now);
        faults.take(field::number("number", message.number));
        faults.take(request::past_day("done_date", &message.done_date, today));
        let note = faults.or_default(text::DONE.check("note", &message.note));
        let Some(name) = name else {
            return Err(faults.refused());
        };
        Ok(Self {
            name,
            number: message.number,
            done_date: message.done_date,
            note,
            faults,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let (name, number) = (&self.name, self.number);
        let cycle = cycle_get(work.txn, &name.cycle.cycle).await?;
        let assessed = target::lock_same_version(work.txn, cycle, name).await?;
        self.faults.settle(Some(()))?;
        let action = action_get(work.txn, assessed.cycle.id, &name.unit, number).await?;
        let mut action = found(action, format!("action {number} of {name}"))?;
        if !action.done_date.is_empty() {
            if (&action.done_date, &action.note) == (&self.done_date, &self.note) {
                return Ok(message::action(action));
            }
            return Err(Failure::new(
                Kind::Precondition,
                "ACTION_DONE",
                format!("action {number} was done on {}", action.done_date),
                format!(
                    "rencana aksi nomor {number} sudah selesai pada {}",
                    action.done_date
                ),
            ));
        }
        action.done_date = self.done_date;
        action.note = self.note;
        action_complete_in_txn(work.txn, &action).await?;
        Ok(message::action(action))
    }
}
