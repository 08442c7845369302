//! Adds a record of accountability to the desk of a unit.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name, period::jakarta_day};

use super::{
    message,
    save::{save, with_text, without_text},
};
use crate::{
    context::App,
    domain::desk::{self, RECORDS_MAX},
    rpc::{once, rights::precondition},
    store::desk::desk_lock_in_txn,
};

/// A parsed record.
pub struct Record {
    once: IdempotencyKey,
    unit: name::Unit,
    record: desk::Record,
}

impl Command for Record {
    type App = App;
    type Message = v1::RecordAccountabilityRequest;
    type Answer = v1::RecordAccountabilityResponse;

    fn parse(raw: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse(
            "complaint.RecordAccountability",
            &raw.request_id,
            &raw,
        ));
        let unit = faults.take(request::name("unit", &raw.unit));
        let given = faults.required("record", raw.record);
        let record = given.and_then(|raw| message::record(&raw, jakarta_day(now), &mut faults));
        faults.build(|| {
            Some(Self {
                once: once?,
                unit: unit?,
                record: record?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let mut stored = desk_lock_in_txn(work.txn, &self.unit).await?;
        if stored.desk.records.len() >= RECORDS_MAX {
            return Err(precondition(
                "TOO_MANY_RECORDS",
                format!("a desk keeps at most {RECORDS_MAX} records"),
                format!("Paling banyak {RECORDS_MAX} catatan untuk satu unit"),
            ));
        }
        stored.desk.records.push(self.record);
        let desk = save(work, &self.unit, &mut stored).await?;
        Ok(v1::RecordAccountabilityResponse { desk })
    }

    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        let desk = without_text(answer.desk.as_ref());
        Cow::Owned(v1::RecordAccountabilityResponse { desk })
    }

    async fn replay(app: &App, _: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let desk = with_text(app, kept.desk).await?;
        Ok(v1::RecordAccountabilityResponse { desk })
    }
}
