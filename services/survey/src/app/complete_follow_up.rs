//! Records that a planned action was done, once.

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Kind},
    outbox,
};
use prima_proto::{name, survey::v1 as pb};

use super::{App, aftermath, survey_state};
use crate::{
    domain::follow_up::Done,
    grpc::convert,
    store::publication::{aftermath_get, follow_up_done},
};

/// Stores that an action was done and returns it. Fails when it is unknown, done already, or has another etag.
pub async fn complete_follow_up(
    app: &App,
    caller: &Caller,
    name: &name::FollowUp,
    etag: &str,
    done: Done,
) -> Result<pb::FollowUp, Failure> {
    let survey = &name.survey;
    caller.require(&[Role::Operator], &survey.unit.agency)?;
    let text = name.to_string();
    let now = app.context.clock.now();
    let txn = app.context.db.begin().await?;
    let stored = aftermath::lock(app, &txn, survey).await?;
    let stored = stored.ok_or_else(|| Failure::not_found(&text))?;
    let known = aftermath_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let mut planned = known.unwrap_or_default().follow_ups.into_iter();
    let mut follow_up = planned
        .find(|f| f.id == name.follow_up)
        .ok_or_else(|| Failure::not_found(&text))?;
    if follow_up.done.is_some() {
        return Err(done_already(&text));
    }
    convert::check_etag(&text, etag, follow_up.etag)?;
    follow_up.etag = app.context.clock.next_version(follow_up.etag);
    follow_up_done(&txn, stored.id, &follow_up.id, &done, follow_up.etag).await?;
    follow_up.done = Some(done);
    outbox::stage(&txn, &survey_state(&txn, &stored, now).await?).await?;
    txn.commit().await?;
    app.committed();
    Ok(aftermath::follow_up(survey, &follow_up))
}

fn done_already(what: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "FOLLOW_UP_DONE",
        format!("{what} is done already"),
        format!("{what} sudah selesai"),
    )
}
