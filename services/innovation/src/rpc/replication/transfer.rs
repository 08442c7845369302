//! Records an event of knowledge transfer.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Violation, found},
    request::{self, Faults, text},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    derived::portfolio,
    domain::{calendar, replication::Transfer},
    rpc::{message::parse_links, once::once},
    store::{
        Lock, innovation::innovation_get, transfer::transfer_insert_in_txn,
        transfer_receiver::receivers_insert_in_txn,
    },
};

/// A new event; its day is not checked against today yet.
#[derive(Debug, Clone)]
pub struct RecordTransfer {
    once: IdempotencyKey,
    /// The innovation that was presented.
    innovation: name::Innovation,
    /// Units that took part.
    receivers: Vec<name::Unit>,
    transfer: Transfer,
}

/// Parses the units that took part: other units than the giver, each once.
fn receivers(raw: &[String], giver: Option<&name::Unit>, faults: &mut Faults) -> Vec<name::Unit> {
    const FIELD: &str = "transfer.receivers";
    let mut receivers = Vec::new();
    for raw in raw.iter().take(101) {
        let Some(unit) = faults.take(request::name(FIELD, raw)) else {
            continue;
        };
        if receivers.contains(&unit) || giver == Some(&unit) {
            faults.add(
                FIELD,
                "must be other units than the giver, each once",
                "harus unit selain pemilik inovasi, masing-masing satu kali",
            );
        }
        receivers.push(unit);
    }
    if raw.is_empty() || raw.len() > 100 {
        faults.add(FIELD, "must be 1 to 100 units", "harus 1 sampai 100 unit");
    }
    receivers
}

impl Command for RecordTransfer {
    type App = Context;
    type Message = v1::RecordTransferRequest;
    type Answer = v1::RecordTransferResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once("innovation.RecordTransfer", &message.request_id, &message));
        let Some(given) = faults.required("transfer", message.transfer) else {
            return Err(faults.refused());
        };
        let innovation: Option<name::Innovation> =
            faults.take(request::name("transfer.innovation", &given.innovation));
        let title = faults.take(text::name("transfer.title", &given.title, 1, 200));
        let date = faults.take(calendar::parse_date("transfer.date", &given.date));
        let evidence = parse_links("transfer.evidence", &given.evidence, 0, 20, &mut faults);
        let giver = innovation.as_ref().map(|innovation| &innovation.unit);
        let receivers = receivers(&given.receivers, giver, &mut faults);
        faults.build(|| {
            Some(Self {
                once: once?,
                innovation: innovation?,
                transfer: Transfer {
                    title: title?,
                    date: date?,
                    receivers: receivers.iter().map(ToString::to_string).collect(),
                    evidence,
                },
                receivers,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        if self.transfer.date > calendar::day(work.now()) {
            return Err(Violation::new(
                "transfer.date",
                "must not be in the future",
                "tidak boleh di masa depan",
            )
            .into());
        }
        let source = innovation_get(work.txn, &self.innovation, Lock::None).await?;
        let source = found(source, &self.innovation)?;
        let id = transfer_insert_in_txn(work.txn, source.id, &self.transfer).await?;
        receivers_insert_in_txn(work.txn, id, self.transfer.date, &self.receivers).await?;
        let year = [self.transfer.date.year()];
        let receivers = self.receivers.iter();
        let keys: BTreeSet<_> = receivers.flat_map(|unit| portfolio::keys(unit, year)).collect();
        portfolio::recompute(work, &keys).await?;
        Ok(v1::RecordTransferResponse {
            transfer: Some(message::transfer(&source.name.to_string(), &self.transfer)),
        })
    }
}
