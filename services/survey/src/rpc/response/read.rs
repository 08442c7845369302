//! Reads when and how responses came, and which were voided.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::{message, selection::selection};
use crate::{
    domain::{flags, selection::Selection},
    rpc::field,
    service::App,
    store::{delta::Of, selection::selected_page, survey::survey_get, void::void_page},
};

/// A page of the selected responses of a survey, in the order of acceptance.
pub async fn list(
    app: &App,
    message: pb::ListResponsesRequest,
) -> Result<pb::ListResponsesResponse, Failure> {
    let mut faults = Faults::default();
    let survey = faults.take(request::name::<name::Survey>("survey", &message.survey));
    let selection = match &message.selection {
        Some(given) => selection(given, &mut faults),
        None => Selection::default(),
    };
    let filters = [message.survey.as_str(), &format!("{selection:?}")];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let (survey, page) = faults.settle(survey.zip(page))?;
    let rule = flags::rule().ok_or_else(|| Failure::internal("the flagging rule is not available"))?;
    // Counting also finds bursts, so a caller who was told of one reads it.
    app.counter.count(Of::Survey(&survey)).await?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    // Page tokens are verified when they are parsed, so this one is empty or a time and an id.
    let (time, id) = page.after.split_once('/').unwrap_or_default();
    let after = (time.parse().unwrap_or(i64::MIN), id);
    let mut rows = selected_page(reader, stored.id, &selection, rule, after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |r| format!("{}/{}", r.accepted_at, r.response_id));
    Ok(pb::ListResponsesResponse {
        responses: rows.iter().map(|row| message::stored(&survey, row)).collect(),
        next_page_token,
    })
}

/// A page of the voids of a survey, in their order.
pub async fn list_voids(app: &App, message: pb::ListVoidsRequest) -> Result<pb::ListVoidsResponse, Failure> {
    let survey = request::name::<name::Survey>("survey", &message.survey);
    let (survey, page) =
        field::parent_and_page(survey, &message.survey, message.page_size, &message.page_token)?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    // Page tokens are verified when they are parsed, so this one is empty or a number.
    let after = page.after.parse().unwrap_or(0);
    let mut voids = void_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut voids, |v| v.number.to_string());
    Ok(pb::ListVoidsResponse {
        voids: voids.iter().map(message::void).collect(),
        next_page_token,
    })
}
