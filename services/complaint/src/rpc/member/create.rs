//! Adds a member to the team of an agency.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};
use prost::Message;

use super::message;
use crate::{
    context::App,
    rpc::once,
    store::member::{Member, Stored, member_insert_in_txn},
};

/// A parsed member.
pub struct Create {
    once: IdempotencyKey,
    name: name::Member,
    member: Member,
}

impl Create {
    fn stored(self, version: i64) -> Stored {
        Stored {
            name: self.name,
            member: self.member,
            version,
        }
    }
}

impl Command for Create {
    type App = App;
    type Message = v1::CreateTeamMemberRequest;
    type Answer = v1::TeamMember;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.CreateTeamMember", &raw.request_id, &raw));
        let agency = faults.take(request::one::<name::Agency>("parent", &raw.parent));
        let member = faults.take(request::new_id("member_id", &raw.member_id, name::id));
        let given = faults.required("member", raw.member);
        let given = given.map(|raw| message::given(raw, |_| true, &mut faults));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name::Member {
                    agency: agency?.agency,
                    member: member?,
                },
                member: given?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let stored = self.stored(work.now().timestamp_millis());
        if !member_insert_in_txn(work.txn, &stored).await? {
            return Err(Failure::already_exists(&stored.name.to_string()));
        }
        Ok(message::member(&stored))
    }

    /// The stored response has only the version: everything else is personal and is in the repeated request.
    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Owned(v1::TeamMember {
            etag: answer.etag.clone(),
            ..Default::default()
        })
    }

    async fn replay(app: &App, body: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let repeat = v1::CreateTeamMemberRequest::decode(body).map_err(Failure::internal)?;
        let version = kept.etag.parse().map_err(Failure::internal)?;
        Ok(message::member(&Self::parse(repeat, app.now())?.stored(version)))
    }
}
