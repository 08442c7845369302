//! Changes the definition of a survey that is not closed.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, Work},
    etag,
    failure::{Failure, found},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::{results::survey_lock, unit_scores},
    domain::survey::Change,
    rpc::field,
    service::App,
    store::{survey::survey_save_in_txn, unit::unit_confirmed},
};

/// A change of a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    name: name::Survey,
    etag: String,
    change: Change,
}

impl Command for Update {
    type App = App;
    type Message = pb::UpdateSurveyRequest;
    type Answer = pb::UpdateSurveyResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let survey = message.survey.unwrap_or_default();
        let name = faults.take(request::name("survey.name", &survey.name));
        let paths = [
            "display_name",
            "open_time",
            "close_time",
            "population",
            "service_populations",
            "access_modes",
        ];
        let mask = faults.mask(message.update_mask, &paths);
        let open_at = || field::time("survey.open_time", survey.open_time.as_ref());
        let close_at = || field::time("survey.close_time", survey.close_time.as_ref());
        let change = Change {
            display_name: mask.names("display_name").then_some(survey.display_name),
            open_at: faults.masked(&mask, "open_time", open_at),
            close_at: faults.masked(&mask, "close_time", close_at),
            population: mask.names("population").then_some(survey.population),
            service_populations: mask
                .names("service_populations")
                .then_some(message::service_populations(survey.service_populations)),
            access: mask
                .names("access_modes")
                .then(|| message::access(&survey.access_modes, &mut faults)),
        };
        faults.build(|| {
            Some(Self {
                name: name?,
                etag: survey.etag,
                change,
            })
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let name = self.name.to_string();
        let locked = survey_lock(txn, &name, &work.app.rules(), now).await?;
        let mut stored = found(locked, &name)?;
        etag::check(&self.etag, stored.etag, &name)?;
        stored.survey.change(self.change, now)?;
        stored.etag = work.next_version(stored.etag);
        stored.updated_at = micros(now);
        survey_save_in_txn(txn, &stored).await?;
        // A declared population also changes the minimum sample of the score.
        let states = unit_scores::follow(txn, [&stored], &work.app.rules(), now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        let confirmed = unit_confirmed(txn, &self.name.unit).await?;
        Ok(pb::UpdateSurveyResponse {
            survey: Some(message::survey(&stored, confirmed, now)),
        })
    }
}
