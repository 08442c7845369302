//! Opens a closed survey again, with a reason, as long as its result is not published.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, Work},
    etag,
    failure::{Failure, Kind, found},
    request::{self, Faults, text},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::{closing, results::survey_lock, unit_scores},
    rpc::{field, still_open},
    service::App,
    store::{
        publication::publications_get,
        survey::survey_save_in_txn,
        survey_change::{self, survey_change_insert_in_txn, survey_change_next_number_in_txn},
        tally::tallies_reopen_in_txn,
        unit::unit_confirmed,
    },
};

/// The survey to open again, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopen {
    name: name::Survey,
    reason: String,
    close_at: Option<DateTime<Utc>>,
    etag: String,
}

impl Command for Reopen {
    type App = App;
    type Message = pb::ReopenSurveyRequest;
    type Answer = pb::ReopenSurveyResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let name = faults.take(request::name("name", &message.name));
        let reason = faults.take(text::line("reason", &message.reason, 5, 500));
        let close_at = faults.or_default(field::time("close_time", message.close_time.as_ref()));
        faults.build(|| {
            Some(Self {
                name: name?,
                reason: reason?,
                close_at,
                etag: message.etag,
            })
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let (name, rules) = (self.name.to_string(), work.app.rules());
        let locked = survey_lock(txn, &name, &rules, now).await?;
        let mut stored = found(locked, &name)?;
        etag::check(&self.etag, stored.etag, &name)?;
        // A survey whose closing time has passed discloses its figures as a closed one first.
        closing::when_due(txn, &mut stored, &rules, &work.app.context.clock, now).await?;
        let closed_at = stored.survey.closed_at.ok_or_else(still_open)?;
        if publications_get(txn, &[stored.id])
            .await?
            .contains_key(&stored.id)
        {
            return Err(published(&name));
        }
        stored
            .survey
            .reopen(self.close_at, now)
            .map_err(Failure::invalid)?;
        stored.etag = work.next_version(stored.etag);
        stored.updated_at = micros(now);
        survey_save_in_txn(txn, &stored).await?;
        tallies_reopen_in_txn(txn, &mut stored).await?;
        let change = survey_change::Model {
            survey_id: stored.id,
            number: survey_change_next_number_in_txn(txn, stored.id).await?,
            changed_at: micros(now),
            actor: work.caller.subject().to_owned(),
            reason: self.reason,
            closed_at: micros(closed_at),
            close_at: stored.survey.close_at.map(micros),
        };
        survey_change_insert_in_txn(txn, change).await?;
        let states = unit_scores::follow(txn, [&stored], &rules, now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        let confirmed = unit_confirmed(txn, &self.name.unit).await?;
        Ok(pb::ReopenSurveyResponse {
            survey: Some(message::survey(&stored, confirmed, now)),
        })
    }
}

fn published(what: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "RESULT_PUBLISHED",
        format!("the result of {what} is published"),
        format!("Hasil {what} sudah dipublikasikan"),
    )
}
