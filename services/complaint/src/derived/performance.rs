//! Publishes figures and scores from marks, at most once a second for each unit and agency.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use chrono::Datelike;
use prima_platform::{
    db::Txn,
    derived::{self, Kind, Older, Settings},
    failure::Failure,
    number::{self, fraction, parse_fraction},
    outbox,
};
use prima_proto::{
    name,
    period::{Period, jakarta_day},
};

use crate::{
    context::App,
    domain::performance::{Figures, score},
    events::publish,
    store::{
        agency_score::{agency_lock_in_txn, agency_save_in_txn},
        figures::figures_of,
        performance::{
            KIND, Kept, Key, marks_add_in_txn, performance_lock_in_txn, performance_of_units,
            performance_save_in_txn, performance_unsettled, performance_years_in_txn, ratings_tell_in_txn,
            ratings_told,
        },
    },
};

/// The figures of units and the scores of agencies, each of a year.
pub struct Performance(pub App);

#[async_trait]
impl Kind for Performance {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: 1,
            rest: Duration::from_secs(1),
            older: Some(Older {
                table: "performance_dirty",
                key: "agency || '/' || unit || '/' || year",
            }),
        }
    }

    async fn due(&self) -> Result<Vec<String>, Failure> {
        let ended = performance_unsettled(self.0.context.db.reader(), this_year(&self.0)).await?;
        Ok(ended.iter().map(ToString::to_string).collect())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        for key in keys {
            let key: Key = key.parse()?;
            if key.year == 0 {
                spread(&self.0, txn, &key).await?;
            } else if key.unit.is_empty() {
                publish_agency(&self.0, txn, &key).await?;
            } else {
                publish_unit(&self.0, txn, &key).await?;
            }
        }
        Ok(())
    }
}

fn this_year(app: &App) -> i64 {
    i64::from(jakarta_day(app.now()).year())
}

fn period(key: &Key) -> Result<Period, Failure> {
    key.year.to_string().parse().map_err(Failure::internal)
}

/// Turns a mark of every year of a unit into one for each of which anything is published, and this year.
async fn spread(app: &App, txn: &Txn, key: &Key) -> Result<(), Failure> {
    let year = this_year(app);
    let mut keys = BTreeSet::from([Key { year, ..key.clone() }]);
    keys.extend(performance_years_in_txn(txn, key).await?);
    // A year that is computed for the first time has no row yet that could be seen here.
    let prefix = format!("{}/{}/", key.agency, key.unit);
    for taken in derived::keys_taken(txn, KIND, &prefix).await? {
        keys.insert(taken.parse()?);
    }
    keys.remove(key);
    Ok(marks_add_in_txn(txn, &keys).await?)
}

/// Computes a unit's year, stages its figures and its score, and marks its agency.
async fn publish_unit(app: &App, txn: &Txn, key: &Key) -> Result<(), Failure> {
    marks_add_in_txn(txn, &BTreeSet::from([key.of_agency()])).await?;
    let locked = performance_lock_in_txn(txn, key, app.now().timestamp_millis()).await?;
    let period = period(key)?;
    let mut facts = figures_of(txn, &key.unit_name(), &period).await?;
    tell_ratings(app, txn, key, &mut facts.figures).await?;
    let score = score(&facts.figures);
    let ended = period.ended(app.now());
    let mut states = vec![publish::performance(&facts, locked.version)];
    if score.is_some() || locked.scored != 0 {
        let last = ended && facts.figures.all.open == 0;
        states.push(publish::unit_score(&facts, locked.version, score.as_ref(), last));
    }
    let kept = Kept {
        exact: score.as_ref().map(|s| fraction(&s.value)).unwrap_or_default(),
        sample: score.map(|s| s.sample).unwrap_or_default(),
        received: facts.figures.all.received,
        archived: facts.figures.all.archived,
        open: facts.figures.all.open,
    };
    performance_save_in_txn(txn, key, &kept, ended).await?;
    Ok(outbox::stage(txn, &states).await?)
}

/// Computes the score of an agency's year: the mean of its units' exact scores.
async fn publish_agency(app: &App, txn: &Txn, key: &Key) -> Result<(), Failure> {
    let locked = agency_lock_in_txn(txn, key, app.now().timestamp_millis()).await?;
    let units = performance_of_units(txn, key).await?;
    let values: Vec<_> = units.iter().filter_map(|u| parse_fraction(&u.exact)).collect();
    let score = number::mean(&values).map(|value| publish::AgencyScore {
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
        let state = publish::agency_score(&agency, &period, locked.version, score.as_ref(), last);
        agency_save_in_txn(txn, key, published).await?;
        outbox::stage(txn, &[state]).await?;
    }
    Ok(())
}

/// Leaves in the figures of a year, whose row is locked, the ratings that are told: they move when enough people have
/// changed them since they moved last.
async fn tell_ratings(app: &App, txn: &Txn, key: &Key, figures: &mut Figures) -> Result<(), Failure> {
    let told = ratings_told(txn, key).await?;
    let next = figures.ratings.after(&told, app.disclosure_step());
    if next != told {
        ratings_tell_in_txn(txn, key, &next).await?;
    }
    figures.ratings = next;
    Ok(())
}
