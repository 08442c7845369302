//! Reads which responses were voided.

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    rpc::field,
    service::App,
    store::{survey::survey_get, void::void_page},
};

/// A page of the voids of a survey, in their order.
pub async fn list_voids(
    app: &App,
    caller: Caller,
    message: pb::ListVoidsRequest,
) -> Result<pb::ListVoidsResponse, Failure> {
    let survey = request::name::<name::Survey>("survey", &message.survey);
    let (survey, page) =
        field::parent_and_page(survey, &message.survey, message.page_size, &message.page_token)?;
    caller.require(
        &[Role::Operator, Role::Evaluator, Role::Admin],
        &survey.unit.agency,
    )?;
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
