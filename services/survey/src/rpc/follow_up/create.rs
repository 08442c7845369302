//! Plans one action on one element of a closed survey.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, found},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::{closing, results::survey_lock},
    domain::follow_up::{self, PLAN_MAX, Plan},
    events::publish,
    rpc::{field, still_open},
    service::App,
    store::follow_up::{FollowUp, aftermath_get, follow_up_insert_in_txn},
};

/// A new action. It is checked against the survey only when the request is not a repeat.
#[derive(Debug, Clone)]
pub struct Create {
    once: IdempotencyKey,
    name: name::FollowUp,
    plan: Plan,
}

impl Command for Create {
    type App = App;
    type Message = pb::CreateFollowUpRequest;
    type Answer = pb::FollowUp;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.CreateFollowUp", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let survey = faults.take(request::name("parent", &message.parent));
        let id = faults.take(request::new_id("follow_up_id", &message.follow_up_id, name::id));
        let given = message.follow_up.unwrap_or_default();
        let plan = Plan {
            element: given.element,
            program: given.program,
            quarter: given.quarter,
            responsible: given.responsible,
        };
        let name = survey
            .zip(id)
            .map(|(survey, follow_up)| name::FollowUp { survey, follow_up });
        let name = field::well_formed(faults, name, || follow_up::plan(&plan, None))?;
        Ok(Self { once, name, plan })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let survey = &self.name.survey;
        let mut locked = survey_lock(txn, &survey.to_string(), &work.app.rules(), now).await?;
        if let Some(stored) = &mut locked {
            let states =
                closing::when_due(txn, stored, &work.app.rules(), &work.app.context.clock, now).await?;
            states.into_iter().for_each(|state| work.stage(state));
        }
        let plan = follow_up::plan(&self.plan, locked.as_ref().map(|s| &s.survey))?;
        let stored = found(locked, survey)?;
        if stored.survey.closed_at.is_none() {
            return Err(still_open());
        }
        let known = aftermath_get(txn, &[stored.id]).await?.remove(&stored.id);
        let planned = known.unwrap_or_default().follow_ups;
        if planned.iter().any(|f| f.id == self.name.follow_up) {
            return Err(Failure::already_exists(&self.name.to_string()));
        }
        if planned.len() >= PLAN_MAX {
            return Err(full());
        }
        let new = FollowUp {
            id: self.name.follow_up.clone(),
            plan,
            done: None,
            etag: work.next_version(0),
            created_at: micros(now),
        };
        follow_up_insert_in_txn(txn, stored.id, &new).await?;
        work.stage(publish::survey_result(txn, &stored, &work.app.rules(), now).await?);
        Ok(message::follow_up(survey, &new))
    }
}

fn full() -> Failure {
    Failure::new(
        Kind::Precondition,
        "FOLLOW_UPS_FULL",
        format!("a survey has at most {PLAN_MAX} planned actions"),
        format!("Satu survei memuat paling banyak {PLAN_MAX} rencana tindak lanjut"),
    )
}
