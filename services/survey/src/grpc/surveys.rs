//! Surveys and instruments.

use std::collections::HashSet;

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::survey::v1 as pb;

use super::convert;
use crate::{
    app::{App, close_survey::close_survey, create_survey::create_survey, update_survey::update_survey},
    domain::{instrument, sample},
    store::{
        survey::survey_page,
        unit::{unit_confirmed, unit_confirmed_in},
    },
};

pub async fn create(
    app: &App,
    caller: &Caller,
    r: pb::CreateSurveyRequest,
) -> Result<pb::CreateSurveyResponse, Failure> {
    let command = convert::create(r, app.context.clock.now())?;
    let survey = create_survey(app, caller, command).await?;
    Ok(pb::CreateSurveyResponse { survey: Some(survey) })
}

pub async fn get(
    app: &App,
    caller: &Caller,
    r: pb::GetSurveyRequest,
) -> Result<pb::GetSurveyResponse, Failure> {
    caller.known()?;
    let name = convert::survey_name("name", &r.name).map_err(|v| vec![v])?;
    let reader = app.context.db.reader();
    let stored = crate::store::survey::survey_get(reader, &name.to_string()).await?;
    let stored = stored.ok_or_else(|| Failure::not_found(&name.to_string()))?;
    let confirmed = unit_confirmed(reader, &name.unit).await?;
    let survey = convert::survey(&stored, confirmed, app.context.clock.now());
    Ok(pb::GetSurveyResponse { survey: Some(survey) })
}

pub async fn list(
    app: &App,
    caller: &Caller,
    r: pb::ListSurveysRequest,
) -> Result<pb::ListSurveysResponse, Failure> {
    caller.known()?;
    let (filter, page) = convert::list(&r.parent, r.page_size, &r.page_token, &r.period)?;
    let reader = app.context.db.reader();
    let mut surveys = survey_page(reader, &filter).await?;
    let next_page_token = page.cut(&mut surveys, |s| s.survey.name.to_string());
    let agencies: HashSet<&str> = surveys
        .iter()
        .map(|s| s.survey.name.unit.agency.as_str())
        .collect();
    let known = unit_confirmed_in(reader, &agencies.into_iter().collect::<Vec<_>>()).await?;
    let now = app.context.clock.now();
    let surveys = surveys
        .iter()
        .map(|s| {
            let unit = &s.survey.name.unit;
            convert::survey(s, known.contains(&(unit.agency.clone(), unit.unit.clone())), now)
        })
        .collect();
    Ok(pb::ListSurveysResponse {
        surveys,
        next_page_token,
    })
}

pub async fn update(
    app: &App,
    caller: &Caller,
    r: pb::UpdateSurveyRequest,
) -> Result<pb::UpdateSurveyResponse, Failure> {
    let (name, etag, change) = convert::update(r)?;
    let survey = update_survey(app, caller, &name, &etag, change).await?;
    Ok(pb::UpdateSurveyResponse { survey: Some(survey) })
}

pub async fn close(
    app: &App,
    caller: &Caller,
    r: pb::CloseSurveyRequest,
) -> Result<pb::CloseSurveyResponse, Failure> {
    let name = convert::survey_name("name", &r.name).map_err(|v| vec![v])?;
    let survey = close_survey(app, caller, &name, &r.etag).await?;
    Ok(pb::CloseSurveyResponse { survey: Some(survey) })
}

pub fn calculate_sample_size(
    r: &pb::CalculateSampleSizeRequest,
) -> Result<pb::CalculateSampleSizeResponse, Failure> {
    let size = sample::krejcie_morgan(r.population).ok_or_else(|| {
        Failure::invalid(vec![Violation::new(
            "population",
            "must be 1 to 1,000,000,000",
            "harus 1 sampai 1.000.000.000",
        )])
    });
    Ok(pb::CalculateSampleSizeResponse { sample_size: size? })
}

pub fn list_instruments() -> Result<pb::ListInstrumentsResponse, Failure> {
    let instruments = instrument::all().map_err(|error| Failure::internal(error.to_string()))?;
    Ok(pb::ListInstrumentsResponse {
        instruments: instruments.iter().map(convert::instrument_message).collect(),
    })
}
