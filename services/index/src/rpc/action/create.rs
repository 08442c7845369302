//! Plans an improvement of an indicator.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, Once, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    domain::field,
    rpc::target,
    store::{
        action::{Row, action_insert_in_txn, action_next_in_txn},
        cycle::cycle_get,
    },
};

/// Shortest and longest description, characters.
const DESCRIPTION: (usize, usize) = (5, 500);
/// Longest name of an office, characters.
const OWNER_MAX: usize = 200;
/// Actions of one assessment at most; lists are whole.
const MOST: i64 = 1000;

/// A new action, whose faults are told once its assessment is known.
#[derive(Debug)]
pub struct Create {
    once: Option<Once>,
    name: name::Assessment,
    action: pb::Action,
    faults: Faults,
}

impl Command for Create {
    type App = Context;
    type Message = pb::CreateActionRequest;
    type Answer = pb::Action;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        let once = id.map(|id| Once::new("index.CreateAction", &id, &message));
        let name = faults.take(field::assessment("assessment", &message.assessment));
        let action = message.action.unwrap_or_default();
        let Some(name) = name else {
            check(action, |indicator| !indicator.is_empty(), &mut faults);
            return Err(faults.refused());
        };
        Ok(Self {
            once,
            name,
            action,
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
        let cycle = cycle_get(work.txn, &self.name.cycle.cycle).await?;
        let cycle = found(cycle, &self.name.cycle)?;
        let assessed = target::hold(work.txn, cycle, &self.name).await?;
        let action = check(self.action, |indicator| assessed.has(indicator), &mut self.faults);
        let mut action = self.faults.settle(Some(action))?;
        let (cycle_id, unit) = (assessed.cycle.id, &self.name.unit);
        action.number = action_next_in_txn(work.txn, cycle_id, unit).await?;
        if action.number > MOST {
            return Err(Failure::new(
                Kind::Precondition,
                "TOO_MANY_ACTIONS",
                format!("an assessment has at most {MOST} actions"),
                format!("satu penilaian paling banyak memiliki {MOST} rencana aksi"),
            ));
        }
        action_insert_in_txn(work.txn, cycle_id, unit, &action, micros(work.now())).await?;
        Ok(message::action(action))
    }
}

/// The row of an action that is open. What the service sets is ignored.
fn check(given: pb::Action, has: impl FnOnce(&str) -> bool, faults: &mut Faults) -> Row {
    faults.take(field::indicator("action.indicator", has(&given.indicator)));
    let (least, most) = DESCRIPTION;
    let description = field::lines("action.description", given.description, least, most);
    let description = faults.or_default(description);
    let owner = faults.or_default(field::lines("action.owner", given.owner, 1, OWNER_MAX));
    faults.take(field::day("action.due_date", &given.due_date));
    Row {
        number: 0,
        indicator: given.indicator,
        description,
        owner,
        due_date: given.due_date,
        done_date: String::new(),
        note: String::new(),
    }
}
