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
use prima_proto::index::v1 as pb;

use super::message;
use crate::{
    derived::Assessed,
    domain::text,
    rpc::{
        once,
        submission::{Submission, Submitted, check_indicator},
        target,
    },
    store::{Action, action_insert_in_txn, action_next_in_txn, cycle_get},
};

/// Actions of one assessment at most; lists are whole.
const MOST: i64 = 1000;

/// A new action.
#[derive(Debug)]
pub struct Create(Submission<pb::Action>);

/// The row of an action that is open. What the service sets is ignored.
impl Submitted for pb::Action {
    type Sound = Action;

    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Action> {
        check_indicator("action.indicator", &self.indicator, of, faults);
        let description = faults.take(text::PLAN.check("action.description", &self.description));
        let owner = faults.take(text::OWNER.check("action.owner", &self.owner));
        let due = faults.take(request::day("action.due_date", &self.due_date));
        let row = &of?.row;
        Some(Action {
            cycle_id: row.cycle_id,
            agency: row.agency.clone(),
            unit: row.unit.clone(),
            number: 0,
            indicator: self.indicator.clone(),
            description: description?,
            owner: owner?,
            due_date: due?.to_string(),
            done_date: String::new(),
            note: String::new(),
            created_at: 0,
        })
    }
}

impl Command for Create {
    type App = Context;
    type Message = pb::CreateActionRequest;
    type Answer = pb::Action;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once("index.CreateAction", &message.request_id, &message, &mut faults);
        let action = message.action.unwrap_or_default();
        Submission::parse(once, faults, &message.assessment, action).map(Self)
    }

    fn once(&self) -> Option<Once> {
        self.0.once()
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        self.0.allow(caller, target::UNIT)
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let name = &self.0.name;
        let cycle = found(cycle_get(work.txn, &name.cycle.cycle).await?, &name.cycle)?;
        let assessed = target::hold(work.txn, cycle, name).await?;
        let mut action = self.0.sound(&assessed)?;
        let (cycle_id, unit) = (assessed.cycle.id, &self.0.name.unit);
        action.number = action_next_in_txn(work.txn, cycle_id, unit).await?;
        action.created_at = micros(work.now());
        if action.number > MOST {
            return Err(Failure::new(
                Kind::Precondition,
                "TOO_MANY_ACTIONS",
                format!("an assessment has at most {MOST} actions"),
                format!("satu penilaian paling banyak memiliki {MOST} rencana aksi"),
            ));
        }
        action_insert_in_txn(work.txn, &action).await?;
        Ok(message::action(action))
    }
}
