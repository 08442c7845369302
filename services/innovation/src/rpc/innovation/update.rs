//! Changes an innovation and keeps the earlier state in its history.

use std::{collections::BTreeSet, slice};

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::{from_micros, micros},
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults, Mask},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::{message, near::index, read::shown};
use crate::{
    derived::portfolio,
    domain::{calendar, innovation::Innovation},
    rpc::access::require_ministry,
    store::{
        Lock,
        innovation::{innovation_get, innovation_save_in_txn},
        revision::revision_insert_in_txn,
    },
};

/// Fields of an innovation that can be changed.
const CHANGEABLE: [&str; 13] = [
    "title",
    "description",
    "initiator",
    "category",
    "sdgs",
    "status",
    "start_date",
    "stop_date",
    "source",
    "documents",
    "legal_basis",
    "supports",
    "former_awards",
];

/// The innovation, and the fields of `given` that the mask names.
#[derive(Debug, Clone)]
pub struct Update {
    name: name::Innovation,
    etag: String,
    mask: Mask,
    given: Innovation,
}

impl Command for Update {
    type App = Context;
    type Message = v1::UpdateInnovationRequest;
    type Answer = v1::UpdateInnovationResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let mask = faults.mask(message.update_mask, &CHANGEABLE);
        let Some(given) = faults.required("innovation", message.innovation) else {
            return Err(faults.refused());
        };
        let name = faults.take(request::name("innovation.name", &given.name));
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

    /// Only the ministry may set awards from before Prima.
    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        if !self.mask.names("former_awards") {
            return Ok(());
        }
        require_ministry(caller)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = innovation_get(work.txn, &self.name, Lock::Update).await?;
        let mut stored = found(locked, &self.name)?;
        let before = stored.innovation.clone();
        etag::check(&self.etag, stored.version, &self.name)?;
        apply_mask(&mut stored.innovation, self.given, &self.mask);
        before.followed_by(&stored.innovation)?;
        let now = work.now();
        Failure::check(stored.innovation.faults(calendar::day(now)))?;
        stored.updated_at = micros(now);
        stored.version = work.next_version(stored.version);
        innovation_save_in_txn(work.txn, &stored).await?;
        revision_insert_in_txn(work.txn, &stored, work.caller.subject()).await?;
        index(work.txn, &stored).await?;
        let registered = calendar::day(from_micros(stored.created_at));
        let this_year = calendar::year(now);
        let years: BTreeSet<i32> = before
            .years(registered, this_year)
            .chain(stored.innovation.years(registered, this_year))
            .collect();
        portfolio::recompute(work, &portfolio::keys(&stored.name.unit, years)).await?;
        Ok(v1::UpdateInnovationResponse {
            innovation: shown(work.txn, slice::from_ref(&stored)).await?.pop(),
        })
    }
}

/// Copies the fields that the mask names.
fn apply_mask(innovation: &mut Innovation, given: Innovation, mask: &Mask) {
    macro_rules! apply_mask {
        ($($field:ident),*) => { $(if mask.names(stringify!($field)) { innovation.$field = given.$field; })* };
    }
    apply_mask!(
        title,
        description,
        initiator,
        category,
        sdgs,
        status,
        start_date,
        stop_date,
        source,
        documents,
        legal_basis,
        supports,
        former_awards
    );
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::served::mask;

    use super::*;

    #[test]
    fn a_field_that_the_mask_does_not_name_is_left_alone() {
        let message = |paths: &[&str]| v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation {
                name: "agencies/3271/units/dpmptsp/innovations/sipandu".into(),
                title: "\u{0}".into(),
                initiator: "DPMPTSP".into(),
                ..Default::default()
            }),
            update_mask: mask(paths),
        };
        assert!(Update::parse(message(&["title"]), DateTime::UNIX_EPOCH).is_err());
        let update = Update::parse(message(&["initiator"]), DateTime::UNIX_EPOCH).unwrap();
        let mut innovation = Innovation {
            title: "Sipandu".into(),
            ..Innovation::default()
        };
        apply_mask(&mut innovation, update.given, &update.mask);
        assert_eq!(
            (innovation.title.as_str(), innovation.initiator.as_str()),
            ("Sipandu", "DPMPTSP")
        );
    }
}
