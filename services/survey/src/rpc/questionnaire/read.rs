//! Reads the form of a survey.

use prima_platform::{
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::{message, permit::permit};
use crate::{
    domain::{
        access::kiosk_lines_of_form,
        survey::{Refusal, State},
    },
    rpc::credential,
    service::App,
    store::{survey::survey_get, unit::unit_display_name},
};

/// The form of a survey that is not closed, for a caller with a role in the agency or a credential that could be used for a
/// response now, or once the survey opens. A given credential takes precedence over the role, as for a response.
pub async fn get(
    app: &App,
    message: pb::GetQuestionnaireRequest,
) -> Result<pb::GetQuestionnaireResponse, Failure> {
    let mut faults = Faults::default();
    let survey = faults.take(request::name::<name::Survey>("survey", &message.survey));
    let credential = message.credential.as_ref();
    let proof = credential::proof(
        app.intake.secret(),
        survey.as_ref(),
        credential,
        &mut faults,
        |kiosk| Ok(kiosk_lines_of_form(kiosk.survey, kiosk.device, kiosk.counter)),
    )?;
    let (name, proof) = faults.settle(survey.zip(proof))?;
    let proof = proof?;
    let now = app.context.clock.now();
    let txn = app.context.db.snapshot().await?;
    let stored = survey_get(&txn, &name.to_string()).await?;
    let (stored, permit) = permit(&txn, &proof, &name, stored.as_ref(), now).await?;
    let state = stored.survey.state(now);
    if state == State::Closed {
        return Err(Refusal::Closed.into());
    }
    if let Some(refusal) = permit.refusal {
        return Err(refusal.into());
    }
    let unit = unit_display_name(&txn, &name.unit).await?;
    let form = message::form(&stored.survey, unit, permit.service, state)?;
    Ok(pb::GetQuestionnaireResponse {
        questionnaire: Some(form),
    })
}
