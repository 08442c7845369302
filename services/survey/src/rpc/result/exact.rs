//! Reads the exact result of a survey, with the responses that wait to be released; each reading is stored with its purpose.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    clock::{from_micros, micros, to_proto},
    command::{Command, Work},
    failure::{Failure, found},
    request::{self, Faults, text},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::{outcome::Outcome, released::Released},
    rpc::field,
    service::App,
    store::{
        delta::Of,
        follow_up::aftermath_get,
        reading::{reading_insert_in_txn, reading_page},
        survey::{survey_get, survey_lock_unchanged_in_txn},
        tally::tallies_get,
    },
};

/// A reading of exact figures.
#[derive(Debug, Clone)]
pub struct ReadExact {
    survey: name::Survey,
    purpose: String,
}

impl Command for ReadExact {
    type App = App;
    type Message = pb::ReadExactResultRequest;
    type Answer = pb::ReadExactResultResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let survey = faults.take(request::name("survey", &message.survey));
        let purpose = faults.take(text::line("purpose", &message.purpose, 5, 500));
        faults.build(|| {
            Some(Self {
                survey: survey?,
                purpose: purpose?,
            })
        })
    }

    async fn prepare(&mut self, app: &App) -> Result<Option<Caller>, Failure> {
        app.counter.count(Of::Survey(&self.survey)).await?;
        Ok(None)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let locked = survey_lock_unchanged_in_txn(txn, &self.survey.to_string()).await?;
        let stored = found(locked, &self.survey)?;
        reading_insert_in_txn(txn, stored.id, micros(now), work.caller.subject(), self.purpose).await?;
        let tallies = tallies_get(txn, &[stored.id]).await?.remove(&stored.id);
        let sums = Released::exact(&stored, &tallies.unwrap_or_default());
        let aftermath = aftermath_get(txn, &[stored.id]).await?.remove(&stored.id);
        let outcome = Outcome {
            aftermath: aftermath.unwrap_or_default(),
            ..Outcome::from_sums(&stored, sums)
        };
        Ok(pb::ReadExactResultResponse {
            result: Some(message::result(&stored, &outcome, now)),
        })
    }
}

/// A page of the readings of a survey, in their order.
pub async fn list_readings(
    app: &App,
    message: pb::ListResultReadingsRequest,
) -> Result<pb::ListResultReadingsResponse, Failure> {
    let survey = request::name::<name::Survey>("survey", &message.survey);
    let (survey, page) =
        field::parent_and_page(survey, &message.survey, message.page_size, &message.page_token)?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    // Page tokens are verified when they are parsed, so this one is empty or a number.
    let after = page.after.parse().unwrap_or(0);
    let mut readings = reading_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut readings, |r| r.number.to_string());
    let reading = |stored: crate::store::reading::Model| pb::ResultReading {
        number: stored.number,
        read_time: Some(to_proto(from_micros(stored.read_at))),
        actor: stored.actor,
        purpose: stored.purpose,
    };
    Ok(pb::ListResultReadingsResponse {
        readings: readings.into_iter().map(reading).collect(),
        next_page_token,
    })
}
