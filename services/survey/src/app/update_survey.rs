//! Changes the definition of a survey.

use std::collections::BTreeSet;

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::{Failure, Kind},
    outbox,
};
use prima_proto::{name, survey::v1 as pb};

use super::{App, survey_state, unit_scores};
use crate::{
    domain::survey::{Change, ChangeError, Refusal},
    grpc::convert,
    store::{
        survey::{survey_lock_in_txn, survey_save},
        unit::unit_confirmed,
    },
};

/// Saves `change` and returns the survey. Fails when the survey is unknown, closed, or has another etag.
pub async fn update_survey(
    app: &App,
    caller: &Caller,
    name: &name::Survey,
    etag: &str,
    change: Change,
) -> Result<pb::Survey, Failure> {
    caller.require(&[Role::Operator], &name.unit.agency)?;
    let now = app.context.clock.now();
    let txn = app.context.db.begin().await?;
    let text = name.to_string();
    let mut stored = survey_lock_in_txn(&txn, &text, app.now_millis())
        .await?
        .ok_or_else(|| Failure::not_found(&text))?;
    convert::check_etag(&text, etag, stored.etag)?;
    stored.survey.change(change, now).map_err(|error| match error {
        ChangeError::Invalid(violations) => Failure::invalid(violations),
        ChangeError::Refused(refusal) => refused(&refusal),
    })?;
    stored.etag = app.context.clock.next_version(stored.etag);
    stored.updated_at = micros(now);
    survey_save(&txn, stored.id, &stored.survey, stored.etag, stored.updated_at).await?;
    let mut states = survey_state(&txn, &stored, now).await?;
    // A declared population changes the minimum sample.
    let key = BTreeSet::from([(name.unit.clone(), stored.survey.period.to_string())]);
    states.extend(unit_scores::recompute(&txn, &key, app.now_millis()).await?);
    outbox::stage(&txn, &states).await?;
    let confirmed = unit_confirmed(&txn, &name.unit).await?;
    txn.commit().await?;
    app.committed();
    Ok(convert::survey(&stored, confirmed, now))
}

/// A refusal of the survey's state as a failure.
pub fn refused(refusal: &Refusal) -> Failure {
    Failure::new(
        Kind::Precondition,
        refusal.reason(),
        refusal.to_string(),
        refusal.localized(),
    )
}
