//! Converts a response message to an item of intake: checks who may submit it, and finds every fault that can be found without
//! reading its survey.

use prima_platform::{
    access,
    caller::Caller,
    failure::Failure,
    grpc::Network,
    request::{self, Faults, text},
};
use prima_proto::survey::v1 as pb;

use super::signed;
use crate::{
    domain::{
        access::{Proof, kiosk_lines_v2},
        digest,
        response::{self, Profile, Raw},
    },
    intake::Item,
    rpc::{credential, field},
    service::App,
};

/// The item for intake, of a caller in a network; `id_field` is the field of its id. A given credential takes precedence over the caller's role, so that a
/// token is used up even when the caller has a role.
///
/// # Errors
///
/// Every fault that can be found without reading the survey; or the caller has neither a role in the agency nor a valid
/// credential of the survey; or too many responses come through its open link.
pub fn item(
    app: &App,
    (caller, network): (&Caller, Option<Network>),
    sent: pb::SubmitResponsesRequest,
    id_field: &'static str,
) -> Result<Box<Item>, Failure> {
    let admitted = access::admit_unless_faulty(caller, &sent)?;
    let mut faults = Faults::default();
    let survey = faults.take(request::name("survey", &sent.survey));
    let credential = sent.credential.as_ref();
    let proof = credential::proof(
        app.intake.secret(),
        survey.as_ref(),
        credential,
        &mut faults,
        |kiosk| {
            let fields = signed::fields(sent.response.as_ref().unwrap_or(&pb::Response::default()))?;
            let (response, import) = (&sent.response_id, &sent.import_id);
            let (survey, device, counter) = (kiosk.survey, kiosk.device, kiosk.counter);
            Ok(kiosk_lines_v2(survey, device, counter, response, import, &fields))
        },
    )?;
    if !sent.import_id.is_empty() {
        faults.take(request::id("import_id", sent.import_id.clone()));
    }
    let raw = raw(sent.response_id, sent.response.unwrap_or_default(), &mut faults);
    let domain_check = || response::form(&raw, app.context.clock.now(), id_field).part(());
    let (survey, proof) = field::well_formed(faults, survey.zip(proof), domain_check)?;
    let proof = proof?;
    admitted?;
    if proof == Proof::Link {
        app.intake.admit_linked(&survey)?;
    }
    let network = network.filter(|_| proof == Proof::Link);
    let source = network.map(|network| digest::of_network(&app.vault, &survey, &network));
    Ok(Box::new(Item {
        survey,
        digest: digest::of_response(&app.vault, &raw.digest()),
        source: source.unwrap_or_default(),
        raw,
        id_field,
        proof,
        import_id: sent.import_id,
        bulk: false,
    }))
}

fn raw(id: String, response: pb::Response, faults: &mut Faults) -> Raw {
    let submitted_at = field::time("response.submit_time", response.submit_time.as_ref());
    let submitted_at = faults.or_default(submitted_at);
    let given = |text: String| (!text.is_empty()).then_some(text);
    let profile = response.profile.unwrap_or_default();
    Raw {
        id,
        submitted_at,
        answers: response.answers,
        profile: Profile {
            sex: given(profile.sex),
            age: (profile.age != 0).then_some(profile.age),
            education: given(profile.education),
            occupation: given(profile.occupation),
            service: given(profile.service),
            age_group: given(profile.age_group),
            channel: given(profile.channel),
            hour_band: given(profile.hour_band),
        },
        suggestion: text::kept(&response.suggestion).into(),
        criticism: text::kept(&response.criticism).into(),
        device: response.device.into(),
    }
}
