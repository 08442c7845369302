//! Sets the channels by which a unit can be reached. Its records stay.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    etag,
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};

use super::{
    message,
    save::{save, with_text, without_text},
};
use crate::{context::App, domain::desk::Desk, rpc::once, store::desk::desk_lock_in_txn};

/// A parsed desk.
pub struct Update {
    once: IdempotencyKey,
    unit: name::Unit,
    /// Contains no records; those of the stored desk are kept.
    desk: Desk,
    etag: String,
}

impl Command for Update {
    type App = App;
    type Message = v1::UpdateDeskRequest;
    type Answer = v1::UpdateDeskResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.UpdateDesk", &raw.request_id, &raw));
        let given = faults.required("desk", raw.desk).unwrap_or_default();
        let unit = faults.take(request::name("desk.unit", &given.unit));
        let channels = message::channels(&given.channels, &mut faults);
        let mut day = |field: &str, raw: &str| faults.or_default(message::optional_day(field, raw));
        let desk = Desk {
            channels,
            separate_since: day("desk.separate_since_date", &given.separate_since_date),
            sp4n_since: day("desk.sp4n_since_date", &given.sp4n_since_date),
            records: Vec::new(),
        };
        faults.build(|| {
            Some(Self {
                once: once?,
                unit: unit?,
                desk,
                etag: given.etag,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let mut stored = desk_lock_in_txn(work.txn, &self.unit).await?;
        // A desk that was never saved has no version, so a caller who knows that sends no etag.
        etag::check(&self.etag, stored.version, &self.unit)?;
        stored.desk = Desk {
            records: std::mem::take(&mut stored.desk.records),
            ..self.desk
        };
        let desk = save(work, &self.unit, &mut stored).await?;
        Ok(v1::UpdateDeskResponse { desk })
    }

    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        let desk = without_text(answer.desk.as_ref());
        Cow::Owned(v1::UpdateDeskResponse { desk })
    }

    async fn replay(app: &App, _: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let desk = with_text(app, kept.desk).await?;
        Ok(v1::UpdateDeskResponse { desk })
    }
}
