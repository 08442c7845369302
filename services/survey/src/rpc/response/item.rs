//! A response as it was sent, to an item of intake: who may hand it in, and every fault that shows without its survey.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::signed;
use crate::{
    domain::{
        access::{Kiosk, Proof, kiosk_lines_of_all},
        response::{self, Profile, Raw, Words},
    },
    intake::Item,
    rpc::field,
    service::App,
};

/// A response as a request or a message of a stream brings it.
pub struct Sent<'a> {
    /// Name of the survey.
    pub survey: &'a str,
    /// Client-made id.
    pub id: String,
    /// Path of the id, for faults.
    pub id_field: &'static str,
    /// The response.
    pub response: Option<pb::Response>,
    /// What lets it in, when it is not the caller's role.
    pub credential: Option<pb::Credential>,
    /// Label of the import; empty without one.
    pub import_id: &'a str,
}

/// What a caller gives to let a response in.
enum Given {
    Role,
    Token(String),
    Link(String),
    Kiosk(Kiosk),
}

/// The item to be taken in. Fails with every fault that shows without the survey, or when neither a role in the agency
/// nor a genuine credential of the survey lets it in. A credential that is given counts, whatever the caller's role: a
/// token is used up by it.
pub fn item(app: &App, caller: &Caller, sent: Sent<'_>) -> Result<Item, Failure> {
    let mut faults = Faults::default();
    let survey = faults.take(field::survey("survey", sent.survey));
    let given = given(sent.credential, survey.as_ref(), &mut faults);
    if matches!(given, Some(Given::Role)) {
        caller.known()?;
    }
    if !sent.import_id.is_empty() {
        faults.take(request::id("import_id", sent.import_id.to_owned()));
    }
    let response = sent.response.unwrap_or_default();
    let signed = match given {
        Some(Given::Kiosk(_)) => signed::fields(&response)?,
        _ => Vec::new(),
    };
    let raw = raw(sent.id, response, &mut faults);
    let later = || response::form(&raw, app.context.clock.now(), sent.id_field);
    let (survey, given) = field::formed(faults, survey.zip(given), later)?;
    let secret = app.intake.secret();
    let proof = match given {
        Given::Role => {
            caller.require(&[Role::Operator, Role::Intake, Role::Admin], &survey.unit.agency)?;
            Proof::Agent
        }
        Given::Token(text) => Proof::Token(secret.read_token(&survey, &text)?),
        Given::Link(text) => {
            secret.check_link(&survey, &text)?;
            Proof::Link
        }
        Given::Kiosk(kiosk) => {
            let (device, counter, import) = (&kiosk.device, kiosk.counter, sent.import_id);
            let lines = kiosk_lines_of_all(&survey, device, counter, &raw.id, import, &signed);
            let lines = lines.into();
            Proof::Kiosk(Kiosk { lines, ..kiosk })
        }
    };
    Ok(Item {
        survey,
        digest: raw.digest(),
        raw,
        id_field: sent.id_field,
        proof,
        import_id: sent.import_id.to_owned(),
    })
}

fn given(
    credential: Option<pb::Credential>,
    survey: Option<&name::Survey>,
    faults: &mut Faults,
) -> Option<Given> {
    let pb::Credential { token, link, kiosk } = credential.unwrap_or_default();
    match (token.is_empty(), link.is_empty(), kiosk) {
        (true, true, None) => Some(Given::Role),
        (false, true, None) => Some(Given::Token(token)),
        (true, false, None) => Some(Given::Link(link)),
        (true, true, Some(proof)) => kiosk_proof(proof, survey, faults).map(Given::Kiosk),
        _ => {
            faults.add(
                "credential",
                "must be at most one of token, link and kiosk",
                "Isi paling banyak satu dari token, tautan, dan perangkat",
            );
            None
        }
    }
}

fn kiosk_proof(proof: pb::KioskProof, survey: Option<&name::Survey>, faults: &mut Faults) -> Option<Kiosk> {
    let field = "credential.kiosk.device";
    let mut device = faults.take(field::device(field, &proof.device));
    if let (Some(given), Some(survey)) = (&device, survey)
        && given.unit != survey.unit
    {
        faults.add(
            field,
            "must be a device of the unit of the survey",
            "Perangkat harus milik unit penyelenggara survei",
        );
        device = None;
    }
    if proof.counter < 1 {
        faults.add(
            "credential.kiosk.counter",
            "must be at least 1",
            "Nomor urut perangkat paling kecil 1",
        );
        device = None;
    }
    Some(Kiosk {
        device: device?,
        counter: proof.counter,
        signature: proof.signature,
        lines: Words::default(),
    })
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
        suggestion: response.suggestion.into(),
        criticism: response.criticism.into(),
        device: response.device.into(),
    }
}
