//! Records the completion of a planned action, once.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, Work},
    etag,
    failure::{Failure, Kind, found},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb, zone::day_of_agency};

use super::message;
use crate::{
    derived::results::survey_lock,
    domain::follow_up::{self, Done},
    events::publish,
    service::App,
    store::follow_up::{aftermath_get, follow_up_save_in_txn},
};

/// A planned action and its completion.
#[derive(Debug, Clone)]
pub struct Complete {
    name: name::FollowUp,
    etag: String,
    done: Done,
}

impl Command for Complete {
    type App = App;
    type Message = pb::CompleteFollowUpRequest;
    type Answer = pb::CompleteFollowUpResponse;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let name = faults.take(request::name::<name::FollowUp>("name", &message.name));
        let agency = name.as_ref().map_or("", |name| name.survey.unit.agency.as_str());
        let today = day_of_agency(agency, now);
        let done = follow_up::done(&message.done_date, &message.evidence, &message.note, today);
        let done = faults.take_all(done);
        faults.build(|| {
            Some(Self {
                name: name?,
                etag: message.etag,
                done: done?,
            })
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let survey = &self.name.survey;
        let locked = survey_lock(txn, &survey.to_string(), &work.app.rules(), now).await?;
        let stored = found(locked, &self.name)?;
        let known = aftermath_get(txn, &[stored.id]).await?.remove(&stored.id);
        let mut planned = known.unwrap_or_default().follow_ups.into_iter();
        let mut follow_up = found(planned.find(|f| f.id == self.name.follow_up), &self.name)?;
        if follow_up.done.is_some() {
            return Err(done_already(&self.name));
        }
        etag::check(&self.etag, follow_up.etag, &self.name)?;
        follow_up.etag = work.next_version(follow_up.etag);
        follow_up.done = Some(self.done);
        follow_up_save_in_txn(txn, stored.id, &follow_up).await?;
        work.stage(publish::survey_result(txn, &stored, &work.app.rules(), now).await?);
        Ok(pb::CompleteFollowUpResponse {
            follow_up: Some(message::follow_up(survey, &follow_up)),
        })
    }
}

fn done_already(what: &name::FollowUp) -> Failure {
    Failure::new(
        Kind::Precondition,
        "FOLLOW_UP_DONE",
        format!("{what} is done already"),
        format!("{what} sudah selesai"),
    )
}
