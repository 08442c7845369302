//! Reads the quarantines of a survey.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Choice, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    service::App,
    store::{delta::Of, quarantine::quarantine_page, survey::survey_get},
};

const STATE: Choice = Choice {
    english: "state of a quarantine",
    indonesian: "Keadaan karantina",
};

/// A page of the quarantines of a survey, the oldest first.
pub async fn list(app: &App, r: pb::ListQuarantinesRequest) -> Result<pb::ListQuarantinesResponse, Failure> {
    let mut faults = Faults::default();
    let survey = faults.take(request::name::<name::Survey>("survey", &r.survey));
    let state = STATE.optional("state", r.state, |state: pb::QuarantineState| Some(state));
    let state = faults.or_default(state).unwrap_or_default();
    let filters = [r.survey.as_str(), state.as_str_name()];
    let page = faults.take_all(Page::parse(r.page_size, &r.page_token, &filters));
    let (survey, page) = faults.settle(survey.zip(page))?;
    // Bursts are found by counting.
    app.counter.count(Of::Survey(&survey)).await?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    // Page tokens are verified when they are parsed, so this one is empty or a number.
    let after = page.after.parse().unwrap_or(0);
    let state = i64::from(i32::from(state));
    let mut rows = quarantine_page(reader, stored.id, state, after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| row.number.to_string());
    Ok(pb::ListQuarantinesResponse {
        quarantines: rows.iter().map(|row| message::quarantine(&survey, row)).collect(),
        next_page_token,
    })
}
