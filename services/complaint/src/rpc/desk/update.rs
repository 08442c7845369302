//! Sets how a unit can be reached. What it has recorded stays.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, Once, Work},
    etag,
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};

use super::{
    message,
    save::{save, with_words, without_words},
};
use crate::{
    context::App,
    domain::desk::Desk,
    rpc::{once, rights::require_liaison},
    store::desk::desk_lock_in_txn,
};

/// A desk as it shall be.
pub struct Update {
    once: Once,
    unit: name::Unit,
    /// Its records are left as they are.
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
        let ways = message::ways(&given.channels, &mut faults);
        let mut day = |field: &str, raw: &str| faults.or_default(message::optional_day(field, raw));
        let desk = Desk {
            ways,
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

    fn once(&self) -> Option<Once> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        require_liaison(caller, &self.unit.agency)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let mut stored = desk_lock_in_txn(work.txn, &self.unit).await?;
        // Whoever knows that there was nothing yet has no version to tell.
        etag::check(&self.etag, stored.version, &self.unit)?;
        stored.desk = Desk {
            records: std::mem::take(&mut stored.desk.records),
            ..self.desk
        };
        let desk = save(work, &self.unit, &mut stored).await?;
        Ok(v1::UpdateDeskResponse { desk })
    }

    fn kept(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        let desk = without_words(answer.desk.as_ref());
        Cow::Owned(v1::UpdateDeskResponse { desk })
    }

    async fn again(app: &App, _: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let desk = with_words(app, kept.desk).await?;
        Ok(v1::UpdateDeskResponse { desk })
    }
}
