//! Adds a sound instrument under a new id.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, Once, Work},
    failure::Failure,
    request::{self, Faults},
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::{document, message};
use crate::{
    domain::instrument::{Instrument, Known},
    store::instrument::instrument_insert_in_txn,
};

/// A document that was not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    once: Once,
    document: String,
}

impl Command for Add {
    const NEEDS_TOKEN: bool = false;
    type App = Context;
    type Message = pb::AddInstrumentRequest;
    type Answer = pb::Instrument;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let id = faults.take(request::id("request_id", message.request_id.clone()));
        faults.take(document::check(&message.document));
        let id = faults.settle(id)?;
        Ok(Self {
            once: Once::new("index.AddInstrument", &id, &message),
            document: message.document,
        })
    }

    fn once(&self) -> Option<Once> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Admin], "*")
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let known = Known {
            instrument: Instrument::read(&self.document)?,
            document: self.document,
            created_at: Some(micros(work.now())),
        };
        if !instrument_insert_in_txn(work.txn, &known).await? {
            return Err(Failure::already_exists(&known.instrument.id));
        }
        Ok(message::instrument(&known))
    }
}
