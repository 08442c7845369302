//! Portfolios of units, computed under their own locks.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::{
    clock::from_micros, command::Work, db::Txn, failure::Failure, outbox::State, service::Context,
};
use prima_proto::{event::v1 as event, name};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    domain::{calendar, obligation},
    events::publish,
    store::{
        agency_score::{AgencyYear, agencies_flag_dirty_in_txn},
        announcement::announced_at,
        award::awards_of_entries,
        directory_unit::close_dates,
        entry::entries_of,
        innovation::innovations_of,
        portfolio::{Key, Saved, portfolios_lock_in_txn, portfolios_save_in_txn},
        replication::replications_by_unit,
        transfer_receiver::learning_of,
    },
};

/// Number of portfolios that one statement locks or reads.
const CHUNK: usize = 500;

/// The keys of the portfolios of a unit in these years; years without portfolios are left out.
pub fn keys(unit: &name::Unit, years: impl IntoIterator<Item = i32>) -> BTreeSet<Key> {
    years
        .into_iter()
        .filter(|year| calendar::YEARS.contains(year))
        .map(|year| (unit.agency.clone(), unit.unit.clone(), i64::from(year)))
        .collect()
}

/// Recomputes portfolios after everything else was locked and saved, stages them with the scores of the units, and
/// flags the agencies as dirty.
pub async fn recompute(work: &mut Work<'_, Context>, keys: &BTreeSet<Key>) -> Result<(), Failure> {
    for state in states(work.app, work.txn, keys).await? {
        work.stage(state);
    }
    let agencies = keys.iter().map(|(agency, _, year)| AgencyYear {
        agency: agency.clone(),
        year: *year,
    });
    Ok(agencies_flag_dirty_in_txn(work.txn, &agencies.collect()).await?)
}

/// Recomputes portfolios; returns them and the scores of the units.
pub async fn states(ctx: &Context, txn: &Txn, keys: &BTreeSet<Key>) -> Result<Vec<State>, Failure> {
    let all: Vec<&Key> = keys.iter().collect();
    let mut versions = BTreeMap::new();
    for chunk in all.chunks(CHUNK) {
        let chunk: BTreeSet<Key> = chunk.iter().map(|k| (*k).clone()).collect();
        versions.extend(portfolios_lock_in_txn(txn, &chunk, ctx.clock.now().timestamp_millis()).await?);
    }
    // Rows and clock are read after the locks were taken: a transaction that held them before has committed, and the
    // next one will read what this one writes.
    let now = ctx.clock.now();
    let mut states = Vec::new();
    let mut saved = Vec::new();
    for chunk in all.chunks(CHUNK) {
        let keys: Vec<Key> = chunk.iter().map(|k| (*k).clone()).collect();
        let closed = close_dates(txn, &keys.iter().map(unit).collect()).await?;
        for (key, portfolio, at_work) in compute(txn, &keys).await? {
            let version = versions.get(&key).copied().unwrap_or_default();
            let unit = unit(&key);
            let settled = now >= calendar::year_ends_at(year(&key));
            let active = closed
                .get(&unit)
                .is_some_and(|day| obligation::is_active(day, year(&key)));
            let score = obligation::unit_score(at_work, active);
            let period = key.2.to_string();
            states.push(publish::portfolio(&unit, &period, version, &portfolio));
            states.push(publish::unit_score(
                &unit,
                &period,
                version,
                score.as_ref(),
                at_work,
                settled,
            ));
            let listed = score.is_some();
            saved.push((key, Saved { at_work, listed }));
        }
    }
    for chunk in saved.chunks(CHUNK) {
        portfolios_save_in_txn(txn, chunk).await?;
    }
    Ok(states)
}

fn unit(key: &Key) -> name::Unit {
    name::Unit {
        agency: key.0.clone(),
        unit: key.1.clone(),
    }
}

fn year(key: &Key) -> i32 {
    i32::try_from(key.2).unwrap_or_default()
}

/// The portfolios of these keys, each with the number of innovations that were in operation in the year.
pub async fn compute(
    conn: &impl ConnectionTrait,
    keys: &[Key],
) -> Result<Vec<(Key, event::InnovationPortfolioState, i64)>, DbErr> {
    let units: BTreeSet<name::Unit> = keys.iter().map(unit).collect();
    let mut found: BTreeMap<&Key, (event::InnovationPortfolioState, i64)> = keys
        .iter()
        .map(|key| {
            let empty = event::InnovationPortfolioState {
                unit: unit(key).to_string(),
                period: key.2.to_string(),
                ..Default::default()
            };
            (key, (empty, 0))
        })
        .collect();
    let innovations = innovations_of(conn, &units).await?;
    for (key, (portfolio, at_work)) in &mut found {
        let own = innovations
            .iter()
            .filter(|i| i.name.unit.agency == key.0 && i.name.unit.unit == key.1);
        for stored in own {
            let registered = calendar::day(from_micros(stored.created_at));
            // Years are counted up to the requested one: an innovation that goes on belongs to it, whatever the
            // present year is.
            if stored
                .innovation
                .years(registered, year(key))
                .contains(&year(key))
            {
                portfolio.innovations.push(publish::facts(stored));
                *at_work += i64::from(stored.innovation.in_operation_in(year(key)));
            }
        }
    }
    let entries = entries_of(conn, keys).await?;
    let ids: Vec<i64> = entries.iter().map(|e| e.id).collect();
    let awards = awards_of_entries(conn, &ids).await?;
    let rounds: BTreeSet<i64> = entries.iter().map(|e| e.round_id).collect();
    let announced = announced_at(conn, &rounds).await?;
    for entry in entries {
        let key = (
            entry.unit.agency.clone(),
            entry.unit.unit.clone(),
            i64::from(entry.year),
        );
        let won = awards.get(&entry.id).map(Vec::as_slice).unwrap_or_default();
        let at = announced.get(&entry.round_id).copied().unwrap_or_default();
        if let Some((portfolio, _)) = found.get_mut(&key) {
            portfolio.entries.push(publish::entry_facts(&entry, won, at));
        }
    }
    for taken in [false, true] {
        for stored in replications_by_unit(conn, keys, taken).await? {
            let side = if taken {
                &stored.adopter
            } else {
                &stored.name.innovation.unit
            };
            let adopted = i64::from(chrono::Datelike::year(&stored.replication.adopted));
            let key = (side.agency.clone(), side.unit.clone(), adopted);
            if let Some((portfolio, _)) = found.get_mut(&key) {
                let list = if taken {
                    &mut portfolio.taken
                } else {
                    &mut portfolio.given
                };
                list.push(publish::replication_facts(&stored));
            }
        }
    }
    for day in learning_of(conn, keys).await? {
        if let Some((portfolio, _)) = found.get_mut(&(day.agency, day.unit, day.year)) {
            portfolio.learning_dates.push(day.held_on);
        }
    }
    Ok(found
        .into_iter()
        .map(|(key, (portfolio, at_work))| (key.clone(), portfolio, at_work))
        .collect())
}
