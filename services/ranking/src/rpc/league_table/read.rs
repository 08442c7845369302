//! Reads league tables.

use prima_platform::{
    failure::Failure,
    page::Page,
    request::{self, Faults},
};
use prima_proto::{name, ranking::v1};

use super::page;
use crate::{
    domain::TableKey,
    rpc::{App, message, moment},
};

/// A page of tables in the order of their names, without their rows.
pub fn list(
    app: &App,
    message: &v1::ListLeagueTablesRequest,
) -> Result<v1::ListLeagueTablesResponse, Failure> {
    let (metric, period) = (&message.metric, &message.period);
    let mut faults = Faults::default();
    for (field, text) in [("metric", metric), ("period", period)] {
        faults.take(request::optional(text, |raw| {
            request::parsed(field, raw, name::id).map(drop)
        }));
    }
    let page = faults.take_all(Page::parse(
        message.page_size,
        &message.page_token,
        &[metric, period],
    ));
    let page = faults.settle(page)?;
    app.check_ready()?;
    let freshness = app.freshness();
    let league_tables = app.tables.read();
    let mut keys: Vec<(String, &TableKey)> = league_tables
        .tables()
        .filter(|(key, _)| metric.is_empty() || key.metric == *metric)
        .filter(|(key, _)| period.is_empty() || key.period == *period)
        .map(|(key, _)| (key.to_string(), key))
        .filter(|(name, _)| *name > page.after)
        .collect();
    keys.sort();
    let next_page_token = page.cut(&mut keys, |(name, _)| name.clone());
    let tables = keys
        .iter()
        .map(|(_, key)| message::table(&league_tables, key))
        .collect();
    drop(keys);
    drop(league_tables);
    Ok(v1::ListLeagueTablesResponse {
        tables,
        next_page_token,
        freshness,
    })
}

/// Parses the name of a table and the page of its rows.
pub fn parse(name: &str, size: i32, token: &str, filter: &[&str]) -> Result<(TableKey, Page), Failure> {
    let mut faults = Faults::default();
    let key = faults.take(request::name("name", name));
    let page = faults.take_all(Page::parse(size, token, filter));
    faults.build(|| key.zip(page))
}

/// A page of the rows of a table, now or in the past: by rank, from a rank, around a subject, or from the bottom.
pub async fn get(
    app: &App,
    message: &v1::GetLeagueTableRequest,
) -> Result<v1::GetLeagueTableResponse, Failure> {
    let mut faults = Faults::default();
    let times = [message.as_of.as_ref(), message.known_at.as_ref()];
    let times = moment::Times::parse(&mut faults, "", times, app.clock.now());
    let request = page::Request::parse(faults, message)?;
    app.check_ready()?;
    let past = times.past(app, &request.key.metric, &request.key.period).await?;
    // Before the rows are read, so that they contain at least what it says.
    let freshness = app.freshness();
    let tables = past.as_ref().map_or(&*app.tables, |past| &past.tables);
    let league_tables = tables.read();
    let (rows, next_page_token) = request.rows(&league_tables)?;
    let mut table = message::table(&league_tables, &request.key);
    table.hash = tables.hash(&league_tables, &request.key);
    drop(league_tables);
    if let Some(past) = &past {
        moment::set(&mut table, past.moment);
    }
    Ok(v1::GetLeagueTableResponse {
        table: Some(table),
        rows: rows.into_iter().map(message::row).collect(),
        next_page_token,
        freshness,
    })
}
