//! Adds an answer.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, changed, named, refused, require_liaison};
use crate::{
    app::{Once, attachments, check_etag, not_found, precondition},
    grpc::render_consultation::state,
    store::{
        Lock, answer::answer_add, attachment::Owner, consultation::consultation_save, member::member_get,
        sealed::Note,
    },
};

const METHOD: &str = "complaint.AnswerConsultation";

/// An answer.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The consultation.
    pub name: name::Consultation,
    /// Must be current unless empty.
    pub etag: String,
    /// What is answered.
    pub text: Note,
    /// Files.
    pub attachments: Vec<name::Attachment>,
    /// The member who answers, active or not any more.
    pub member: Option<name::Member>,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::AnswerConsultationResponse, Failure> {
    let txn = app.context.db.begin().await?;
    let mut stored = named(&txn, &request.name, Lock::Update).await?;
    require_liaison(caller, &stored.head.agency)?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    check_etag(&request.etag, stored.version, &stored.name)?;
    let now = app.now();
    let first = stored.course.first_answer_at.is_none();
    stored.course.answer(now).map_err(refused)?;
    if let Some(member) = &request.member {
        if member.agency != stored.head.agency {
            return Err(precondition(
                "MEMBER_OF_OTHER_AGENCY",
                "the member belongs to another agency than the one that answers",
                "Anggota tim ini bukan dari instansi yang menjawab",
            ));
        }
        let known = member_get(&txn, member, Lock::Share).await?;
        known.ok_or_else(|| not_found(member))?;
    }
    let member = request.member.map(|m| m.member).unwrap_or_default();
    let by = (caller.subject(), member.as_str());
    let id = answer_add(&txn, &app.vault, stored.id, by, &request.text, now).await?;
    consultation_save(&txn, &mut stored, now).await?;
    if first {
        changed(&txn, &stored.head, stored.course.received_at).await?;
    }
    let answer = v1::AnswerConsultationResponse {
        name: stored.name.to_string(),
        state: state(stored.course.state).into(),
        etag: stored.version.to_string(),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    let owner = Owner::Answer(id);
    attachments::claim(app, &txn, caller, &request.attachments, owner).await?;
    app.commit(txn).await?;
    Ok(answer)
}
