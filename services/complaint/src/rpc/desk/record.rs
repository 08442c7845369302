//! Records what a unit did with what it heard.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, Once, Work},
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name, period::jakarta_day};

use super::{
    message,
    save::{save, with_words, without_words},
};
use crate::{
    context::App,
    domain::desk::{self, RECORDS},
    rpc::{
        once,
        rights::{precondition, require_liaison},
    },
    store::desk::desk_lock_in_txn,
};

/// A record to add.
pub struct Record {
    once: Once,
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

    fn once(&self) -> Option<Once> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        require_liaison(caller, &self.unit.agency)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let mut stored = desk_lock_in_txn(work.txn, &self.unit).await?;
        if stored.desk.records.len() >= RECORDS {
            return Err(precondition(
                "TOO_MANY_RECORDS",
                format!("a desk keeps at most {RECORDS} records"),
                format!("Paling banyak {RECORDS} catatan untuk satu unit"),
            ));
        }
        stored.desk.records.push(self.record);
        let desk = save(work, &self.unit, &mut stored).await?;
        Ok(v1::RecordAccountabilityResponse { desk })
    }

    fn kept(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        let desk = without_words(answer.desk.as_ref());
        Cow::Owned(v1::RecordAccountabilityResponse { desk })
    }

    async fn again(app: &App, _: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let desk = with_words(app, kept.desk).await?;
        Ok(v1::RecordAccountabilityResponse { desk })
    }
}
