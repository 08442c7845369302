//! The score of an agency: the mean of its active units, recomputed from a mark at most once a second.

use std::{collections::BTreeSet, time::Duration};

use prima_platform::{clock::micros, failure::Failure, outbox};
use prima_proto::name;
use tokio_util::sync::CancellationToken;

use super::{App, portfolio_keys, portfolios};
use crate::{
    domain::{calendar, obligation},
    events::render,
    store::{
        agency_score::{
            AgencyYear, agencies_mark, agencies_unscored, agency_clear_in_txn, agency_marked,
            agency_score_lock_in_txn, agency_score_save, agency_settling, agency_years,
        },
        innovation::units_without_portfolio,
        portfolio::{coverage_page, portfolios_of},
    },
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: i64 = 500;

/// Recomputes marked agencies until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let mut begun = 0;
    while !stop.is_cancelled() {
        let year = calendar::year(app.now());
        let done = async {
            if begun != year {
                begin_year(&app, year).await?;
            }
            round(&app).await
        };
        match done.await {
            Ok(()) => begun = year,
            Err(error) => tracing::warn!(%error, "agency scores: trying again"),
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
        // Idle until somebody marks one here, but look now and then for marks of other replicas and ended years.
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.agencies.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Gives every unit with a living innovation its portfolio of the year that has begun, and marks agencies without a
/// score of it.
pub async fn begin_year(app: &App, year: i32) -> Result<(), Failure> {
    let db = &app.context.db;
    loop {
        let units = units_without_portfolio(db.reader(), year, PAGE).await?;
        if units.is_empty() {
            break;
        }
        let keys = units
            .into_iter()
            .flat_map(|(agency, unit)| portfolio_keys(&name::Unit { agency, unit }, [year]));
        let txn = db.begin().await?;
        portfolios::recompute(app, &txn, &keys.collect()).await?;
        app.commit(txn).await?;
    }
    let unscored = agencies_unscored(db.reader(), year, i64::MAX).await?;
    let txn = db.begin().await?;
    agencies_mark(&txn, &unscored.into_iter().collect()).await?;
    Ok(txn.commit().await?)
}

/// Recomputes everything that is marked or whose year has ended.
pub async fn round(app: &App) -> Result<(), Failure> {
    let db = &app.context.db;
    for key in agency_settling(db.reader(), app.now_micros()).await? {
        settle_units(app, &key).await?;
        recompute(app, &key, true).await?;
    }
    loop {
        let marked = agency_marked(db.reader(), PAGE).await?;
        for key in &marked {
            if key.year == 0 {
                spread(app, key).await?;
            } else {
                recompute(app, key, false).await?;
            }
        }
        let more = marked.iter().any(|key| key.year == 0) || i64::try_from(marked.len()).unwrap_or(0) >= PAGE;
        if !more {
            return Ok(());
        }
    }
}

/// Tells the scores of its units again, whose year has ended too.
async fn settle_units(app: &App, key: &AgencyYear) -> Result<(), Failure> {
    let db = &app.context.db;
    let units = portfolios_of(db.reader(), key).await?;
    let txn = db.begin().await?;
    portfolios::recompute(app, &txn, &units).await?;
    app.commit(txn).await
}

/// Turns a mark of every year into one for each.
async fn spread(app: &App, key: &AgencyYear) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if agency_clear_in_txn(&txn, key).await? {
        // Read after the mark is taken, and so after whoever set it has committed.
        let mut keys: BTreeSet<AgencyYear> = agency_years(&txn, &key.agency).await?.into_iter().collect();
        keys.insert(AgencyYear {
            agency: key.agency.clone(),
            year: i64::from(calendar::year(app.now())),
        });
        agencies_mark(&txn, &keys).await?;
    }
    Ok(txn.commit().await?)
}

async fn recompute(app: &App, key: &AgencyYear, settling: bool) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if !agency_clear_in_txn(&txn, key).await? && !settling {
        return Ok(());
    }
    let locked = agency_score_lock_in_txn(&txn, key, app.now_millis()).await?;
    let year = i32::try_from(key.year).unwrap_or_default();
    let coverage = coverage_page(&txn, year, &key.agency, false, "", 1).await?;
    let ends_at = calendar::year_ends_at(year);
    let settled = app.now() >= ends_at;
    let agency = name::Agency {
        agency: key.agency.clone(),
    };
    let score = coverage.first().and_then(|c| {
        let (with, units) = (
            usize::try_from(c.units_with).ok()?,
            usize::try_from(c.units).ok()?,
        );
        Some((obligation::agency_score(with, units)?, c))
    });
    let published = score.is_some();
    if published || locked.published != 0 {
        let score = score.map(|(value, coverage)| render::AgencyScore {
            value,
            innovations: coverage.innovations,
            units: coverage.units,
            settled,
        });
        let state = render::agency_score(&agency, &key.year.to_string(), locked.version, score.as_ref());
        let settles_at = if settled { 0 } else { micros(ends_at) };
        agency_score_save(&txn, key, published, settles_at).await?;
        outbox::stage(&txn, &[state]).await?;
    }
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(())
}
