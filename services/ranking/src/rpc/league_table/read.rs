//! Reads league tables, and watches them.

use prima_platform::{
    failure::{Failure, found},
    grpc::WatchStream,
    page::Page,
    request::{self, Faults},
};
use prima_proto::ranking::v1;

use super::message;
use crate::{
    derived::tables::Tables,
    domain::TableKey,
    rpc::{App, shown},
};

/// Watches of one address that are told as often as a single one. Of more each is told less often, so that they cost
/// together what these do.
const SIBLINGS: usize = 32;

/// A page of tables in the order of their names, without their rows.
pub fn list(
    app: &App,
    message: &v1::ListLeagueTablesRequest,
) -> Result<v1::ListLeagueTablesResponse, Failure> {
    app.check_ready()?;
    let (metric, period) = (&message.metric, &message.period);
    let page = Page::parse(message.page_size, &message.page_token, &[metric, period])?;
    let board = app.tables.board();
    let mut tables: Vec<v1::LeagueTable> = board
        .tables()
        .filter(|(key, _)| metric.is_empty() || key.metric == *metric)
        .filter(|(key, _)| period.is_empty() || key.period == *period)
        .map(|(key, table)| shown::table(key, Some(table)))
        .filter(|table| table.name > page.after)
        .collect();
    drop(board);
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let next_page_token = page.cut(&mut tables, |t| t.name.clone());
    Ok(v1::ListLeagueTablesResponse {
        tables,
        next_page_token,
        freshness: app.freshness(),
    })
}

/// The name of a table, and a page of its rows.
fn parse(name: &str, size: i32, token: &str, filter: &[&str]) -> Result<(TableKey, Page), Failure> {
    let mut faults = Faults::default();
    let key = faults.take(request::name("name", name));
    let page = faults.take_all(Page::parse(size, token, filter));
    faults.build(|| key.zip(page))
}

/// A page of the rows of a table in the order of their ranks; those without a rank come last.
pub fn get(app: &App, message: &v1::GetLeagueTableRequest) -> Result<v1::GetLeagueTableResponse, Failure> {
    let name = &message.name;
    let (key, page) = parse(name, message.page_size, &message.page_token, &[name])?;
    app.check_ready()?;
    let board = app.tables.board();
    let table = found(board.table(&key), name)?;
    let offset = message::after(&page.after).map_or(0, |(subject, seat)| table.up_to(&subject, seat));
    let mut rows = board.rows(&key, offset, page.size + 1).unwrap_or_default();
    let table = shown::table(&key, Some(table));
    drop(board);
    let next_page_token = page.cut(&mut rows, message::mark);
    Ok(v1::GetLeagueTableResponse {
        table: Some(table),
        rows: rows.into_iter().map(shown::row).collect(),
        next_page_token,
        freshness: app.freshness(),
    })
}

/// The first rows of a table now, and again after each change of it or of how current it is. It is opened before the
/// first complete reading too, and then tells that it is stale.
pub fn watch(
    app: &App,
    message: &v1::WatchLeagueTableRequest,
) -> Result<WatchStream<v1::WatchLeagueTableResponse>, Failure> {
    let (key, page) = parse(&message.name, message.page_size, "", &[])?;
    let bell = app.tables.watch(&key);
    let app = app.clone();
    app.watchers.clone().open(move |sender| async move {
        let mut rung = bell.subscribe();
        let mut fresh = app.freshness.fresh();
        loop {
            rung.mark_unchanged();
            fresh.mark_unchanged();
            let (table, rows) = head(&app.tables, &key, page.size);
            let message = v1::WatchLeagueTableResponse {
                table: Some(table),
                rows,
                freshness: app.freshness(),
            };
            if sender.send(message).await.is_err() {
                return;
            }
            // What changes meanwhile is in the next message.
            let times = u32::try_from(sender.siblings().div_ceil(SIBLINGS)).unwrap_or(u32::MAX);
            tokio::time::sleep(app.interval.saturating_mul(times.max(1))).await;
            tokio::select! {
                () = sender.closed() => return,
                _ = rung.changed() => {}
                _ = fresh.changed() => {}
            }
        }
    })
}

/// The first `size` rows of a table, with its counts, of one moment.
fn head(tables: &Tables, key: &TableKey, size: usize) -> (v1::LeagueTable, Vec<v1::LeagueRow>) {
    let board = tables.board();
    let rows = board.rows(key, 0, size).unwrap_or_default();
    (
        shown::table(key, board.table(key)),
        rows.into_iter().map(shown::row).collect(),
    )
}
