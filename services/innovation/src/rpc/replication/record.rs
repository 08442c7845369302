//! Records that a unit adopted an innovation.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    derived::portfolio,
    domain::{calendar, replication::Replication},
    rpc::{access::visible_innovation, message::parse_links, once::once},
    store::{
        Lock,
        innovation::innovation_get,
        replication::{Stored, replication_insert_in_txn},
    },
};

/// A new replication; whether its fields fit together is not checked yet.
#[derive(Debug, Clone)]
pub struct Record {
    once: IdempotencyKey,
    /// The innovation that was adopted.
    innovation: name::Innovation,
    /// The unit that adopted it.
    adopter: name::Unit,
    /// Innovation that the adopter registered for it.
    replica: Option<name::Innovation>,
    replication: Replication,
}

impl Record {
    fn check(&self, today: NaiveDate) -> Result<(), Failure> {
        let mut faults = Faults::default();
        if self.adopter == self.innovation.unit {
            faults.add(
                "replication.adopter",
                "must be another unit than that of the innovation",
                "harus unit selain pemilik inovasi",
            );
        }
        if self.replication.adopted > today {
            faults.add(
                "replication.adopt_date",
                "must not be in the future",
                "tidak boleh di masa depan",
            );
        }
        if self.replica.as_ref().is_some_and(|r| r.unit != self.adopter) {
            faults.add(
                "replication.replica",
                "must be an innovation of the adopter",
                "harus inovasi milik unit pengadopsi",
            );
        }
        Ok(faults.part(())?)
    }
}

impl Command for Record {
    type App = Context;
    type Message = v1::RecordReplicationRequest;
    type Answer = v1::RecordReplicationResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once(
            "innovation.RecordReplication",
            &message.request_id,
            &message,
        ));
        let innovation = faults.take(request::name("parent", &message.parent));
        let Some(given) = faults.required("replication", message.replication) else {
            return Err(faults.refused());
        };
        let adopter = faults.take(request::name("replication.adopter", &given.adopter));
        let replica = request::optional(&given.replica, |raw| request::name("replication.replica", raw));
        let replica: Option<Option<name::Innovation>> = faults.take(replica);
        let adopted = faults.take(calendar::parse_date("replication.adopt_date", &given.adopt_date));
        let evidence = parse_links("replication.evidence", &given.evidence, 1, 20, &mut faults);
        faults.build(|| {
            let replica = replica?;
            Some(Self {
                once: once?,
                innovation: innovation?,
                adopter: adopter?,
                replication: Replication {
                    replica: replica.as_ref().map(ToString::to_string).unwrap_or_default(),
                    adopted: adopted?,
                    partial: given.partial,
                    evidence,
                    follow_ups: Vec::new(),
                },
                replica,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        self.check(calendar::day(work.now()))?;
        let source = visible_innovation(work.txn, work.caller, &self.innovation).await?;
        if let Some(replica) = &self.replica {
            found(innovation_get(work.txn, replica, Lock::None).await?, replica)?;
        }
        let stored = Stored {
            id: 0,
            name: name::Replication {
                innovation: self.innovation,
                replication: work.app.ids.next().simple().to_string(),
            },
            adopter: self.adopter,
            replication: self.replication,
        };
        if !replication_insert_in_txn(work.txn, source.id, &stored).await? {
            let what = format!("{}: replication by {}", source.name, stored.adopter);
            return Err(Failure::already_exists(&what));
        }
        let year = [stored.replication.adopted.year()];
        let mut keys = portfolio::keys(&stored.adopter, year);
        keys.extend(portfolio::keys(&source.name.unit, year));
        portfolio::recompute(work, &keys).await?;
        Ok(v1::RecordReplicationResponse {
            replication: Some(message::replication(&stored)),
        })
    }
}
