//! Reads surveys, and when they were opened again.

use prima_platform::{
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    rpc::field,
    service::App,
    store::{
        survey::{survey_get, survey_page},
        survey_change::survey_change_page,
        unit::{unit_confirmed, unit_confirmed_in},
    },
};

/// One survey.
pub async fn get(app: &App, message: pb::GetSurveyRequest) -> Result<pb::GetSurveyResponse, Failure> {
    let name = request::name::<name::Survey>("name", &message.name)?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &name.to_string()).await?, &name)?;
    let confirmed = unit_confirmed(reader, &name.unit).await?;
    let survey = message::survey(&stored, confirmed, app.context.clock.now());
    Ok(pb::GetSurveyResponse { survey: Some(survey) })
}

/// A page of surveys in the order of their names.
pub async fn list(app: &App, message: pb::ListSurveysRequest) -> Result<pb::ListSurveysResponse, Failure> {
    let (filter, page) = field::survey_filter(
        &message.parent,
        message.page_size,
        &message.page_token,
        &message.period,
        &message.import_id,
    )?;
    let reader = app.context.db.reader();
    let mut surveys = survey_page(reader, &filter).await?;
    let next_page_token = page.cut(&mut surveys, |s| s.survey.name.to_string());
    let agencies = surveys.iter().map(|s| s.survey.name.unit.agency.clone());
    let known = unit_confirmed_in(reader, agencies.collect()).await?;
    let now = app.context.clock.now();
    let surveys = surveys
        .iter()
        .map(|s| message::survey(s, known.contains(&s.survey.name.unit), now))
        .collect();
    Ok(pb::ListSurveysResponse {
        surveys,
        next_page_token,
    })
}

/// A page of the reopenings of a survey, in their order.
pub async fn list_changes(
    app: &App,
    r: pb::ListSurveyChangesRequest,
) -> Result<pb::ListSurveyChangesResponse, Failure> {
    let survey = request::name::<name::Survey>("survey", &r.survey);
    let (survey, page) = field::parent_and_page(survey, &r.survey, r.page_size, &r.page_token)?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    // Page tokens are verified when they are parsed, so this one is empty or a number.
    let after = page.after.parse().unwrap_or(0);
    let mut changes = survey_change_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut changes, |change| change.number.to_string());
    Ok(pb::ListSurveyChangesResponse {
        changes: changes.iter().map(message::change).collect(),
        next_page_token,
    })
}
