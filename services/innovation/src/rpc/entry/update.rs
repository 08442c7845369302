//! Changes a draft, or an entry that the agency returned.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults, Mask},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    derived::portfolio,
    domain::entry::{Proposal, wrong_state},
    rpc::access::{require_unit, require_visible},
    store::{
        Lock,
        entry::{entry_get, entry_save_in_txn},
        round::round_get,
    },
};

/// The entry, and the fields of `given` that the mask names.
#[derive(Debug, Clone)]
pub struct Update {
    name: name::Entry,
    etag: String,
    mask: Mask,
    given: Proposal,
}

impl Command for Update {
    type App = Context;
    type Message = v1::UpdateEntryRequest;
    type Answer = v1::UpdateEntryResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let known = ["group", "category", "answers", "documents"];
        let mask = faults.mask(message.update_mask, &known);
        let Some(given) = faults.required("entry", message.entry) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name("entry.name", &given.name));
        let etag = given.etag.clone();
        let given = message::parse(given, Some(&mask), &mut faults);
        faults.build(|| {
            Some(Self {
                name: name?,
                etag,
                mask,
                given,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = round_get(work.txn, &self.name.round, Lock::Share).await?;
        let round = found(locked, &self.name.round)?;
        let locked = entry_get(work.txn, &self.name, Lock::Update).await?;
        let mut stored = found(locked, &self.name)?;
        require_visible(work.caller, &stored.unit.agency, &self.name)?;
        require_unit(work.caller, &stored.unit.agency)?;
        etag::check(&self.etag, stored.version, &self.name)?;
        round
            .round
            .check_submission(&round.name, &round.stage, work.now())?;
        if !stored.state.is_open() {
            return Err(wrong_state(stored.state));
        }
        apply_mask(&mut stored.proposal, self.given, &self.mask);
        Failure::check(stored.proposal.faults(&round.round.rules))?;
        stored.version = work.next_version(stored.version);
        entry_save_in_txn(work.txn, &stored).await?;
        portfolio::recompute(work, &portfolio::keys(&stored.unit, [stored.year])).await?;
        Ok(v1::UpdateEntryResponse {
            entry: Some(message::entry(&stored, true)),
        })
    }
}

/// Copies the fields that the mask names.
fn apply_mask(proposal: &mut Proposal, given: Proposal, mask: &Mask) {
    if mask.names("group") {
        proposal.group = given.group;
    }
    if mask.names("category") {
        proposal.category = given.category;
    }
    if mask.names("answers") {
        proposal.answers = given.answers;
    }
    if mask.names("documents") {
        proposal.documents = given.documents;
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_that_the_mask_does_not_name_is_left_alone() {
        let message = |paths: &[&str]| v1::UpdateEntryRequest {
            entry: Some(v1::Entry {
                name: "rounds/kipp/entries/a".into(),
                category: "inklusif".into(),
                documents: vec![v1::Link::default()],
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        assert!(Update::parse(message(&["documents"]), DateTime::UNIX_EPOCH).is_err());
        let update = Update::parse(message(&["category"]), DateTime::UNIX_EPOCH).unwrap();
        let mut proposal = Proposal {
            group: "umum".into(),
            ..Proposal::default()
        };
        apply_mask(&mut proposal, update.given, &update.mask);
        assert_eq!(
            (proposal.group.as_str(), proposal.category.as_str()),
            ("umum", "inklusif")
        );
    }
}
