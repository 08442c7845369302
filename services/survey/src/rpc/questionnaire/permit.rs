//! Checks the proof of a reader as intake checks that of a response, without using it up.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{db::Txn, failure::Failure};
use prima_proto::name;

use crate::{
    domain::access::{self, Proof, Refusal},
    store::{
        device::devices_get, response::response_by_token, survey::Stored, token_batch::token_batches_get,
    },
};

/// What a valid proof says.
#[derive(Debug, Default)]
pub(super) struct Permit {
    /// The public service that the token was issued for; empty when there is none.
    pub(super) service: String,
    /// Why the proof, which was valid once, is refused now.
    pub(super) refusal: Option<Refusal>,
}

/// Checks the proof for this survey, `None` when it does not exist.
///
/// # Errors
///
/// The proof was never valid, or the survey does not exist, which who proves nothing does not learn.
pub(super) async fn permit<'a>(
    txn: &Txn,
    proof: &Proof,
    name: &name::Survey,
    stored: Option<&'a Stored>,
    now: DateTime<Utc>,
) -> Result<(&'a Stored, Permit), Failure> {
    let unknown = || Failure::not_found(&name.to_string());
    let (stored, permit) = match proof {
        Proof::Agent | Proof::Link => (stored.ok_or_else(unknown)?, Permit::default()),
        Proof::Token(token) => {
            let stored = stored.ok_or_else(unknown)?;
            let key = (stored.id, token.batch);
            let batch = token_batches_get(txn, &BTreeSet::from([key])).await?.remove(&key);
            let batch = batch.ok_or(Refusal::TokenInvalid)?;
            let refusal = match batch.accepts(now) {
                Err(refusal) => Some(refusal),
                Ok(()) => {
                    let used = response_by_token(txn, stored.id, &token.digest).await?;
                    used.map(|_| Refusal::TokenUsed)
                }
            };
            let service = batch.service;
            (stored, Permit { service, refusal })
        }
        Proof::Kiosk(kiosk) => {
            let device = devices_get(txn, &BTreeSet::from([&kiosk.device])).await?;
            let device = device.get(&kiosk.device).ok_or(Refusal::SignatureInvalid)?;
            device.verify(kiosk.lines.text(), &kiosk.signature)?;
            let fresh = access::check_signed_at(kiosk.counter, now);
            let refusal = device.accepts().err().or(fresh.err());
            let service = String::new();
            (
                stored.ok_or(Refusal::SignatureInvalid)?,
                Permit { service, refusal },
            )
        }
    };
    let allowed = match proof {
        // Who has a role in the agency reads its questions however they are answered.
        Proof::Agent => Ok(()),
        _ => access::check_mode(&stored.survey.access, proof.mode()),
    };
    let refusal = allowed.err().or(permit.refusal);
    Ok((stored, Permit { refusal, ..permit }))
}
