//! Gives a question to a member of the team, and sets or moves an appointment.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, named, refused, require_liaison};
use crate::{
    app::{Once, check_etag, not_found, precondition},
    domain::consultation::Appointment,
    grpc::render_consultation::state,
    store::{Lock, consultation::consultation_save, member::member_get},
};

const METHOD: &str = "complaint.ScheduleConsultation";

/// Who shall answer, and when.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The consultation.
    pub name: name::Consultation,
    /// Must be current unless empty.
    pub etag: String,
    /// The member.
    pub member: name::Member,
    /// Meeting; in place of the one before.
    pub appointment: Option<Appointment>,
    /// Place, link or note for the asker; in place of the one before.
    pub note: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::ScheduleConsultationResponse, Failure> {
    let txn = app.context.db.begin().await?;
    let mut stored = named(&txn, &request.name, Lock::Update).await?;
    require_liaison(caller, &stored.head.agency)?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    check_etag(&request.etag, stored.version, &stored.name)?;
    let now = app.now();
    let course = &mut stored.course;
    let scheduled = course.schedule(&request.member.member, request.appointment, now);
    scheduled.map_err(refused)?;
    if request.member.agency != stored.head.agency {
        return Err(precondition(
            "MEMBER_OF_OTHER_AGENCY",
            "the member belongs to another agency than the one that answers",
            "Anggota tim ini bukan dari instansi yang menjawab",
        ));
    }
    let member = member_get(&txn, &request.member, Lock::Share).await?;
    let member = member.ok_or_else(|| not_found(&request.member))?;
    if !member.member.active {
        return Err(precondition(
            "MEMBER_NOT_ACTIVE",
            "the member takes no new questions",
            "Anggota tim ini sedang tidak menerima konsultasi baru",
        ));
    }
    let mut matter = stored.matter(&app.vault)?.unwrap_or_default();
    matter.note = request.note;
    stored.rewrite(&app.vault, &matter)?;
    consultation_save(&txn, &mut stored, now).await?;
    let answer = v1::ScheduleConsultationResponse {
        name: stored.name.to_string(),
        state: state(stored.course.state).into(),
        etag: stored.version.to_string(),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
