//! Recomputes and publishes the figures of units and the scores of units and agencies that are flagged as dirty, at most
//! once a second for each.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use chrono::Datelike;
use prima_platform::{
    db::Txn,
    derived::{self, Kind, LegacyFlags, Settings},
    failure::Failure,
    number::fraction,
    outbox,
};
use prima_proto::{
    name,
    period::{Period, jakarta_day},
    zone::{day_of_agency, zone_of_agency},
};

use crate::{
    context::App,
    domain::performance::{Figures, score},
    events::publish,
    store::{
        agency_score::{agency_lock_in_txn, agency_save_in_txn},
        figures::{figures_held_by_agency, figures_of},
        performance::{
            KIND, Key, UnitFigures, performance_flag_dirty_in_txn, performance_lock_in_txn, performance_open,
            performance_save_in_txn, performance_unsettled, performance_years_in_txn, ratings_publish_in_txn,
            ratings_published,
        },
    },
};

/// Recomputes the figures of a unit in a year and the score of an agency in a year.
pub struct Performance(pub App);

#[async_trait]
impl Kind for Performance {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: 1,
            min_interval: Duration::from_secs(1),
            legacy: Some(LegacyFlags {
                table: "performance_dirty",
                key: "agency || '/' || unit || '/' || year",
            }),
        }
    }

    async fn due(&self) -> Result<Vec<String>, Failure> {
        let year = i64::from(jakarta_day(self.0.now()).year());
        let ended = performance_unsettled(self.0.context.db.reader(), year).await?;
        Ok(ended.iter().map(ToString::to_string).collect())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        for key in keys {
            let key: Key = key.parse()?;
            if key.year == 0 {
                flag_years(&self.0, txn, &key).await?;
            } else if key.unit.is_empty() {
                publish_agency(&self.0, txn, &key).await?;
            } else {
                publish_unit(&self.0, txn, &key).await?;
            }
        }
        Ok(())
    }
}

fn period(key: &Key) -> Result<Period, Failure> {
    key.year.to_string().parse().map_err(Failure::internal)
}

/// Replaces the dirty flag for all years of a unit by one flag for each year that is published, and for this year.
async fn flag_years(app: &App, txn: &Txn, key: &Key) -> Result<(), Failure> {
    let year = i64::from(day_of_agency(&key.agency, app.now()).year());
    let mut keys = BTreeSet::from([Key { year, ..key.clone() }]);
    keys.extend(performance_years_in_txn(txn, key).await?);
    // The row of a year that is computed for the first time is not committed yet and cannot be read here; its dirty
    // flag can.
    let prefix = format!("{}/{}/", key.agency, key.unit);
    for taken in derived::recomputed_keys(txn, KIND, &prefix).await? {
        keys.insert(taken.parse()?);
    }
    keys.remove(key);
    Ok(performance_flag_dirty_in_txn(txn, &keys).await?)
}

/// Computes the figures and the score of a unit in a year, stages both, and flags its agency as dirty.
async fn publish_unit(app: &App, txn: &Txn, key: &Key) -> Result<(), Failure> {
    performance_flag_dirty_in_txn(txn, &BTreeSet::from([key.of_agency()])).await?;
    let locked = performance_lock_in_txn(txn, key, app.now().timestamp_millis()).await?;
    let period = period(key)?;
    let unit = key.unit_name();
    let mut facts = figures_of(txn, &unit, &period).await?;
    publish_ratings(app, txn, key, &mut facts.figures).await?;
    let score = score(&facts.figures);
    let ended = period.ended_in(zone_of_agency(&key.agency), app.now());
    let mut states = vec![publish::performance(&unit, &facts, locked.version)];
    if score.is_some() || locked.scored != 0 {
        let last = ended && facts.figures.all.open == 0;
        states.push(publish::score_event(&facts, locked.version, score.as_ref(), last));
    }
    let for_agency = UnitFigures {
        exact: score.as_ref().map(|s| fraction(&s.value)).unwrap_or_default(),
        sample: score.map(|s| s.sample).unwrap_or_default(),
        received: facts.figures.all.received,
        archived: facts.figures.all.archived,
        open: facts.figures.all.open,
    };
    performance_save_in_txn(txn, key, &for_agency, ended).await?;
    Ok(outbox::stage(txn, &states).await?)
}

/// Computes the score of an agency in a year from all its reports, those without a unit too.
async fn publish_agency(app: &App, txn: &Txn, key: &Key) -> Result<(), Failure> {
    let now = app.now();
    let locked = agency_lock_in_txn(txn, key, now.timestamp_millis()).await?;
    performance_lock_in_txn(txn, key, now.timestamp_millis()).await?;
    let agency = name::Agency {
        agency: key.agency.clone(),
    };
    let period = period(key)?;
    let held = figures_held_by_agency(txn, &agency, &period).await?;
    let open_in_units = performance_open(txn, key).await?;
    let ended = period.ended_in(zone_of_agency(&key.agency), now);
    performance_save_in_txn(txn, key, &UnitFigures::default(), ended).await?;
    let score = score(&held.figures);
    let published = score.is_some();
    if published || locked.scored != 0 {
        let last = ended && held.figures.all.open == 0 && open_in_units == 0;
        let state = publish::score_event(&held, locked.version, score.as_ref(), last);
        agency_save_in_txn(txn, key, published).await?;
        outbox::stage(txn, &[state]).await?;
    }
    Ok(())
}

/// Replaces the ratings by those that may be published: these change only after enough people have changed them since
/// the last time. The row of the year must be locked.
async fn publish_ratings(app: &App, txn: &Txn, key: &Key, figures: &mut Figures) -> Result<(), Failure> {
    let published = ratings_published(txn, &(&key.unit_name()).into(), key.year).await?;
    let publishable = figures.ratings.publish_after(&published, app.disclosure_step());
    if publishable != published {
        ratings_publish_in_txn(txn, key, &publishable).await?;
    }
    figures.ratings = publishable;
    Ok(())
}
