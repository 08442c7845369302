//! Issues the open link of a survey. Nothing is stored, because the link is derived from the survey's name.

use prima_platform::{
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use crate::{
    domain::{access, survey::AccessMode},
    service::App,
    store::survey::survey_get,
};

/// The link of a survey that allows responses by link.
pub async fn issue(app: &App, message: pb::IssueLinkRequest) -> Result<pb::IssueLinkResponse, Failure> {
    let survey = request::name::<name::Survey>("survey", &message.survey)?;
    let stored = survey_get(app.context.db.reader(), &survey.to_string()).await?;
    let allowed = found(stored, &survey)?.survey.access;
    access::check_mode(&allowed, AccessMode::Link)?;
    Ok(pb::IssueLinkResponse {
        link: app.intake.secret().link(&survey),
    })
}
