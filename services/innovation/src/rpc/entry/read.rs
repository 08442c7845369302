//! Reads entries, and lists those that wait for a decision.

use std::slice;

use chrono::TimeDelta;
use prima_platform::{
    caller::Caller,
    clock::{from_micros, micros},
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{innovation::v1, name};
use sea_orm::ConnectionTrait;

use super::{
    eligibility::failed_rules,
    message::{self, STATE},
};
use crate::{
    domain::{calendar, entry::State},
    rpc::{access::require_visible, message::small},
    store::{
        Lock,
        award::awards_of_entries,
        entry::{Filter, Stored, Waiting, entry_get, entry_page, waiting_counts, waiting_page},
        round::round_get,
        stage_result::results_of,
    },
};

/// Adds results of closed stages, and awards.
async fn with_results(
    conn: &impl ConnectionTrait,
    rows: &[Stored],
    full: bool,
) -> Result<Vec<v1::Entry>, Failure> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut results = results_of(conn, &ids).await?;
    let mut awards = awards_of_entries(conn, &ids).await?;
    let entry = |row: &Stored| {
        let results = results.remove(&row.id).unwrap_or_default();
        let awards = awards.remove(&row.id).unwrap_or_default();
        message::entry_with_results(row, full, &results, &awards)
    };
    Ok(rows.iter().map(entry).collect())
}

/// One entry, with the rules that it fails while it is live.
pub async fn get(
    ctx: &Context,
    caller: Caller,
    message: v1::GetEntryRequest,
) -> Result<v1::GetEntryResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let reader = ctx.db.reader();
    let stored = found(entry_get(reader, &name, Lock::None).await?, &name)?;
    require_visible(&caller, &stored.unit.agency, &name)?;
    let round = found(round_get(reader, &name.round, Lock::None).await?, &name.round)?;
    let mut entry = with_results(reader, slice::from_ref(&stored), true).await?.pop();
    if let Some(entry) = entry.as_mut().filter(|_| stored.state.is_live()) {
        entry.failed_rules = message::failed_rules(&failed_rules(reader, &round.round, &stored).await?);
    }
    Ok(v1::GetEntryResponse { entry })
}

fn parse(message: v1::ListEntriesRequest) -> Result<(name::Round, Filter, Page), Failure> {
    let mut faults = Faults::default();
    let raw_state = message.state.to_string();
    let filters = [&message.parent, &message.agency, &raw_state, &message.group].map(String::as_str);
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let round = faults.take(request::name("parent", &message.parent));
    let agency = faults.take(request::optional(&message.agency, |raw| {
        request::name::<name::Agency>("agency", raw)
    }));
    let state = faults.take(STATE.optional("state", message.state, message::parse_state));
    let group = faults.take(request::optional(&message.group, |raw| {
        request::new_id("group", raw, name::id)
    }));
    faults.build(|| {
        let filter = Filter {
            agency: agency?.map(|a| a.agency).unwrap_or_default(),
            state: state?.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            group: group?.unwrap_or_default(),
        };
        Some((round?, filter, page?))
    })
}

/// A page of a round's entries in the order of their names: those of an agency for its readers, all for evaluators
/// and the ministry.
pub async fn list(
    ctx: &Context,
    message: v1::ListEntriesRequest,
) -> Result<v1::ListEntriesResponse, Failure> {
    let (name, filter, page) = parse(message)?;
    let reader = ctx.db.reader();
    let round = found(round_get(reader, &name, Lock::None).await?, &name)?;
    let (rows, next_page_token) = entry_page(reader, round.id, &filter, &page).await?;
    Ok(v1::ListEntriesResponse {
        entries: with_results(reader, &rows, false).await?,
        next_page_token,
    })
}

/// Entries that have waited for a number of days, the longest first, and the number of entries in each state.
pub async fn list_stuck(
    ctx: &Context,
    message: v1::ListStuckEntriesRequest,
) -> Result<v1::ListStuckEntriesResponse, Failure> {
    let mut faults = Faults::default();
    let (raw_state, raw_days) = (message.state.to_string(), message.minimum_days.to_string());
    let filters = [message.parent.as_str(), &raw_state, &raw_days];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let name = faults.take(request::name("parent", &message.parent));
    let state = faults.take(STATE.optional("state", message.state, message::parse_state));
    let days = faults.range("minimum_days", message.minimum_days, 0, 10_000);
    let (name, state, page) = faults.build(|| Some((name?, state?, page?)))?;

    let reader = ctx.db.reader();
    let round = found(round_get(reader, &name, Lock::None).await?, &name)?;
    // Once all stages are closed, the remaining competitors wait for nothing.
    if round.stage.is_empty() {
        return Ok(v1::ListStuckEntriesResponse::default());
    }
    let now = ctx.clock.now();
    let days_since = |at: i64| small(calendar::days_between(from_micros(at), now));
    let counts = waiting_counts(reader, round.id).await?;
    let before = micros(now - TimeDelta::days(i64::from(days)));
    let (rows, next_page_token) = waiting_page(reader, round.id, &round.stage, state, before, &page).await?;
    let waiting = |row: Waiting| v1::StuckEntry {
        state: State::parse(&row.state)
            .map(message::state)
            .unwrap_or_default()
            .into(),
        name: row.name,
        title: row.title,
        innovation: row.innovation,
        days: days_since(row.state_at),
        scores: small(row.scores),
    };
    Ok(v1::ListStuckEntriesResponse {
        stage: round.stage,
        counts: counts
            .into_iter()
            .map(|(state, count, oldest)| v1::StuckCount {
                state: message::state(state).into(),
                count: small(count),
                longest_days: days_since(oldest),
            })
            .collect(),
        entries: rows.into_iter().map(waiting).collect(),
        next_page_token,
    })
}
