//! The score of an agency: the mean of its active units, recomputed from a mark at most once a second.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI32, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use prima_platform::{
    clock::micros,
    db::Txn,
    derived::{Kind, Older, Settings},
    failure::Failure,
    outbox::{self, State},
    service::Context,
};
use prima_proto::name;

use super::portfolio;
use crate::{
    domain::calendar,
    events::publish,
    store::{
        agency_score::{
            AgencyYear, KIND, agencies_behind, agencies_mark_in_txn, agencies_settling,
            agency_score_lock_in_txn, agency_score_save_in_txn, agency_years,
        },
        innovation::units_without_portfolio,
        portfolio::{coverage_page, portfolios_of},
    },
};

/// The scores of agencies.
pub struct AgencyScores {
    ctx: Context,
    /// The year that has begun for all of them.
    begun: AtomicI32,
}

impl AgencyScores {
    /// The scores that this service's database keeps.
    pub fn new(ctx: Context) -> Self {
        Self {
            ctx,
            begun: AtomicI32::new(0),
        }
    }
}

#[async_trait]
impl Kind for AgencyScores {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: 20,
            rest: Duration::from_secs(1),
            older: Some(Older {
                table: "agency_dirty",
                key: "agency || '/' || year",
            }),
        }
    }

    /// Scores whose year has ended, and those of the year that has begun.
    async fn due(&self) -> Result<Vec<String>, Failure> {
        let (reader, now) = (self.ctx.db.reader(), self.ctx.clock.now());
        let year = calendar::year(now);
        let mut keys = agencies_settling(reader, micros(now)).await?;
        if self.begun.load(Ordering::Relaxed) != year {
            let behind = agencies_behind(reader, year).await?;
            if behind.is_empty() {
                self.begun.store(year, Ordering::Relaxed);
            }
            keys.extend(behind);
        }
        Ok(keys.iter().map(ToString::to_string).collect())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let keys: BTreeSet<AgencyYear> = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
        let (whole, each): (BTreeSet<_>, BTreeSet<_>) = keys.into_iter().partition(AgencyYear::is_all);
        for key in whole {
            spread(&self.ctx, txn, &key.agency).await?;
        }
        let mut states = Vec::new();
        for key in each {
            states.extend(recompute(&self.ctx, txn, &key).await?);
        }
        Ok(outbox::stage(txn, &states).await?)
    }
}

/// Turns a mark of every year into one for each.
async fn spread(ctx: &Context, txn: &Txn, agency: &str) -> Result<(), Failure> {
    let mut keys: BTreeSet<AgencyYear> = agency_years(txn, agency).await?.into_iter().collect();
    keys.insert(AgencyYear {
        agency: agency.to_owned(),
        year: i64::from(calendar::year(ctx.clock.now())),
    });
    Ok(agencies_mark_in_txn(txn, &keys).await?)
}

async fn recompute(ctx: &Context, txn: &Txn, key: &AgencyYear) -> Result<Vec<State>, Failure> {
    let locked = agency_score_lock_in_txn(txn, key, ctx.clock.now().timestamp_millis()).await?;
    let now = ctx.clock.now();
    let year = i32::try_from(key.year).unwrap_or_default();
    let ends_at = calendar::year_ends_at(year);
    let settled = now >= ends_at;
    // Units with a living innovation get their portfolio of the year that has begun; when it has ended, the scores of all
    // are told again.
    let mut units = BTreeSet::new();
    if year == calendar::year(now) {
        for unit in units_without_portfolio(txn, &key.agency, year).await? {
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
