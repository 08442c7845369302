//! Reads members of teams.

use prima_platform::{
    failure::Failure,
    page::Page,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{context::App, rpc::topic, store::member::member_page};

/// A page of the team of an agency; a topic narrows it to active members for that topic.
pub async fn list(
    app: &App,
    request: v1::ListTeamMembersRequest,
) -> Result<v1::ListTeamMembersResponse, Failure> {
    let mut faults = Faults::default();
    let narrowed = [request.parent.as_str(), request.topic.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let agency = faults.take(request::one::<name::Agency>("parent", &request.parent));
    let topic = faults.or_default(topic::filter("topic", &request.topic));
    let (agency, page) = faults.build(|| agency.zip(page))?;
    let reader = app.context.db.reader();
    let (rows, next_page_token) = member_page(reader, &agency.agency, &topic, &page).await?;
    Ok(v1::ListTeamMembersResponse {
        members: rows.iter().map(message::member).collect(),
        next_page_token,
    })
}
