//! Reads league tables, and watches them.

use prima_platform::{
    failure::{Failure, found},
    grpc::WatchStream,
    page::Page,
    request::{self, Faults},
};
use prima_proto::{name, ranking::v1};

use super::cursor;
use crate::{
    derived::tables::Tables,
    domain::TableKey,
    rpc::{App, message},
};

/// Up to this number of watches from one address, each is updated at the full rate. With more, each is updated less
/// often, so that together they cost no more.
const FULL_RATE_WATCHES: usize = 32;

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
        freshness: app.freshness(),
    })
}

/// Parses the name of a table and the page of its rows.
fn parse(name: &str, size: i32, token: &str, filter: &[&str]) -> Result<(TableKey, Page), Failure> {
    let mut faults = Faults::default();
    let key = faults.take(request::name("name", name));
    let page = faults.take_all(Page::parse(size, token, filter));
    faults.build(|| key.zip(page))
}

/// A page of the rows of a table in the order of their ranks; subjects without a rank come last.
pub fn get(app: &App, message: &v1::GetLeagueTableRequest) -> Result<v1::GetLeagueTableResponse, Failure> {
    let name = &message.name;
    let (key, page) = parse(name, message.page_size, &message.page_token, &[name])?;
    app.check_ready()?;
    let league_tables = app.tables.read();
    let table = found(league_tables.table(&key), name)?;
    let offset = cursor::parse(&page.after).map_or(0, |(subject, sort_key)| table.up_to(&subject, sort_key));
    let mut rows = league_tables
        .rows(&key, offset, page.size + 1)
        .unwrap_or_default();
    let table = message::table(&league_tables, &key);
    drop(league_tables);
    let next_page_token = page.cut(&mut rows, cursor::after_row);
    Ok(v1::GetLeagueTableResponse {
        table: Some(table),
        rows: rows.into_iter().map(message::row).collect(),
        next_page_token,
        freshness: app.freshness(),
    })
}

/// Streams the first rows of a table: now, and again after each change of the table or of how current it is. A watch
/// can be opened before the tables are complete; its messages are then marked stale.
pub fn watch(
    app: &App,
    message: &v1::WatchLeagueTableRequest,
) -> Result<WatchStream<v1::WatchLeagueTableResponse>, Failure> {
    let (key, page) = parse(&message.name, message.page_size, "", &[])?;
    let channel = app.tables.watch(&key);
    let app = app.clone();
    app.watchers.clone().open(move |sender| async move {
        let mut changes = channel.subscribe();
        let mut fresh = app.freshness.fresh();
        loop {
            changes.mark_unchanged();
            fresh.mark_unchanged();
            let (table, rows) = first_rows(&app.tables, &key, page.size);
            let message = v1::WatchLeagueTableResponse {
                table: Some(table),
                rows,
                freshness: app.freshness(),
            };
            if sender.send(message).await.is_err() {
                return;
            }
            // Changes during the interval are in the next message.
            let times =
                u32::try_from(sender.streams_of_peer().div_ceil(FULL_RATE_WATCHES)).unwrap_or(u32::MAX);
            tokio::time::sleep(app.interval.saturating_mul(times.max(1))).await;
            tokio::select! {
                () = sender.closed() => return,
                _ = changes.changed() => {}
                _ = fresh.changed() => {}
            }
        }
    })
}

/// The first `size` rows of a table with its counts, read under one lock.
fn first_rows(tables: &Tables, key: &TableKey, size: usize) -> (v1::LeagueTable, Vec<v1::LeagueRow>) {
    let league_tables = tables.read();
    let rows = league_tables.rows(key, 0, size).unwrap_or_default();
    (
        message::table(&league_tables, key),
        rows.into_iter().map(message::row).collect(),
    )
}
