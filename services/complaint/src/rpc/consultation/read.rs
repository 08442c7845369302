//! Reads consultations.

use prima_platform::{
    caller::Caller,
    failure::Failure,
    page::Page,
    request::{self, Faults, optional},
};
use prima_proto::complaint::v1;

use super::message;
use crate::{
    context::App,
    domain::parent,
    rpc::{access, files, party::readable},
    store::{
        Lock,
        answer::answers_of,
        attachment::Owner,
        consultation::{Filter, Stored, consultation_page},
    },
};

/// A consultation with its answers and files.
async fn whole(app: &App, stored: &Stored) -> Result<v1::Consultation, Failure> {
    let reader = app.context.db.reader();
    let rows = answers_of(reader, &app.vault, stored.id).await?;
    let question = Owner::Consultation(stored.id);
    let mut owners = vec![question];
    owners.extend(rows.iter().map(|row| Owner::Answer(row.id)));
    let mut files = files::of_owners(app, reader, &owners).await?;
    let mut answers = Vec::new();
    for row in rows {
        let attachments = files.remove(&Owner::Answer(row.id)).unwrap_or_default();
        answers.push(v1::Answer {
            attachments,
            ..message::answer(&stored.head, row)
        });
    }
    Ok(v1::Consultation {
        answers,
        attachments: files.remove(&question).unwrap_or_default(),
        ..message::consultation(&app.vault, stored)?
    })
}

/// A consultation, for the citizen who gives its tracking code and secret.
pub async fn track(
    app: &App,
    request: v1::TrackConsultationRequest,
) -> Result<v1::TrackConsultationResponse, Failure> {
    let mut faults = Faults::default();
    let access = access::required("access", request.access, &mut faults);
    let access = faults.settle(access)?;
    let stored = access::consultation(app, app.context.db.reader(), &access, Lock::None).await?;
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

/// A consultation, for officials of the agencies that ask and answer.
pub async fn get(
    app: &App,
    caller: Caller,
    request: v1::GetConsultationRequest,
) -> Result<v1::GetConsultationResponse, Failure> {
    let name = request::name("name", &request.name)?;
    let stored = readable(app.context.db.reader(), &caller, &name, Lock::None).await?;
    Ok(v1::GetConsultationResponse {
        consultation: Some(whole(app, &stored).await?),
    })
}

/// A page of the consultations of an agency, of a unit or of the whole country.
pub async fn list(
    app: &App,
    request: v1::ListConsultationsRequest,
) -> Result<v1::ListConsultationsResponse, Failure> {
    let (filter, page) = parse(&request)?;
    let (rows, next_page_token) = consultation_page(app.context.db.reader(), &filter, &page).await?;
    let messages = rows.iter().map(|row| message::consultation(&app.vault, row));
    Ok(v1::ListConsultationsResponse {
        consultations: messages.collect::<Result<_, Failure>>()?,
        next_page_token,
    })
}

fn parse(request: &v1::ListConsultationsRequest) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let (kind_key, state_key) = (request.kind.to_string(), request.state.to_string());
    let narrowed = [&request.parent, &kind_key, &state_key, &request.member].map(String::as_str);
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let (agency, unit) = faults.or_default(parent::one_or_all("parent", &request.parent));
    let kind = message::KIND.optional("kind", request.kind, message::parse_kind);
    let filter = Filter {
        agency,
        unit,
        kind: faults.or_default(kind),
        state: faults.or_default(message::optional_state("state", request.state)),
        member: faults.or_default(optional(&request.member, |raw| request::name("member", raw))),
    };
    faults.build(|| Some((filter, page?)))
}
