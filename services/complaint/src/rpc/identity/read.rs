//! Returns an identity to a caller who may see it. The reading is logged before the response is sent.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::Faults,
};
use prima_proto::complaint::v1;

use super::message::{self, denied};
use crate::{
    context::App,
    domain::purpose::Purpose,
    rpc::rights::{as_not_found, found, require_liaison, require_national, role_in},
    store::{
        Lock,
        identity::{StoredIdentity, Subject, identity_get_in_txn},
        reading::{Reading, reading_add_in_txn},
        sealed::Note,
    },
};

const METHOD: &str = "ReadIdentity";

/// A parsed request.
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

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, caller) = (work.app, work.txn, work.caller);
        let subject = &self.subject;
        let stored = found(identity_get_in_txn(txn, subject, Lock::Share).await?, subject)?;
        denied(METHOD, allowed(caller, &stored, subject))?;
        if !stored.is_given() {
            return Err(message::not_given(&stored));
        }
        let reading = Reading {
            name: subject.to_string(),
            agency: stored.agency.clone(),
            actor: caller.subject().to_owned(),
            role: role_in(caller, &stored.agency)?.key().to_owned(),
            purpose: self.purpose,
            method: METHOD.to_owned(),
            at: work.now(),
        };
        reading_add_in_txn(txn, &app.vault, &reading, &self.reason).await?;
        let identity = found(stored.identity(&app.vault)?, subject)?;
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

/// Officials of the agency that handles the report may see the identity; that of an anonymous reporter only the
/// national admin.
fn allowed(caller: &Caller, stored: &StoredIdentity, subject: &Subject) -> Result<(), Failure> {
    as_not_found(require_liaison(caller, &stored.agency), subject)?;
    if stored.anonymous {
        require_national(caller)?;
    }
    Ok(())
}
