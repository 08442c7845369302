//! Methods about consultations that read: from request to answer.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::complaint::v1;

use super::{convert_consultation as convert, convert_knowledge, render_consultation as render};
use crate::{
    app::{
        App, attachments,
        consultation::{named, require_party, shown},
        not_found, require_liaison, require_national,
    },
    store::{
        Lock,
        answer::answers_of,
        attachment::Owner,
        consultation::{Stored, consultation_page},
        knowledge::{knowledge_get, knowledge_page},
        member::member_page,
    },
};

type Result<T> = std::result::Result<T, Failure>;

/// A consultation with its answers and files.
async fn whole(app: &App, stored: &Stored) -> Result<v1::Consultation> {
    let reader = app.context.db.reader();
    let rows = answers_of(reader, &app.vault, stored.id).await?;
    let question = Owner::Consultation(stored.id);
    let mut owners = vec![question];
    owners.extend(rows.iter().map(|row| Owner::Answer(row.id)));
    let mut files = attachments::of(app, reader, &owners).await?;
    let mut answers = Vec::new();
    for row in rows {
        let attachments = files.remove(&Owner::Answer(row.id)).unwrap_or_default();
        answers.push(v1::Answer {
            attachments,
            ..render::answer(&stored.head, row)
        });
    }
    Ok(v1::Consultation {
        answers,
        attachments: files.remove(&question).unwrap_or_default(),
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
    let (agency, topic, page) = convert_knowledge::members(&request)?;
    let (rows, next_page_token) = member_page(app.context.db.reader(), &agency, &topic, &page).await?;
    Ok(v1::ListTeamMembersResponse {
        members: rows.iter().map(render::member).collect(),
        next_page_token,
    })
}

/// SearchKnowledge.
pub async fn search(app: &App, request: v1::SearchKnowledgeRequest) -> Result<v1::SearchKnowledgeResponse> {
    let (filter, page) = convert_knowledge::search(&request)?;
    let (rows, next_page_token) = knowledge_page(app.context.db.reader(), &filter, &page).await?;
    Ok(v1::SearchKnowledgeResponse {
        entries: rows.iter().map(render::knowledge).collect(),
        next_page_token,
    })
}

/// GetKnowledge.
pub async fn knowledge(app: &App, request: v1::GetKnowledgeRequest) -> Result<v1::GetKnowledgeResponse> {
    let name = convert_knowledge::entry(&request.name)?;
    let stored = knowledge_get(app.context.db.reader(), &name, Lock::None).await?;
    let stored = stored.filter(|entry| entry.withdrawn_at.is_none());
    let stored = stored.ok_or_else(|| not_found(&name))?;
    Ok(v1::GetKnowledgeResponse {
        knowledge: Some(render::knowledge(&stored)),
    })
}
