//! Records whether a replica is still in use.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults, text},
    service::Context,
};
use prima_proto::{innovation::v1, name, zone::day_of_agency};

use super::message;
use crate::{
    domain::{calendar, replication},
    rpc::{access::require_unit, once::once},
    store::replication::{replication_lock_in_txn, replication_save_in_txn},
};

/// A follow-up of a replica.
#[derive(Debug, Clone)]
pub struct FollowUp {
    once: IdempotencyKey,
    name: name::Replication,
    follow_up: replication::FollowUp,
}

impl Command for FollowUp {
    type App = Context;
    type Message = v1::FollowUpReplicationRequest;
    type Answer = v1::FollowUpReplicationResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once("innovation.FollowUpReplication", &message.request_id, &message);
        let once = faults.take(once);
        let name = faults.take(request::name("name", &message.name));
        let Some(given) = faults.required("follow_up", message.follow_up) else {
            return Err(faults.refused());
        };
        let date = faults.take(calendar::parse_date("follow_up.date", &given.date));
        let remark = faults.take(text::lines("follow_up.remark", &given.remark, 0, 2000));
        faults.build(|| {
            Some(Self {
                once: once?,
                name: name?,
                follow_up: replication::FollowUp {
                    date: date?,
                    in_use: given.in_use,
                    remark: remark?,
                },
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let locked = replication_lock_in_txn(work.txn, &self.name).await?;
        let locked = locked.filter(|stored| require_unit(work.caller, &stored.adopter.agency).is_ok());
        let mut stored = found(locked, &self.name)?;
        let today = day_of_agency(&stored.adopter.agency, work.now());
        stored.replication.follow_up(self.follow_up, today)?;
        replication_save_in_txn(work.txn, &stored).await?;
        Ok(v1::FollowUpReplicationResponse {
            replication: Some(message::replication(&stored)),
        })
    }
}
