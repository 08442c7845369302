//! Plans an improvement of an indicator.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind},
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

/// Maximum number of actions of one assessment, because the list is not paged.
const ACTIONS_MAX: i64 = 1000;

/// A new action.
#[derive(Debug)]
pub struct Create(Submission<pb::Action>);

/// The row of an open action. Fields that the service sets are ignored.
impl Submitted for pb::Action {
    type Valid = Action;

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

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        self.0.idempotency_key()
    }

    async fn work(mut self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let name = &self.0.name;
        let cycle = cycle_get(work.txn, &name.cycle.cycle).await?;
        let assessed = target::lock_same_version(work.txn, cycle, name).await?;
        let mut action = self.0.validate(&assessed)?;
        let (cycle_id, unit) = (assessed.cycle.id, &self.0.name.unit);
        action.number = action_next_in_txn(work.txn, cycle_id, unit).await?;
        action.created_at = micros(work.now());
        if action.number > ACTIONS_MAX {
            return Err(Failure::new(
                Kind::Precondition,
                "TOO_MANY_ACTIONS",
                format!("an assessment has at most {ACTIONS_MAX} actions"),
                format!("satu penilaian paling banyak memiliki {ACTIONS_MAX} rencana aksi"),
            ));
        }
        action_insert_in_txn(work.txn, &action).await?;
        Ok(message::action(action))
    }
}
