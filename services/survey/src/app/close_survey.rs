//! Ends the intake of a survey.

use std::collections::BTreeSet;

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::Failure,
    outbox,
};
use prima_proto::{name, survey::v1 as pb};

use super::{App, survey_state, unit_scores, update_survey::refused};
use crate::{
    grpc::convert,
    store::{
        survey::{survey_lock_in_txn, survey_save},
        tally::tallies_disclose_in_txn,
        unit::unit_confirmed,
    },
};

/// Closes a survey and returns it. Fails when it is unknown, closed already, or has another etag.
pub async fn close_survey(
    app: &App,
    caller: &Caller,
    name: &name::Survey,
    etag: &str,
) -> Result<pb::Survey, Failure> {
    caller.require(&[Role::Operator], &name.unit.agency)?;
    close(app, name, etag, false)
        .await?
        .ok_or_else(|| Failure::not_found(&name.to_string()))
}

/// Closes a survey whose closing time has come (`due`), or at a caller's wish. `None`: nothing to close.
pub(super) async fn close(
    app: &App,
    name: &name::Survey,
    etag: &str,
    due: bool,
) -> Result<Option<pb::Survey>, Failure> {
    let now = app.context.clock.now();
    let txn = app.context.db.begin().await?;
    let text = name.to_string();
    let Some(mut stored) = survey_lock_in_txn(&txn, &text, app.now_millis()).await? else {
        return Ok(None);
    };
    convert::check_etag(&text, etag, stored.etag)?;
    match stored.survey.close_at {
        Some(at) if due && stored.survey.closed_at.is_none() && at <= now => {
            stored.survey.closed_at = Some(at)
        }
        _ if due => return Ok(None),
        _ => stored.survey.close(now).map_err(|refusal| refused(&refusal))?,
    }
    stored.etag = app.context.clock.next_version(stored.etag);
    stored.updated_at = micros(now);
    survey_save(&txn, stored.id, &stored.survey, stored.etag, stored.updated_at).await?;
    tallies_disclose_in_txn(&txn, &mut stored).await?;
    let mut states = survey_state(&txn, &stored, now).await?;
    let key = BTreeSet::from([(name.unit.clone(), stored.survey.period.to_string())]);
    states.extend(unit_scores::recompute(&txn, &key, app.now_millis()).await?);
    outbox::stage(&txn, &states).await?;
    let confirmed = unit_confirmed(&txn, &name.unit).await?;
    txn.commit().await?;
    app.committed();
    Ok(Some(convert::survey(&stored, confirmed, now)))
}
