//! Records when and where the result of a closed survey was published.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, found},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb, zone::day_of_agency};

use super::message;
use crate::{
    derived::{closing, results::survey_lock},
    domain::publication::{self, Draft, Publication},
    events::publish,
    rpc::{self, field, still_open},
    service::App,
    store::publication::{Published, publication_save_in_txn, publications_get},
};

/// A publication. It is checked against the survey only when the request is not a repeat.
#[derive(Debug, Clone)]
pub struct Publish {
    once: IdempotencyKey,
    survey: name::Survey,
    draft: Draft,
}

impl Command for Publish {
    type App = App;
    type Message = pb::PublishResultRequest;
    type Answer = pb::Publication;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.PublishResult", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let survey = faults.take(request::name::<name::Survey>("survey", &message.survey));
        let agency = survey.as_ref().map_or("", |survey| survey.unit.agency.as_str());
        let today = day_of_agency(agency, now);
        let draft = message::draft(message.publish_date, message.media);
        let domain_check = || publication::check(&draft, None, today);
        let survey = field::well_formed(faults, survey, domain_check)?;
        Ok(Self { once, survey, draft })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let name = self.survey.to_string();
        let mut locked = survey_lock(txn, &name, &work.app.rules(), now).await?;
        if let Some(stored) = &mut locked {
            let states =
                closing::when_due(txn, stored, &work.app.rules(), &work.app.context.clock, now).await?;
            states.into_iter().for_each(|state| work.stage(state));
        }
        let day = |time| day_of_agency(&self.survey.unit.agency, time);
        let closed = locked.as_ref().and_then(|s| s.survey.closed_at).map(day);
        let new = publication::check(&self.draft, closed, day(now))?;
        let stored = found(locked, &name)?;
        if closed.is_none() {
            return Err(still_open());
        }
        let before = publications_get(txn, &[stored.id]).await?.remove(&stored.id);
        let published = Published {
            publication: Publication::merge(before.map(|b| b.publication), new)?,
            updated_at: micros(now),
        };
        publication_save_in_txn(txn, stored.id, &published).await?;
        work.stage(publish::survey_result(txn, &stored, &work.app.rules(), now).await?);
        Ok(rpc::publication::message(&published))
    }
}
