//! Shows an identity to who may see it. What was read is in the log before it is answered.

use prima_platform::{
    caller::{self, Caller},
    failure::{Failure, Kind},
};
use prima_proto::complaint::v1;

use super::{App, elsewhere, not_found, precondition, require_liaison, require_national, role_in};
use crate::{
    domain::purpose::Purpose,
    store::{
        identity::{Held, Subject, identity_get},
        reading::{Reading, reading_add},
        sealed::Note,
    },
};

const METHOD: &str = "ReadIdentity";

/// What is to be read.
#[derive(Debug)]
pub struct Request {
    /// Whose identity.
    pub subject: Subject,
    /// Why.
    pub purpose: Purpose,
    /// The occasion.
    pub reason: Note,
}

/// The identity. For an anonymous report the national admin may see it, else the agency that has it.
///
/// # Errors
///
/// `NOT_FOUND` when none was given, `IDENTITY_ERASED` after erasure.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::Reporter, Failure> {
    let Request {
        subject,
        purpose,
        reason,
    } = request;
    // Names are told to nobody who can't read anything.
    denied(METHOD, caller.holds(&[caller::Role::Operator]))?;
    let txn = app.context.db.begin().await?;
    let held = identity_get(&txn, &subject).await?;
    let held = held.ok_or_else(|| not_found(&subject))?;
    denied(METHOD, allowed(caller, &held))?;
    if !held.is_given() {
        return Err(if held.erased {
            precondition(
                "IDENTITY_ERASED",
                "the identity was erased",
                "Identitas sudah dihapus",
            )
        } else {
            Failure::new(
                Kind::NotFound,
                "NOT_FOUND",
                "no identity was given",
                "Identitas tidak diberikan",
            )
        });
    }
    let reading = Reading {
        name: subject.to_string(),
        agency: held.agency.clone(),
        actor: caller.subject().to_owned(),
        role: role_in(caller, &held.agency)?.key().to_owned(),
        purpose,
        method: METHOD.to_owned(),
        at: app.now(),
    };
    reading_add(&txn, &app.vault, &reading, &reason).await?;
    app.commit(txn).await?;
    let identity = held.identity(&app.vault)?;
    let identity = identity.ok_or_else(|| not_found(&subject))?;
    Ok(v1::Reporter {
        display_name: identity.display_name,
        identity_number: identity.identity_number,
        phone: identity.phone,
        email: identity.email,
        address: identity.address,
    })
}

fn allowed(caller: &Caller, held: &Held) -> Result<(), Failure> {
    if held.anonymous {
        require_national(caller)
    } else {
        require_liaison(caller, &held.agency).map_err(|_| elsewhere())
    }
}

/// Notes in the log of the process that somebody tried what is not theirs. It names nobody, and nothing that the caller
/// wrote.
pub fn denied(method: &str, asked: Result<(), Failure>) -> Result<(), Failure> {
    if let Err(failure) = &asked {
        tracing::warn!(method, reason = failure.reason, "an identity was refused");
    }
    asked
}
