//! Creates a survey.

use std::collections::BTreeSet;

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::{Failure, Kind},
    outbox, request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::{App, record_result::recorded_exists, survey_state, unit_scores};
use crate::{
    domain::survey::{self, Draft},
    events::render,
    grpc::convert,
    store::{
        recorded::recorded_latest,
        survey::{survey_insert, survey_siblings},
        unit::unit_confirmed,
        unit_score::unit_scores_lock_in_txn,
    },
};

const METHOD: &str = "survey.CreateSurvey";

/// What is asked for, parsed.
pub struct CreateSurvey {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// Name of the survey.
    pub name: name::Survey,
    /// Its definition.
    pub draft: Draft,
}

/// Creates a survey and returns it. Fails when the definition has faults, the name is taken, or the unit has surveys
/// in the period that count for the same metric with another instrument, weights or elements.
pub async fn create_survey(app: &App, caller: &Caller, command: CreateSurvey) -> Result<pb::Survey, Failure> {
    caller.require(&[Role::Operator], &command.name.unit.agency)?;
    let now = app.context.clock.now();
    let txn = app.context.db.begin().await?;
    let (id, digest) = (&command.request_id, &command.digest);
    if let Some(first) = request_id::find::<pb::Survey>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let survey = survey::create(command.name, command.draft, now)?;
    let name = survey.name.to_string();
    let stored = survey_insert(&txn, &survey, app.context.clock.next_version(0), micros(now)).await;
    let stored = match stored {
        Ok(stored) => stored,
        Err(error)
            if matches!(
                error.sql_err(),
                Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
            ) =>
        {
            // Perhaps the same request won the race: then its answer is there now.
            drop(txn);
            let txn = app.context.db.begin().await?;
            let first = request_id::find::<pb::Survey>(&txn, METHOD, caller, id, digest).await?;
            return first.ok_or_else(|| Failure::already_exists(&name));
        }
        Err(error) => return Err(error.into()),
    };
    // The score's row is the lock that all surveys of this unit and period share.
    let key = BTreeSet::from([(survey.name.unit.clone(), survey.period.to_string())]);
    unit_scores_lock_in_txn(&txn, &key, app.now_millis()).await?;
    if let Some(other) = survey_siblings(&txn, &survey)
        .await?
        .iter()
        .find(|s| !s.survey.fits_beside(&survey))
    {
        return Err(other_scheme(&other.survey.name.to_string()));
    }
    let (unit, period) = (&survey.name.unit, survey.period.as_str());
    if survey.metric() == Some(render::METRIC)
        && recorded_latest(&txn, &unit.agency, &unit.unit, period)
            .await?
            .is_some()
    {
        return Err(recorded_exists(unit, period));
    }
    let mut states = survey_state(&txn, &stored, now).await?;
    states.extend(unit_scores::recompute(&txn, &key, app.now_millis()).await?);
    outbox::stage(&txn, &states).await?;
    let confirmed = unit_confirmed(&txn, &survey.name.unit).await?;
    let answer = convert::survey(&stored, confirmed, now);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.committed();
    Ok(answer)
}

fn other_scheme(other: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "OTHER_SCHEME_IN_PERIOD",
        format!(
            "{other} of the same unit and period has another instrument, weight variant or set of elements"
        ),
        format!("{other} pada unit dan periode yang sama memakai instrumen, bobot, atau unsur yang berbeda"),
    )
}
