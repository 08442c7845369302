//! The score of an agency: the mean of its active units, recomputed from a dirty flag at most once a second.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use prima_platform::{
    clock::micros,
    db::Txn,
    derived::{Kind, LegacyFlags, Settings},
    failure::Failure,
    outbox::{self, State},
    service::Context,
};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use super::portfolio;
use crate::{
    domain::calendar,
    events::publish,
    store::{
        agency_score::{
            AgencyYear, KIND, agencies_behind, agencies_flag_dirty_in_txn, agencies_settling,
            agency_score_lock_in_txn, agency_score_save_in_txn, agency_years,
        },
        portfolio::{coverage_page, portfolios_of, units_behind, years_open},
    },
};

/// The scores of agencies.
pub struct AgencyScores {
    ctx: Context,
    /// The years in which every agency and unit was found to have its score. What changes later is flagged.
    begun: Mutex<BTreeSet<i32>>,
}

impl AgencyScores {
    /// The scores in the database of this service.
    pub fn new(ctx: Context) -> Self {
        Self {
            ctx,
            begun: Mutex::default(),
        }
    }
}

#[async_trait]
impl Kind for AgencyScores {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: 20,
            min_interval: Duration::from_secs(1),
            legacy: Some(LegacyFlags {
                table: "agency_dirty",
                key: "agency || '/' || year",
            }),
        }
    }

    /// Scores whose year has ended, and the missing scores of the present year and of past ones with an innovation.
    async fn due(&self) -> Result<Vec<String>, Failure> {
        let (reader, now) = (self.ctx.db.reader(), self.ctx.clock.now());
        let mut keys = agencies_settling(reader, micros(now)).await?;
        for year in years(reader, calendar::year(now)).await? {
            let begun = || self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            if begun().contains(&year) {
                continue;
            }
            let behind = agencies_behind(reader, year).await?;
            if behind.is_empty() {
                begun().insert(year);
            }
            keys.extend(behind);
        }
        Ok(keys.iter().map(ToString::to_string).collect())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let keys: BTreeSet<AgencyYear> = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
        let (whole, each): (BTreeSet<_>, BTreeSet<_>) = keys.into_iter().partition(AgencyYear::is_all);
        for key in whole {
            flag_each_year(&self.ctx, txn, &key.agency).await?;
        }
        let mut states = Vec::new();
        for key in each {
            states.extend(recompute(&self.ctx, txn, &key).await?);
        }
        Ok(outbox::stage(txn, &states).await?)
    }
}

/// The years in which every agency and active unit has a score.
async fn years(conn: &impl ConnectionTrait, present: i32) -> Result<BTreeSet<i32>, Failure> {
    let mut years: BTreeSet<i32> = years_open(conn).await?.into_iter().collect();
    years.insert(present);
    years.retain(|year| *year <= present);
    Ok(years)
}

/// Replaces a dirty flag for every year by one flag for each year.
async fn flag_each_year(ctx: &Context, txn: &Txn, agency: &str) -> Result<(), Failure> {
    let mut keys: BTreeSet<AgencyYear> = agency_years(txn, agency).await?.into_iter().collect();
    keys.extend(
        years(txn, calendar::year(ctx.clock.now()))
            .await?
            .into_iter()
            .map(|year| AgencyYear {
                agency: agency.to_owned(),
                year: i64::from(year),
            }),
    );
    Ok(agencies_flag_dirty_in_txn(txn, &keys).await?)
}

async fn recompute(ctx: &Context, txn: &Txn, key: &AgencyYear) -> Result<Vec<State>, Failure> {
    let locked = agency_score_lock_in_txn(txn, key, ctx.clock.now().timestamp_millis()).await?;
    let now = ctx.clock.now();
    let year = i32::try_from(key.year).unwrap_or_default();
    let ends_at = calendar::year_ends_at(year);
    let settled = now >= ends_at;
    // In a year with innovations, units without one are listed with 0, as the obligation counts them; when a year has
    // ended, all scores are published again as final.
    let mut units = BTreeSet::new();
    if years(txn, calendar::year(now)).await?.contains(&year) {
        for unit in units_behind(txn, &key.agency, year).await? {
            units.extend(portfolio::keys(&unit, [year]));
        }
    }
    if settled && locked.settles_at > 0 {
        units.extend(portfolios_of(txn, key).await?);
    }
    let mut states = portfolio::states(ctx, txn, &units).await?;
    let coverage = coverage_page(txn, year, &key.agency, false, "", 1).await?;
    let score = coverage.first().and_then(|coverage| {
        Some(publish::AgencyScore {
            value: coverage.score()?,
            innovations: coverage.innovations,
            units: coverage.units,
            settled,
        })
    });
    if score.is_some() || locked.published != 0 {
        let agency = name::Agency {
            agency: key.agency.clone(),
        };
        states.push(publish::agency_score(
            &agency,
            &key.year.to_string(),
            locked.version,
            score.as_ref(),
        ));
    }
    let settles_at = if settled { 0 } else { micros(ends_at) };
    agency_score_save_in_txn(txn, key, score.is_some(), settles_at).await?;
    Ok(states)
}
