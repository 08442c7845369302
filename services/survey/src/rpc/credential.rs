//! Credentials of callers without a role, which submit responses and read the form.

use prima_platform::{
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use crate::domain::access::{Kiosk, Proof, Refusal, Secret};

/// What the signature of a kiosk is about.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The survey.
    pub survey: &'a name::Survey,
    /// The device, one of the survey's unit.
    pub device: &'a name::Device,
    /// Its counter.
    pub counter: i64,
}

/// The proof in a credential, or why it is refused; `None` when it or the name of the survey is faulty. Without a credential it
/// is a role of the caller. `lines` makes the text that a kiosk must have signed.
///
/// # Errors
///
/// Those of `lines`.
pub fn proof(
    secret: &Secret,
    survey: Option<&name::Survey>,
    credential: Option<&pb::Credential>,
    faults: &mut Faults,
    lines: impl FnOnce(Signed<'_>) -> Result<String, Failure>,
) -> Result<Option<Result<Proof, Refusal>>, Failure> {
    let none = pb::Credential::default();
    let pb::Credential { token, link, kiosk } = credential.unwrap_or(&none);
    Ok(match (token.is_empty(), link.is_empty(), kiosk) {
        (true, true, None) => Some(Ok(Proof::Agent)),
        (false, true, None) => survey.map(|survey| secret.read_token(survey, token).map(Proof::Token)),
        (true, false, None) => survey.map(|survey| secret.check_link(survey, link).map(|()| Proof::Link)),
        (true, true, Some(proof)) => kiosk_proof(proof, survey, faults, lines)?
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
    faults: &mut Faults,
    lines: impl FnOnce(Signed<'_>) -> Result<String, Failure>,
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
    let counter = proof.counter;
    let signed = Signed {
        survey,
        device: &device,
        counter,
    };
    Ok(Some(Kiosk {
        lines: lines(signed)?.into(),
        signature: proof.signature.clone(),
        device,
        counter,
    }))
}
