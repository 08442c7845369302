//! Methods about consultations that read: from request to answer.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::complaint::v1;

use super::{convert_consultation as convert, render_consultation as render};
use crate::{
    app::{
        App,
        consultation::{named, require_party, shown},
        not_found, require_liaison, require_national,
    },
    store::{
        Lock,
        answer::answers_of,
        consultation::{Stored, consultation_page},
        knowledge::{knowledge_get, knowledge_page},
        member::member_page,
    },
};

type Result<T> = std::result::Result<T, Failure>;

/// A consultation with its answers.
async fn whole(app: &App, stored: &Stored) -> Result<v1::Consultation> {
    let answers = answers_of(app.context.db.reader(), &app.vault, stored.id).await?;
    let answers = answers.into_iter().map(|a| render::answer(&stored.head, a));
    Ok(v1::Consultation {
        answers: answers.collect(),
        ..render::consultation(&app.vault, stored)?
    })
}

/// TrackConsultation.
pub async fn track(
    app: &App,
    request: v1::TrackConsultationRequest,
) -> Result<v1::TrackConsultationResponse> {
    let access = convert::track(request)?;
    let stored = shown(app, app.context.db.reader(), &access, Lock::None).await?;
    let mut consultation = v1::Consultation {
        name: String::new(),
        member: String::new(),
        etag: String::new(),
        ..whole(app, &stored).await?
    };
    for answer in &mut consultation.answers {
        answer.member.clear();
    }
    Ok(v1::TrackConsultationResponse {
        consultation: Some(consultation),
    })
}

/// GetConsultation.
pub async fn consultation(
    app: &App,
    caller: &Caller,
    request: v1::GetConsultationRequest,
) -> Result<v1::GetConsultationResponse> {
    let name = convert::one(&request.name)?;
    let stored = named(app.context.db.reader(), &name, Lock::None).await?;
    require_party(caller, &stored.head)?;
    Ok(v1::GetConsultationResponse {
        consultation: Some(whole(app, &stored).await?),
    })
}

/// ListConsultations.
pub async fn consultations(
    app: &App,
    caller: &Caller,
    request: v1::ListConsultationsRequest,
) -> Result<v1::ListConsultationsResponse> {
    let (filter, page) = convert::list(&request)?;
    if filter.agency.is_empty() {
        require_national(caller)?;
    } else {
        require_liaison(caller, &filter.agency)?;
    }
    let (rows, next_page_token) = consultation_page(app.context.db.reader(), &filter, &page).await?;
    let rendered = rows.iter().map(|row| render::consultation(&app.vault, row));
    Ok(v1::ListConsultationsResponse {
        consultations: rendered.collect::<Result<_>>()?,
        next_page_token,
    })
}

/// ListTeamMembers.
pub async fn members(app: &App, request: v1::ListTeamMembersRequest) -> Result<v1::ListTeamMembersResponse> {
    let (agency, topic, page) = convert::members(&request)?;
    let (rows, next_page_token) = member_page(app.context.db.reader(), &agency, &topic, &page).await?;
    Ok(v1::ListTeamMembersResponse {
        members: rows.iter().map(render::member).collect(),
        next_page_token,
    })
}

/// SearchKnowledge.
pub async fn search(app: &App, request: v1::SearchKnowledgeRequest) -> Result<v1::SearchKnowledgeResponse> {
    let (filter, page) = convert::search(&request)?;
    let (rows, next_page_token) = knowledge_page(app.context.db.reader(), &filter, &page).await?;
    Ok(v1::SearchKnowledgeResponse {
        entries: rows.iter().map(render::knowledge).collect(),
        next_page_token,
    })
}

/// GetKnowledge.
pub async fn knowledge(app: &App, request: v1::GetKnowledgeRequest) -> Result<v1::GetKnowledgeResponse> {
    let name = convert::entry(&request.name)?;
    let stored = knowledge_get(app.context.db.reader(), &name, Lock::None).await?;
    let stored = stored.filter(|entry| entry.withdrawn_at.is_none());
    let stored = stored.ok_or_else(|| not_found(&name))?;
    Ok(v1::GetKnowledgeResponse {
        knowledge: Some(render::knowledge(&stored)),
    })
}
