//! Records that the result of a closed survey was made public, and where.

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::Failure,
    outbox, request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::{
    App,
    aftermath::{self, close_when_due, lock},
    survey_state,
};
use crate::{
    domain::{
        period::jakarta_day,
        publication::{self, Draft, Publication},
    },
    store::publication::{Published, publication_save, publications_get},
};

const METHOD: &str = "survey.PublishResult";

/// What is asked for; the draft is checked against the survey.
pub struct PublishResult {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// The survey.
    pub survey: name::Survey,
    /// When and where.
    pub draft: Draft,
}

/// Adds to the publication of a survey and returns it. Fails with every fault, when the survey is unknown, and while it
/// is open.
pub async fn publish_result(
    app: &App,
    caller: &Caller,
    command: PublishResult,
) -> Result<pb::Publication, Failure> {
    caller.require(&[Role::Operator], &command.survey.unit.agency)?;
    close_when_due(app, &command.survey).await?;
    let now = app.context.clock.now();
    let today = jakarta_day(now);
    let txn = app.context.db.begin().await?;
    // Its lock makes repeats of a request wait for the first.
    let stored = lock(app, &txn, &command.survey).await?;
    let (id, digest) = (&command.request_id, &command.digest);
    if let Some(first) = request_id::find::<pb::Publication>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let closed = stored.as_ref().and_then(|s| s.survey.closed_at).map(jakarta_day);
    let new = publication::check(&command.draft, closed, today)?;
    let stored = stored.ok_or_else(|| Failure::not_found(&command.survey.to_string()))?;
    if closed.is_none() {
        return Err(aftermath::open());
    }
    let before = publications_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let published = Published {
        publication: Publication::merge(before.map(|b| b.publication), new)?,
        updated_at: micros(now),
    };
    publication_save(&txn, stored.id, &published).await?;
    outbox::stage(&txn, &survey_state(&txn, &stored, now).await?).await?;
    let answer = aftermath::publication(&published);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.committed();
    Ok(answer)
}
