//! Ends a consultation. From then on the time runs until what is personal in it is erased.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, changed, named, refused, require_liaison};
use crate::{
    app::{Once, check_etag},
    grpc::render_consultation::state,
    store::{Lock, consultation::consultation_save},
};

const METHOD: &str = "complaint.CompleteConsultation";

/// What ends.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The consultation.
    pub name: name::Consultation,
    /// Must be current unless empty.
    pub etag: String,
    /// Why; may be empty once it was answered.
    pub reason: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::CompleteConsultationResponse, Failure> {
    let txn = app.context.db.begin().await?;
    let mut stored = named(&txn, &request.name, Lock::Update).await?;
    require_liaison(caller, &stored.head.agency)?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    check_etag(&request.etag, stored.version, &stored.name)?;
    let now = app.now();
    let completed = stored.course.complete(!request.reason.is_empty(), now);
    completed.map_err(refused)?;
    if !request.reason.is_empty() {
        let mut matter = stored.matter(&app.vault)?.unwrap_or_default();
        matter.reason = request.reason;
        stored.rewrite(&app.vault, &matter)?;
    }
    stored.erase_at = Some(app.periods().first(now));
    consultation_save(&txn, &mut stored, now).await?;
    changed(&txn, &stored.head, stored.course.received_at).await?;
    let answer = v1::CompleteConsultationResponse {
        name: stored.name.to_string(),
        state: state(stored.course.state).into(),
        etag: stored.version.to_string(),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
