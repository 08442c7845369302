//! Plans one action on one element of a closed survey.

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::{Failure, Kind},
    outbox, request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::{
    App,
    aftermath::{self, close_when_due, lock},
    survey_state,
};
use crate::{
    domain::follow_up::{self, PLAN_MAX, Plan},
    store::publication::{FollowUp, aftermath_get, follow_up_insert},
};

const METHOD: &str = "survey.CreateFollowUp";

/// What is asked for; the plan is checked against the survey.
pub struct CreateFollowUp {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// Name of the action.
    pub name: name::FollowUp,
    /// What is planned.
    pub plan: Plan,
}

/// Stores an action and returns it. Fails with every fault, when the survey is unknown or open, and when the name is
/// taken.
pub async fn create_follow_up(
    app: &App,
    caller: &Caller,
    command: CreateFollowUp,
) -> Result<pb::FollowUp, Failure> {
    let survey = &command.name.survey;
    caller.require(&[Role::Operator], &survey.unit.agency)?;
    close_when_due(app, survey).await?;
    let now = app.context.clock.now();
    let txn = app.context.db.begin().await?;
    // Its lock makes repeats of a request wait for the first.
    let stored = lock(app, &txn, survey).await?;
    let (id, digest) = (&command.request_id, &command.digest);
    if let Some(first) = request_id::find::<pb::FollowUp>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let plan = follow_up::plan(&command.plan, stored.as_ref().map(|s| &s.survey))?;
    let stored = stored.ok_or_else(|| Failure::not_found(&survey.to_string()))?;
    if stored.survey.closed_at.is_none() {
        return Err(aftermath::open());
    }
    let known = aftermath_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let planned = known.unwrap_or_default().follow_ups;
    if planned.iter().any(|f| f.id == command.name.follow_up) {
        return Err(Failure::already_exists(&command.name.to_string()));
    }
    if planned.len() >= PLAN_MAX {
        return Err(full());
    }
    let new = FollowUp {
        id: command.name.follow_up.clone(),
        plan,
        done: None,
        etag: app.context.clock.next_version(0),
        created_at: micros(now),
    };
    follow_up_insert(&txn, stored.id, &new).await?;
    outbox::stage(&txn, &survey_state(&txn, &stored, now).await?).await?;
    let answer = aftermath::follow_up(survey, &new);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.committed();
    Ok(answer)
}

fn full() -> Failure {
    Failure::new(
        Kind::Precondition,
        "FOLLOW_UPS_FULL",
        format!("a survey has at most {PLAN_MAX} planned actions"),
        format!("satu survei paling banyak {PLAN_MAX} rencana tindak lanjut"),
    )
}
