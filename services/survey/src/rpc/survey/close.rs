//! Closes a survey.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, Work},
    etag,
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::{closing, results::survey_lock},
    service::App,
    store::unit::unit_confirmed,
};

/// The survey to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    name: name::Survey,
    etag: String,
}

impl Command for Close {
    type App = App;
    type Message = pb::CloseSurveyRequest;
    type Answer = pb::CloseSurveyResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self {
            name: request::name("name", &message.name)?,
            etag: message.etag,
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let name = self.name.to_string();
        let locked = survey_lock(txn, &name, &work.app.rules(), now).await?;
        let mut stored = found(locked, &name)?;
        etag::check(&self.etag, stored.etag, &name)?;
        stored.survey.close(now)?;
        let states = closing::save(txn, &mut stored, &work.app.rules(), &work.app.context.clock, now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        let confirmed = unit_confirmed(txn, &self.name.unit).await?;
        Ok(pb::CloseSurveyResponse {
            survey: Some(message::survey(&stored, confirmed, now)),
        })
    }
}
