//! Publishes figures and scores from marks, at most once a second for each unit and agency.

use std::{collections::BTreeSet, time::Duration};

use chrono::Datelike;
use prima_platform::{
    failpoint,
    failure::Failure,
    number::{self, fraction, parse_fraction},
    outbox,
};
use prima_proto::{
    name,
    period::{Period, jakarta_day},
};
use tokio_util::sync::CancellationToken;

use super::{App, performance};
use crate::{
    domain::performance::score,
    events::render,
    store::performance::{
        Kept, Key, agency_lock_in_txn, agency_save, mark_clear, marks_add, marks_after,
        performance_lock_in_txn, performance_of_units, performance_save, performance_unsettled,
    },
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: i64 = 500;

/// Publishes what is marked until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&app, &stop).await {
            tracing::warn!(%error, "performance: trying again");
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
        // Idle until somebody marks something here, but look now and then for marks of other replicas and ended years.
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.marks().notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One pass over everything that is marked, and over what was published before its year ended. What fails is told, is
/// tried again by the next pass, and keeps nobody behind it waiting.
async fn round(app: &App, stop: &CancellationToken) -> Result<(), Failure> {
    let reader = app.context.db.reader();
    let year = i64::from(jakarta_day(app.now()).year());
    let mut after = Key::default();
    loop {
        let ended = performance_unsettled(reader, year, &after, PAGE).await?;
        for key in &ended {
            if stop.is_cancelled() {
                return Ok(());
            }
            tell(key, publish_unit(app, key, true).await);
        }
        match ended.into_iter().next_back() {
            Some(last) => after = last,
            None => break,
        }
    }
    let mut after = Key::default();
    loop {
        let marked = marks_after(reader, &after, PAGE).await?;
        for key in &marked {
            if stop.is_cancelled() {
                return Ok(());
            }
            let done = if key.unit.is_empty() {
                publish_agency(app, key).await
            } else {
                publish_unit(app, key, false).await
            };
            tell(key, done);
        }
        // What is marked again meanwhile waits for the next pass, so that nobody behind it starves.
        match marked.into_iter().next_back() {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// Tells that figures could not be published.
fn tell(key: &Key, done: Result<(), Failure>) {
    if let Err(error) = done {
        let Key { agency, unit, year } = key;
        tracing::warn!(%error, %agency, %unit, year, "performance: not published, trying again");
    }
}

fn period(key: &Key) -> Result<Period, Failure> {
    key.year.to_string().parse().map_err(Failure::internal)
}

/// Computes a unit's year, stages its figures and its score, and marks its agency.
async fn publish_unit(app: &App, key: &Key, unmarked: bool) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if !mark_clear(&txn, key).await? && !unmarked {
        return Ok(());
    }
    marks_add(&txn, &BTreeSet::from([key.of_agency()])).await?;
    let locked = performance_lock_in_txn(&txn, key, app.now().timestamp_millis()).await?;
    failpoint::hit("complaint.performance.locked").await;
    // Read after the mark is taken: whoever set it has committed, whoever comes next sets it again.
    let period = period(key)?;
    let facts = performance::facts(&txn, &key.unit_name(), &period).await?;
    let score = score(&facts.figures);
    let ended = period.ended(app.now());
    let mut states = vec![render::performance(&facts, locked.version)];
    if score.is_some() || locked.scored != 0 {
        let last = ended && facts.figures.all.open == 0;
        states.push(render::unit_score(&facts, locked.version, score.as_ref(), last));
    }
    let kept = Kept {
        exact: score.as_ref().map(|s| fraction(&s.value)).unwrap_or_default(),
        sample: score.map(|s| s.sample).unwrap_or_default(),
        received: facts.figures.all.received,
        archived: facts.figures.all.archived,
        open: facts.figures.all.open,
    };
    performance_save(&txn, key, &kept, ended).await?;
    outbox::stage(&txn, &states).await?;
    failpoint::hit("complaint.performance.staged").await;
    txn.commit().await?;
    app.context.outbox.committed();
    app.marks().notify_one();
    Ok(())
}

/// Computes the score of an agency's year: the mean of its units' exact scores.
async fn publish_agency(app: &App, key: &Key) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if !mark_clear(&txn, key).await? {
        return Ok(());
    }
    let locked = agency_lock_in_txn(&txn, key, app.now().timestamp_millis()).await?;
    let units = performance_of_units(&txn, key).await?;
    let values: Vec<_> = units.iter().filter_map(|u| parse_fraction(&u.exact)).collect();
    let score = number::mean(&values).map(|value| render::AgencyScore {
        value,
        sample: units.iter().map(|u| u.sample).sum(),
        counted: values.len(),
        expected: units.iter().filter(|u| u.received > u.archived).count(),
    });
    let published = score.is_some();
    if published || locked.scored != 0 {
        let agency = name::Agency {
            agency: key.agency.clone(),
        };
        let period = period(key)?;
        let last = period.ended(app.now()) && units.iter().all(|u| u.open == 0);
        let state = render::agency_score(&agency, &period, locked.version, score.as_ref(), last);
        agency_save(&txn, key, published).await?;
        outbox::stage(&txn, &[state]).await?;
    }
    failpoint::hit("complaint.performance.staged").await;
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(())
}
