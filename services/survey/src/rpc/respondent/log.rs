//! Lists who read or erased what is stored of single responses.

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use crate::{
    rpc::field,
    service::App,
    store::{
        respondent_log::{Act, Model, log_page},
        survey::survey_get,
    },
};

/// A page of the log of a survey, in its order.
pub async fn list(
    app: &App,
    r: pb::ListRespondentLogRequest,
) -> Result<pb::ListRespondentLogResponse, Failure> {
    let survey = request::name::<name::Survey>("survey", &r.survey);
    let (survey, page) = field::parent_and_page(survey, &r.survey, r.page_size, &r.page_token)?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    // Page tokens are verified when they are parsed, so this one is empty or a number.
    let after = page.after.parse().unwrap_or(0);
    let mut lines = log_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut lines, |line| line.id.to_string());
    let entries = lines.iter().map(|line| entry(app, line));
    Ok(pb::ListRespondentLogResponse {
        entries: entries.collect::<Result<_, Failure>>()?,
        next_page_token,
    })
}

fn entry(app: &App, line: &Model) -> Result<pb::RespondentLogEntry, Failure> {
    let act = match Act::parse(&line.act) {
        Some(Act::Read) => pb::RespondentAct::Read,
        Some(Act::Erased) => pb::RespondentAct::Erased,
        None => pb::RespondentAct::Unspecified,
    };
    Ok(pb::RespondentLogEntry {
        response_id: line.response_id.clone(),
        act: act.into(),
        actor: line.actor.clone(),
        time: Some(to_proto(from_micros(line.at))),
        reason: line.reason(&app.vault)?,
        texts: i32::try_from(line.texts).map_err(Failure::internal)?,
    })
}
