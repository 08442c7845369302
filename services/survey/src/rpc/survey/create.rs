//! Creates a survey.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind},
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::unit_scores,
    domain::{
        METRIC,
        draft::{self, Draft},
    },
    rpc::field,
    service::App,
    store::{
        recorded::recorded_latest,
        survey::{survey_insert_in_txn, survey_siblings},
        taken,
        unit::unit_confirmed,
        unit_score::unit_scores_lock_in_txn,
    },
};

/// A new survey. Its definition is checked only when the request is not a repeat, because its closing time may have passed since.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    once: IdempotencyKey,
    name: name::Survey,
    draft: Draft,
}

impl Command for Create {
    type App = App;
    type Message = pb::CreateSurveyRequest;
    type Answer = pb::Survey;

    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.CreateSurvey", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let unit = faults.take(request::one("parent", &message.parent));
        let id = faults.take(request::new_id("survey_id", &message.survey_id, name::id));
        let draft = message::draft(message.survey.unwrap_or_default(), &mut faults);
        let name = unit.zip(id).map(|(unit, survey)| name::Survey { unit, survey });
        let domain_check = || {
            let placeholder = name::Survey {
                unit: name::Unit {
                    agency: "0".into(),
                    unit: "0".into(),
                },
                survey: "0".into(),
            };
            draft::create(placeholder, draft.clone(), now)
        };
        let name = field::well_formed(faults, name, domain_check)?;
        Ok(Self { once, name, draft })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        let survey = draft::create(self.name, self.draft, now)?;
        let inserted = survey_insert_in_txn(txn, &survey, work.next_version(0), micros(now)).await;
        if inserted.as_ref().is_err_and(taken) {
            return Err(Failure::already_exists(&survey.name.to_string()));
        }
        let stored = inserted?;
        // The row of the score is the common lock of all surveys of this unit and period.
        let (unit, period) = (&survey.name.unit, survey.period.as_str());
        let key = BTreeSet::from([(unit.clone(), period.to_owned())]);
        unit_scores_lock_in_txn(txn, &key, now.timestamp_millis()).await?;
        let siblings = survey_siblings(txn, &survey).await?;
        if let Some(other) = siblings.iter().find(|s| !s.survey.fits_beside(&survey)) {
            return Err(other_scheme(&other.survey.name));
        }
        if survey.metric() == Some(METRIC) {
            let recorded = recorded_latest(txn, &unit.agency, &unit.unit, period).await?;
            if recorded.is_some() {
                return Err(recorded_exists(unit, period));
            }
        }
        let states = unit_scores::follow(txn, [&stored], &work.app.rules(), now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        Ok(message::survey(&stored, unit_confirmed(txn, unit).await?, now))
    }
}

fn other_scheme(other: &name::Survey) -> Failure {
    Failure::new(
        Kind::Precondition,
        "OTHER_SCHEME_IN_PERIOD",
        format!(
            "{other} of the same unit and period has another instrument, weight variant or set of elements"
        ),
        format!("{other} pada unit dan periode yang sama memakai instrumen, bobot, atau unsur yang berbeda"),
    )
}

/// The failure that the result that the survey would compute is recorded.
fn recorded_exists(unit: &name::Unit, period: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "RECORDED_RESULT_EXISTS",
        format!("the result of {unit} for {period} is recorded from an earlier publication"),
        format!("Hasil {unit} untuk {period} sudah dicatat dari publikasi sebelumnya"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_recognised_by_the_whole_message() {
        let message = |close: i64| pb::CreateSurveyRequest {
            request_id: "s1".into(),
            parent: "agencies/3271/units/dpmptsp".into(),
            survey_id: "2024".into(),
            survey: Some(pb::Survey {
                period: "2024".into(),
                close_time: Some(prost_types::Timestamp {
                    seconds: close,
                    nanos: 0,
                }),
                ..Default::default()
            }),
        };
        // A repeat is recognised even after its closing time.
        let late = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
        let once = |close| Create::parse(message(close), late).unwrap().idempotency_key();
        let sent = IdempotencyKey::new("survey.CreateSurvey", "s1", &message(1_000));
        assert_eq!(once(1_000), Some(sent));
        assert_ne!(once(1_001), once(1_000));
    }

    #[test]
    fn faults_of_the_definition_are_reported_together_with_those_of_the_request() {
        let message = pb::CreateSurveyRequest {
            survey_id: "-".into(),
            survey: Some(pb::Survey {
                period: "2024-q9".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let refused = Create::parse(message, DateTime::UNIX_EPOCH).unwrap_err();
        let fields: Vec<&str> = refused.violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["request_id", "parent", "survey_id", "survey.period"]);
    }
}
