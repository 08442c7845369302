//! Registers an innovation, and returns its near duplicates.

use std::slice;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::{
    message,
    near::{index, near_duplicates},
    read::shown,
};
use crate::{
    derived::portfolio,
    domain::{calendar, innovation::Innovation},
    rpc::{access::require_ministry, once::once},
    store::{
        Lock,
        innovation::{Stored, innovation_get, innovation_insert_in_txn},
        revision::revision_insert_in_txn,
    },
};

/// A new innovation; whether its fields fit together is not checked yet.
#[derive(Debug, Clone)]
pub struct Register {
    once: IdempotencyKey,
    name: name::Innovation,
    innovation: Innovation,
    /// Whether the innovation is only checked, and nothing is stored.
    validate_only: bool,
}

impl Register {
    /// The response of a check: the stored response when the same request was executed before, else an empty one.
    async fn checked(self, work: &Work<'_, Context>) -> Result<v1::RegisterInnovationResponse, Failure> {
        if let Some(kept) = self.once.find(work.app, work.caller).await? {
            return Ok(kept);
        }
        match innovation_get(work.txn, &self.name, Lock::None).await? {
            Some(_) => Err(Failure::already_exists(&self.name.to_string())),
            None => Ok(v1::RegisterInnovationResponse::default()),
        }
    }
}

impl Command for Register {
    type App = Context;
    type Message = v1::RegisterInnovationRequest;
    type Answer = v1::RegisterInnovationResponse;

    fn parse(mut message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        // A check and the request that stores the innovation must have the same digest.
        let validate_only = std::mem::take(&mut message.validate_only);
        let once = faults.take(once(
            "innovation.RegisterInnovation",
            &message.request_id,
            &message,
        ));
        let unit = faults.take(request::name("parent", &message.parent));
        let id = faults.take(request::new_id("innovation_id", &message.innovation_id, name::id));
        let Some(given) = faults.required("innovation", message.innovation) else {
            return Err(faults.refused());
        };
        let innovation = message::parse(given, None, &mut faults);
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name::Innovation {
                    unit: unit?,
                    innovation: id?,
                },
                innovation,
                validate_only,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        (!self.validate_only).then(|| self.once.clone())
    }

    /// Only the ministry may set awards from before Prima.
    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        if self.innovation.former_awards.is_empty() {
            return Ok(());
        }
        require_ministry(caller)
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let now = work.now();
        let today = calendar::day(now);
        Failure::check(self.innovation.faults(today))?;
        if self.validate_only {
            return self.checked(work).await;
        }
        let mut stored = Stored {
            id: 0,
            name: self.name,
            innovation: self.innovation,
            version: work.next_version(0),
            created_at: micros(now),
            updated_at: micros(now),
        };
        let Some(id) = innovation_insert_in_txn(work.txn, &stored).await? else {
            return Err(Failure::already_exists(&stored.name.to_string()));
        };
        stored.id = id;
        revision_insert_in_txn(work.txn, &stored, work.caller.subject()).await?;
        let keys = index(work.txn, &stored).await?;
        let near_duplicates = near_duplicates(work.txn, work.caller, &stored, &keys).await?;
        let years = stored.innovation.years(today, calendar::year(now));
        portfolio::recompute(work, &portfolio::keys(&stored.name.unit, years)).await?;
        Ok(v1::RegisterInnovationResponse {
            innovation: shown(work.txn, slice::from_ref(&stored)).await?.pop(),
            near_duplicates,
        })
    }
}
