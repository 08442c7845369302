//! Adds a valid instrument under a new id.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::Faults,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::{document, message};
use crate::{
    domain::instrument::{Instrument, InstrumentDocument},
    rpc::once,
    store::instrument_insert_in_txn,
};

/// A document that is not parsed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    once: IdempotencyKey,
    document: String,
}

impl Command for Add {
    type App = Context;
    type Message = pb::AddInstrumentRequest;
    type Answer = pb::Instrument;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = once("index.AddInstrument", &message.request_id, &message, &mut faults);
        faults.take(document::check(&message.document));
        Ok(Self {
            once: faults.settle(once)?,
            document: message.document,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let now = micros(work.now());
        let known = InstrumentDocument {
            instrument: Instrument::read(&self.document)?,
            document: self.document,
            created_at: Some(now),
        };
        if !instrument_insert_in_txn(work.txn, &known, now).await? {
            return Err(Failure::already_exists(&known.instrument.id));
        }
        Ok(message::instrument(&known))
    }
}
