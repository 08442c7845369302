//! Reads batches of tokens, but never the tokens.

use prima_platform::{
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    rpc::field,
    service::App,
    store::{response::tokens_used, survey::survey_get, token_batch::token_batch_page},
};

/// A page of the batches of a survey, in their order.
pub async fn list(
    app: &App,
    r: pb::ListTokenBatchesRequest,
) -> Result<pb::ListTokenBatchesResponse, Failure> {
    let survey = request::name::<name::Survey>("parent", &r.parent);
    let (survey, page) = field::parent_and_page(survey, &r.parent, r.page_size, &r.page_token)?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    let after = page.after.parse().unwrap_or_default();
    let mut batches = token_batch_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut batches, |b| b.number.to_string());
    let used = tokens_used(reader, stored.id).await?;
    let batches = batches
        .iter()
        .map(|b| message::token_batch(&survey, b, used.get(&b.number).copied().unwrap_or_default()))
        .collect();
    Ok(pb::ListTokenBatchesResponse {
        batches,
        next_page_token,
    })
}
