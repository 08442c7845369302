//! Shows an identity to who may see it. What was read is in the log before it is answered.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, Once, Work},
    failure::{Failure, Kind},
    request::Faults,
};
use prima_proto::complaint::v1;

use super::message::{self, denied};
use crate::{
    context::App,
    domain::purpose::Purpose,
    rpc::rights::{found, hidden, precondition, require_liaison, require_national, require_some, role_in},
    store::{
        identity::{Held, Subject, identity_get_in_txn},
        reading::{Reading, reading_add_in_txn},
        sealed::Note,
    },
};

const METHOD: &str = "ReadIdentity";

/// Whose identity is to be read, and why.
pub struct Read {
    subject: Subject,
    purpose: Purpose,
    reason: Note,
}

impl Command for Read {
    type App = App;
    type Message = v1::ReadIdentityRequest;
    type Answer = v1::ReadIdentityResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let subject = faults.take(message::subject(&raw.name));
        let purpose = faults.take(message::purpose(raw.purpose));
        let reason = faults.take(message::reason(&raw.reason));
        faults.build(|| {
            Some(Self {
                subject: subject?,
                purpose: purpose?,
                reason: reason?,
            })
        })
    }

    fn once(&self) -> Option<Once> {
        None
    }

    /// Names are told to nobody who can't read anything.
    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        denied(METHOD, require_some(caller))
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, caller) = (work.app, work.txn, work.caller);
        let subject = &self.subject;
        let held = found(identity_get_in_txn(txn, subject).await?, subject)?;
        denied(METHOD, allowed(caller, &held, subject))?;
        if !held.is_given() {
            return Err(not_given(&held));
        }
        let reading = Reading {
            name: subject.to_string(),
            agency: held.agency.clone(),
            actor: caller.subject().to_owned(),
            role: role_in(caller, &held.agency)?.key().to_owned(),
            purpose: self.purpose,
            method: METHOD.to_owned(),
            at: work.now(),
        };
        reading_add_in_txn(txn, &app.vault, &reading, &self.reason).await?;
        let identity = found(held.identity(&app.vault)?, subject)?;
        let reporter = v1::Reporter {
            display_name: identity.display_name,
            identity_number: identity.identity_number,
            phone: identity.phone,
            email: identity.email,
            address: identity.address,
        };
        Ok(v1::ReadIdentityResponse {
            reporter: Some(reporter),
        })
    }
}

/// For an anonymous report the national admin may see it, else the agency that has it.
fn allowed(caller: &Caller, held: &Held, subject: &Subject) -> Result<(), Failure> {
    hidden(require_liaison(caller, &held.agency), subject)?;
    if held.anonymous {
        require_national(caller)?;
    }
    Ok(())
}

fn not_given(held: &Held) -> Failure {
    if held.erased {
        return precondition(
            "IDENTITY_ERASED",
            "the identity was erased",
            "Identitas sudah dihapus",
        );
    }
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        "no identity was given",
        "Identitas tidak diberikan",
    )
}
