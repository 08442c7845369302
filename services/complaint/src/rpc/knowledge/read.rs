//! Reads the knowledge base.

use prima_platform::{
    failure::Failure,
    page::Page,
    request::{self, Faults, optional, text},
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    rpc::{rights::found, topic},
    store::{
        Lock,
        knowledge::{Filter, knowledge_get, knowledge_page},
    },
};

/// A page of the entries that contain the words of a query.
pub async fn search(
    app: &App,
    request: v1::SearchKnowledgeRequest,
) -> Result<v1::SearchKnowledgeResponse, Failure> {
    let mut faults = Faults::default();
    let narrowed = [&request.query, &request.agency, &request.topic].map(String::as_str);
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let query = faults.or_default(text::line("query", &request.query, 0, 200));
    let agency = faults.or_default(optional(&request.agency, |raw| {
        request::one::<name::Agency>("agency", raw)
    }));
    let filter = Filter {
        query,
        agency: agency.map(|named| named.agency).unwrap_or_default(),
        topic: faults.or_default(topic::filter("topic", &request.topic)),
    };
    let page = faults.settle(page)?;
    let (rows, next_page_token) = knowledge_page(app.context.db.reader(), &filter, &page).await?;
    Ok(v1::SearchKnowledgeResponse {
        entries: rows.iter().map(message::knowledge).collect(),
        next_page_token,
    })
}

/// One entry, unless it was withdrawn.
pub async fn get(app: &App, request: v1::GetKnowledgeRequest) -> Result<v1::GetKnowledgeResponse, Failure> {
    let name = request::name("name", &request.name)?;
    let stored = knowledge_get(app.context.db.reader(), &name, Lock::None).await?;
    let stored = found(stored.filter(|entry| entry.withdrawn_at.is_none()), &name)?;
    Ok(v1::GetKnowledgeResponse {
        knowledge: Some(message::knowledge(&stored)),
    })
}
