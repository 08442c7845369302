//! Changes a team member.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    rpc::rights::found,
    store::{
        Lock,
        member::{Member, member_get, member_save_in_txn},
    },
};

/// Fields that `update_mask` may name.
const CHANGEABLE: [&str; 4] = ["display_name", "office", "topics", "active"];

/// A parsed change.
pub struct Update {
    name: name::Member,
    etag: String,
    paths: Vec<String>,
    /// The new values of the fields in `paths`.
    given: Member,
}

impl Command for Update {
    type App = App;
    type Message = v1::UpdateTeamMemberRequest;
    type Answer = v1::UpdateTeamMemberResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let paths = raw.update_mask.unwrap_or_default().paths;
        if paths.is_empty() || paths.iter().any(|path| !CHANGEABLE.contains(&path.as_str())) {
            let list = CHANGEABLE.join(", ");
            faults.add(
                "update_mask",
                format!("must name at least one of {list}, and nothing else"),
                format!("harus menyebut paling sedikit satu dari {list} dan tidak boleh menyebut yang lain"),
            );
        }
        let Some(raw) = faults.required("member", raw.member) else {
            return Err(faults.refused());
        };
        let Some(name) = faults.take(request::name("member.name", &raw.name)) else {
            return Err(faults.refused());
        };
        let etag = raw.etag.clone();
        let wanted = |field: &str| paths.iter().any(|path| path == field);
        let given = message::given(raw, wanted, &mut faults);
        faults.settle(Some(Self {
            name,
            etag,
            paths,
            given,
        }))
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let stored = member_get(work.txn, &self.name, Lock::Update).await?;
        let mut stored = found(stored, &self.name)?;
        etag::check(&self.etag, stored.version, &stored.name)?;
        let (member, given) = (&mut stored.member, self.given);
        for path in &self.paths {
            match path.as_str() {
                "display_name" => member.display_name.clone_from(&given.display_name),
                "office" => member.office.clone_from(&given.office),
                "topics" => member.topics.clone_from(&given.topics),
                _ => member.active = given.active,
            }
        }
        member_save_in_txn(work.txn, &mut stored, work.now()).await?;
        Ok(v1::UpdateTeamMemberResponse {
            member: Some(message::member(&stored)),
        })
    }
}
