//! Reads results of surveys.

use prima_platform::{
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::outcome::{self, Outcome},
    rpc::field,
    service::App,
    store::{
        delta::Of,
        survey::{survey_get, survey_page},
        tally::tallies_get,
    },
};

/// The result of one survey; the survey and its figures are read from the same snapshot.
pub async fn get(app: &App, message: pb::GetResultRequest) -> Result<pb::GetResultResponse, Failure> {
    let name = request::name("survey", &message.survey)?;
    Ok(pb::GetResultResponse {
        result: Some(now_of(app, &name).await?),
    })
}

/// The current result of a survey, with all responses that are stored by now.
///
/// # Errors
///
/// `NOT_FOUND`, or the database fails.
pub async fn now_of(app: &App, name: &name::Survey) -> Result<pb::Result, Failure> {
    app.counter.count(Of::Survey(name)).await?;
    of(app, name).await
}

/// The result of a survey as of the last count.
///
/// # Errors
///
/// `NOT_FOUND`, or the database fails.
pub async fn of(app: &App, name: &name::Survey) -> Result<pb::Result, Failure> {
    let now = app.context.clock.now();
    let txn = app.context.db.snapshot().await?;
    let stored = found(survey_get(&txn, &name.to_string()).await?, name)?;
    let tallies = tallies_get(&txn, &[stored.id]).await?;
    let outcomes = outcome::of_surveys(&txn, &[&stored], &tallies, &app.rules(), now).await?;
    let missing = || Failure::internal(format!("{name} has no figures"));
    let outcome: &Outcome = outcomes.first().ok_or_else(missing)?;
    Ok(message::result(&stored, outcome, now))
}

/// A page of results in the order of their surveys' names.
pub async fn list(app: &App, message: pb::ListResultsRequest) -> Result<pb::ListResultsResponse, Failure> {
    let (filter, page) = field::survey_filter(
        &message.parent,
        message.page_size,
        &message.page_token,
        &message.period,
        "",
    )?;
    let listed = survey_page(app.context.db.reader(), &filter).await?;
    let ids: Vec<i64> = listed.iter().map(|s| s.id).collect();
    app.counter.count(Of::Surveys(&ids)).await?;
    let now = app.context.clock.now();
    let txn = app.context.db.snapshot().await?;
    let mut surveys = survey_page(&txn, &filter).await?;
    let next_page_token = page.cut(&mut surveys, |s| s.survey.name.to_string());
    let ids: Vec<i64> = surveys.iter().map(|s| s.id).collect();
    let tallies = tallies_get(&txn, &ids).await?;
    let surveys: Vec<_> = surveys.iter().collect();
    let outcomes = outcome::of_surveys(&txn, &surveys, &tallies, &app.rules(), now).await?;
    let results = surveys.iter().zip(&outcomes);
    Ok(pb::ListResultsResponse {
        results: results.map(|(s, o)| message::result(s, o, now)).collect(),
        next_page_token,
    })
}
