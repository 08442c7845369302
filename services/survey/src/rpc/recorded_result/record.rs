//! Records a result that was published before this system computed results; it becomes the score of its subject.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    db::Txn,
    failure::{Failure, Kind},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::unit_scores,
    domain::{
        METRIC,
        recorded::{self, Result as Published, Subject},
    },
    service::App,
    store::{
        agency_score::{AgencyPeriod, agencies_mark_in_txn, agency_scores_lock_in_txn},
        recorded::{Recorded, recorded_insert_in_txn, recorded_latest},
        survey::surveys_of,
        unit_score::{UnitPeriod, unit_scores_lock_in_txn},
    },
};

/// A published result and its subject.
#[derive(Debug, Clone)]
pub struct Record {
    once: IdempotencyKey,
    subject: Subject,
    result: Published,
}

impl Command for Record {
    type App = App;
    type Message = pb::RecordResultRequest;
    type Answer = pb::RecordedResult;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.RecordResult", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let given = message::unchecked(message.result.unwrap_or_default());
        let checked = faults.take_all(recorded::check(given, now));
        let (subject, result) = faults.settle(checked)?;
        Ok(Self {
            once,
            subject,
            result,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let (subject, result) = (self.subject, self.result);
        lock(txn, &subject, &result.period, now.timestamp_millis()).await?;
        if let Some(survey) = computing_survey(txn, &subject, &result.period).await? {
            return Err(computed_exists(&survey));
        }
        let before = recorded_latest(txn, subject.agency(), subject.unit(), &result.period).await?;
        if before.is_some() && result.reason.is_empty() {
            return Err(recorded_before(&result.subject, &result.period));
        }
        let new = Recorded {
            subject,
            number: before.as_ref().map_or(1, |b| b.number.saturating_add(1)),
            result: Published {
                // The first record replaces none, so it has no reason.
                reason: before.map(|_| result.reason).unwrap_or_default(),
                ..result
            },
            recorded_at: micros(now),
            actor: work.caller.subject().to_owned(),
            replaced: false,
        };
        recorded_insert_in_txn(txn, &new).await?;
        // The score of an agency is recomputed later, because `lock` has flagged it as dirty.
        if let Subject::Unit(unit) = &new.subject {
            let key = unit_key(unit, &new.result.period);
            let states = unit_scores::recompute(txn, &key, &work.app.rules(), now.timestamp_millis()).await?;
            states.into_iter().for_each(|state| work.stage(state));
        }
        Ok(message::recorded(&new))
    }
}

fn unit_key(unit: &name::Unit, period: &str) -> BTreeSet<UnitPeriod> {
    BTreeSet::from([(unit.clone(), period.to_owned())])
}

/// Locks the score that the result becomes. Creating a survey of the unit and period takes the same lock.
async fn lock(txn: &Txn, subject: &Subject, period: &str, now_millis: i64) -> Result<(), Failure> {
    match subject {
        Subject::Unit(unit) => {
            unit_scores_lock_in_txn(txn, &unit_key(unit, period), now_millis).await?;
        }
        Subject::Agency(agency) => {
            let key = BTreeSet::from([AgencyPeriod::of(&agency.agency, period)]);
            agencies_mark_in_txn(txn, &key).await?;
            agency_scores_lock_in_txn(txn, &key, now_millis).await?;
        }
    }
    Ok(())
}

/// The name of a survey that computes the unit's score in the period, if there is one.
async fn computing_survey(txn: &Txn, subject: &Subject, period: &str) -> Result<Option<String>, Failure> {
    let Subject::Unit(unit) = subject else {
        return Ok(None);
    };
    let surveys = surveys_of(txn, &unit_key(unit, period)).await?;
    let computes = surveys.iter().find(|s| s.survey.metric() == Some(METRIC));
    Ok(computes.map(|s| s.survey.name.to_string()))
}

fn recorded_before(subject: &str, period: &str) -> Failure {
    Failure::new(
        Kind::AlreadyExists,
        "ALREADY_EXISTS",
        format!("a result of {subject} for {period} is recorded already; a reason is needed to replace it"),
        format!("Hasil {subject} untuk {period} sudah tercatat; isi alasan untuk menggantinya"),
    )
}

fn computed_exists(survey: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "COMPUTED_RESULT_EXISTS",
        format!("{survey} computes the result of this unit and period"),
        format!("Hasil unit dan periode ini dihitung dari {survey}"),
    )
}
