//! The score of an agency: the mean of its units' exact values, recomputed from a mark at most once a second.

use std::{str::FromStr, time::Duration};

use prima_platform::{clock::micros, failure::Failure, outbox};
use prima_proto::name;
use tokio_util::sync::CancellationToken;

use super::App;
use crate::{
    domain::{
        index, instrument,
        number::{self, Rational},
        period::Period,
    },
    events::render::{self, Score},
    store::agency_score::{
        AgencyPeriod, UnitInput, agencies_mark, agency_clear_in_txn, agency_inputs, agency_marked,
        agency_periods, agency_score_lock_in_txn, agency_score_save, agency_settling,
    },
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: i64 = 500;

/// Recomputes marked agencies until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "agency scores: trying again");
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
        // Idle until somebody marks one here, but look now and then for marks of other replicas and ended periods.
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.agencies.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Recomputes everything that is marked or whose period has ended.
pub async fn round(app: &App) -> Result<(), Failure> {
    let db = &app.context.db;
    for key in agency_settling(db.reader(), micros(app.context.clock.now())).await? {
        recompute(app, &key, true).await?;
    }
    loop {
        let marked = agency_marked(db.reader(), PAGE).await?;
        for key in &marked {
            if key.is_all() {
                spread(app, key).await?;
            } else {
                recompute(app, key, false).await?;
            }
        }
        let more =
            marked.iter().any(AgencyPeriod::is_all) || i64::try_from(marked.len()).unwrap_or(0) >= PAGE;
        if !more {
            return Ok(());
        }
    }
}

/// Turns a mark of every period into one for each.
async fn spread(app: &App, key: &AgencyPeriod) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if agency_clear_in_txn(&txn, key).await? {
        // Read after the mark is taken, and so after whoever set it has committed.
        let periods = agency_periods(&txn, &key.agency).await?;
        let keys = periods.into_iter().map(|period| AgencyPeriod {
            agency: key.agency.clone(),
            period,
        });
        agencies_mark(&txn, &keys.collect()).await?;
    }
    Ok(txn.commit().await?)
}

async fn recompute(app: &App, key: &AgencyPeriod, settling: bool) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if !agency_clear_in_txn(&txn, key).await? && !settling {
        return Ok(());
    }
    let locked = agency_score_lock_in_txn(&txn, key, app.now_millis()).await?;
    let inputs = agency_inputs(&txn, key).await?;
    let now = app.context.clock.now();
    let period = Period::from_str(&key.period).ok();
    let ended = period.as_ref().is_some_and(|p| p.ended(now));
    let first_day = period
        .as_ref()
        .map(|p| p.first_day().to_string())
        .unwrap_or_default();
    let score = mean(&inputs, &first_day, ended);
    let settles_at = match (&period, ended) {
        (Some(period), false) => Some(micros(period.ends_at())),
        _ => None,
    };
    agency_score_save(&txn, key, score.is_some(), settles_at).await?;
    if score.is_some() || locked.published != 0 {
        let agency = name::Agency {
            agency: key.agency.clone(),
        };
        let state = render::agency_score(&agency, &key.period, locked.version, score.as_ref());
        outbox::stage(&txn, &[state]).await?;
    }
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(())
}

/// The mean of units; none without a scored unit. Units with different instruments are not brought together: the
/// newest instrument counts, the others are missing. A unit that had closed before the period began is not expected.
fn mean(inputs: &[UnitInput], first_day: &str, ended: bool) -> Option<Score> {
    let newest = inputs
        .iter()
        .filter(|i| i.exact.is_some())
        .filter_map(|i| i.instrument.as_deref())
        .max()?;
    let scored: Vec<(&UnitInput, Rational)> = inputs
        .iter()
        .filter(|i| i.instrument.as_deref() == Some(newest))
        .filter_map(|i| Some((i, number::parse_fraction(i.exact.as_deref()?)?)))
        .collect();
    let values: Vec<Rational> = scored.iter().map(|(_, value)| value.clone()).collect();
    let exact = number::mean(&values)?;
    let expected = inputs
        .iter()
        .filter(|i| i.close_date.is_empty() || i.close_date.as_str() >= first_day || i.exact.is_some())
        .count();
    Some(Score {
        published: index::publish(instrument::find(newest)?, exact),
        whole: scored.iter().all(|(i, _)| i.disclosed == Some(1)),
        components: Vec::new(),
        sample_size: scored.iter().filter_map(|(i, _)| i.respondents).sum(),
        sample_minimum: 0,
        standard_error: String::new(),
        units: (i64::try_from(scored.len()).ok()?, i64::try_from(expected).ok()?),
        instrument: newest.to_owned(),
        settled: ended && scored.iter().all(|(i, _)| i.settled == Some(1)),
    })
}
