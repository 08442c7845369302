//! Replaces an identity by the correct one, at the request of the person whose it is. The correction is logged.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::to_proto,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::Faults,
};
use prima_proto::complaint::v1;

use super::message::{self, denied};
use crate::{
    context::App,
    domain::purpose::Purpose,
    rpc::{
        once, person,
        rights::{as_not_found, found, require_coordinator, require_liaison, require_national, role_in},
    },
    store::{
        Lock,
        identity::{StoredIdentity, Subject, identity_get_in_txn, identity_replace_in_txn},
        reading::{Reading, reading_add_in_txn},
        sealed::{Identity, Note},
    },
};

const METHOD: &str = "CorrectIdentity";

/// A parsed request.
pub struct Correct {
    once: IdempotencyKey,
    subject: Subject,
    identity: Identity,
    reason: Note,
}

impl Command for Correct {
    type App = App;
    type Message = v1::CorrectIdentityRequest;
    type Answer = v1::CorrectIdentityResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.CorrectIdentity", &raw.request_id, &raw));
        let subject = faults.take(message::subject(&raw.name));
        let reporter = faults.required("reporter", raw.reporter);
        let identity = reporter.map(|reporter| person::identity("reporter", reporter, 1, &mut faults));
        let reason = faults.take(message::reason(&raw.reason));
        faults.build(|| {
            Some(Self {
                once: once?,
                subject: subject?,
                identity: identity?,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, caller, now) = (work.app, work.txn, work.caller, work.now());
        let subject = &self.subject;
        let stored = found(identity_get_in_txn(txn, subject, Lock::Update).await?, subject)?;
        denied(METHOD, allowed(caller, &stored, subject))?;
        if !stored.is_given() {
            return Err(message::not_given(&stored));
        }
        identity_replace_in_txn(txn, &app.vault, (subject, stored.id), &self.identity).await?;
        let line = Reading {
            name: subject.to_string(),
            agency: stored.agency.clone(),
            actor: caller.subject().to_owned(),
            role: role_in(caller, &stored.agency)?.key().to_owned(),
            purpose: Purpose::Correction,
            method: METHOD.to_owned(),
            at: now,
        };
        reading_add_in_txn(txn, &app.vault, &line, &self.reason).await?;
        Ok(v1::CorrectIdentityResponse {
            correct_time: Some(to_proto(now)),
        })
    }
}

/// The coordinator of the agency that handles the report may correct the identity; that of an anonymous reporter only the
/// national admin.
fn allowed(caller: &Caller, stored: &StoredIdentity, subject: &Subject) -> Result<(), Failure> {
    as_not_found(require_liaison(caller, &stored.agency), subject)?;
    require_coordinator(caller, &stored.agency)?;
    if stored.anonymous {
        require_national(caller)?;
    }
    Ok(())
}
