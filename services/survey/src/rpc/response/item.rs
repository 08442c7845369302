//! Converts a response message to an item of intake: checks who may submit it, and finds every fault that can be found without
//! reading its survey.

use prima_platform::{
    access,
    caller::Caller,
    failure::Failure,
    grpc::Network,
    request::{self, Faults, text},
};
use prima_proto::{name, survey::v1 as pb};

use super::signed;
use crate::{
    domain::{
        access::{Kiosk, Proof, Refusal, Secret, kiosk_lines_v2},
        digest,
        response::{self, Profile, Raw},
    },
    intake::Item,
    rpc::field,
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
    let proof = proof(app.intake.secret(), survey.as_ref(), &sent, &mut faults)?;
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

/// The proof of a response, or why it is refused; `None` when it or the name of the survey is faulty.
fn proof(
    secret: &Secret,
    survey: Option<&name::Survey>,
    sent: &pb::SubmitResponsesRequest,
    faults: &mut Faults,
) -> Result<Option<Result<Proof, Refusal>>, Failure> {
    let none = pb::Credential::default();
    let pb::Credential { token, link, kiosk } = sent.credential.as_ref().unwrap_or(&none);
    Ok(match (token.is_empty(), link.is_empty(), kiosk) {
        (true, true, None) => Some(Ok(Proof::Agent)),
        (false, true, None) => survey.map(|survey| secret.read_token(survey, token).map(Proof::Token)),
        (true, false, None) => survey.map(|survey| secret.check_link(survey, link).map(|()| Proof::Link)),
        (true, true, Some(proof)) => kiosk_proof(proof, survey, sent, faults)?
            .map(Proof::Kiosk)
            .map(Ok),
        _ => {
            faults.add(
                "credential",
                "must be at most one of token, link and kiosk",
                "Isi paling banyak satu dari token, tautan, atau tanda tangan perangkat",
            );
            None
        }
    })
}

fn kiosk_proof(
    proof: &pb::KioskProof,
    survey: Option<&name::Survey>,
    sent: &pb::SubmitResponsesRequest,
    faults: &mut Faults,
) -> Result<Option<Kiosk>, Failure> {
    let field = "credential.kiosk.device";
    let device = faults
        .take(request::name::<name::Device>(field, &proof.device))
        .zip(survey);
    if device
        .as_ref()
        .is_some_and(|(device, survey)| device.unit != survey.unit)
    {
        faults.add(
            field,
            "must be a device of the unit of the survey",
            "Perangkat harus milik unit penyelenggara survei",
        );
    }
    if proof.counter < 1 {
        faults.add(
            "credential.kiosk.counter",
            "must be at least 1",
            "Nomor urut perangkat harus paling sedikit 1",
        );
    }
    let Some((device, survey)) = device else {
        return Ok(None);
    };
    let fields = signed::fields(sent.response.as_ref().unwrap_or(&pb::Response::default()))?;
    let (counter, response, import) = (proof.counter, &sent.response_id, &sent.import_id);
    Ok(Some(Kiosk {
        lines: kiosk_lines_v2(survey, &device, counter, response, import, &fields).into(),
        signature: proof.signature.clone(),
        device,
        counter,
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
