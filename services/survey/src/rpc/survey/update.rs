//! Changes the definition of a survey that has not ended.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    command::{Command, Once, Work},
    etag,
    failure::{Failure, found},
    request::Faults,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::unit_scores,
    domain::survey::Change,
    rpc::field,
    service::App,
    store::{
        survey::{survey_lock_in_txn, survey_save},
        unit::unit_confirmed,
    },
};

/// What to change in which survey.
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
        let name = faults.take(field::survey("survey.name", &survey.name));
        let paths = message.update_mask.unwrap_or_default().paths;
        if paths.is_empty() {
            faults.add(
                "update_mask",
                "must name at least one field",
                "harus menyebut satu bidang",
            );
        }
        let mut change = Change::default();
        for path in paths {
            let mut time = |field: &str, given| faults.or_default(field::time(field, given));
            match path.as_str() {
                "display_name" => change.display_name = Some(survey.display_name.clone()),
                "open_time" => change.open_at = Some(time("survey.open_time", survey.open_time.as_ref())),
                "close_time" => change.close_at = Some(time("survey.close_time", survey.close_time.as_ref())),
                "population" => change.population = Some(survey.population),
                "service_populations" => {
                    let services = survey.service_populations.clone();
                    change.service_populations = Some(message::service_populations(services));
                }
                "access_modes" => {
                    change.access = Some(message::access(&survey.access_modes, &mut faults));
                }
                other => faults.add(
                    "update_mask",
                    format!(
                        "`{other}` can't be changed; display_name, open_time, close_time, population, \
                         service_populations and access_modes can"
                    ),
                    format!("`{other}` tidak dapat diubah"),
                ),
            }
        }
        faults.build(|| {
            Some(Self {
                name: name?,
                etag: survey.etag,
                change,
            })
        })
    }

    fn once(&self) -> Option<Once> {
        None
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Operator, Role::Admin], &self.name.unit.agency)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let name = self.name.to_string();
        let locked = survey_lock_in_txn(txn, &name, now.timestamp_millis()).await?;
        let mut stored = found(locked, &name)?;
        etag::check(&self.etag, stored.etag, &name)?;
        stored.survey.change(self.change, now)?;
        stored.etag = work.next_version(stored.etag);
        stored.updated_at = micros(now);
        survey_save(txn, stored.id, &stored.survey, stored.etag, stored.updated_at).await?;
        // A declared population changes the minimum sample of the score, too.
        let states = unit_scores::follow(txn, &stored, now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        let confirmed = unit_confirmed(txn, &self.name.unit).await?;
        Ok(pb::UpdateSurveyResponse {
            survey: Some(message::survey(&stored, confirmed, now)),
        })
    }
}
