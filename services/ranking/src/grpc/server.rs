//! The RPCs: convert, read the board, answer.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    consume::Freshness,
    failure::{Failure, Kind, Violation},
    grpc::{WatchStream, Watchers, status},
    page::Page,
    service::Context,
};
use prima_proto::ranking::v1::{
    self as pb,
    ranking_service_server::{RankingService, RankingServiceServer},
};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::convert;
use crate::{
    app::tables::Tables,
    domain::{Subject, TableKey},
};

/// The service for tonic.
pub fn server(
    context: &Context,
    tables: Arc<Tables>,
    freshness: Freshness,
    ready: watch::Receiver<bool>,
) -> RankingServiceServer<Server> {
    RankingServiceServer::new(Server {
        tables,
        freshness,
        ready,
        watchers: context.watchers.clone(),
        interval: Duration::from_millis(context.config.ranking.watch_interval_millis),
    })
    .max_decoding_message_size(context.config.grpc.max_message_bytes)
}

/// Answers the RPCs.
pub struct Server {
    tables: Arc<Tables>,
    freshness: Freshness,
    ready: watch::Receiver<bool>,
    watchers: Watchers,
    interval: Duration,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, Failure>) -> Answer<T> {
    result.map(Response::new).map_err(status)
}

/// The first `size` rows of a table, with its counts, of one moment.
fn head(tables: &Tables, key: &TableKey, size: usize) -> (pb::LeagueTable, Vec<pb::LeagueRow>) {
    let board = tables.board();
    let rows = board.rows(key, 0, size).unwrap_or_default();
    (
        convert::table(key, board.table(key)),
        rows.into_iter().map(convert::row).collect(),
    )
}

impl Server {
    /// Before the first complete reading an absent table says nothing.
    fn ready(&self) -> Result<(), Failure> {
        if *self.ready.borrow() {
            return Ok(());
        }
        Err(Failure::new(
            Kind::Unavailable,
            "TABLES_LOADING",
            "the tables are not read yet",
            "Tabel peringkat sedang dimuat; coba lagi sebentar lagi",
        ))
    }

    fn list(&self, r: &pb::ListLeagueTablesRequest) -> Result<pb::ListLeagueTablesResponse, Failure> {
        self.ready()?;
        let page = Page::parse(r.page_size, &r.page_token, &[&r.metric, &r.period])?;
        let board = self.tables.board();
        let mut tables: Vec<pb::LeagueTable> = board
            .tables()
            .filter(|(key, _)| r.metric.is_empty() || key.metric == r.metric)
            .filter(|(key, _)| r.period.is_empty() || key.period == r.period)
            .map(|(key, table)| convert::table(key, Some(table)))
            .filter(|table| table.name > page.after)
            .collect();
        drop(board);
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let next_page_token = page.cut(&mut tables, |t| t.name.clone());
        Ok(pb::ListLeagueTablesResponse {
            tables,
            next_page_token,
            freshness: self.freshness(),
        })
    }

    fn freshness(&self) -> Option<pb::Freshness> {
        Some(convert::freshness(&self.freshness))
    }

    fn get(&self, r: &pb::GetLeagueTableRequest) -> Result<pb::GetLeagueTableResponse, Failure> {
        let mut faults = Vec::new();
        let key = convert::table_name(&r.name).map_err(|v| faults.push(v)).ok();
        let page = Page::parse(r.page_size, &r.page_token, &[&r.name])
            .map_err(|v| faults.extend(v))
            .ok();
        let Some((key, page)) = key.zip(page).filter(|_| faults.is_empty()) else {
            return Err(faults.into());
        };
        self.ready()?;
        let board = self.tables.board();
        let table = board.table(&key).ok_or_else(|| Failure::not_found(&r.name))?;
        let offset = convert::after(&page.after).map_or(0, |(subject, seat)| table.up_to(&subject, seat));
        let mut rows = board.rows(&key, offset, page.size + 1).unwrap_or_default();
        let table = convert::table(&key, Some(table));
        drop(board);
        let next_page_token = page.cut(&mut rows, convert::mark);
        Ok(pb::GetLeagueTableResponse {
            table: Some(table),
            rows: rows.into_iter().map(convert::row).collect(),
            next_page_token,
            freshness: self.freshness(),
        })
    }

    fn standing(&self, r: &pb::GetStandingRequest) -> Result<pb::GetStandingResponse, Failure> {
        let mut faults = Vec::new();
        let subject = Subject::parse(&r.subject);
        if subject.is_none() {
            faults.push(Violation::new(
                "subject",
                "must be agencies/{agency} or agencies/{agency}/units/{unit}",
                "harus berbentuk agencies/{agency} atau agencies/{agency}/units/{unit}",
            ));
        }
        faults.extend(convert::token("metric", &r.metric).err());
        faults.extend(convert::token("period", &r.period).err());
        let Some(subject) = subject.filter(|_| faults.is_empty()) else {
            return Err(faults.into());
        };
        self.ready()?;
        let board = self.tables.board();
        let mut standings: Vec<pb::Standing> = board
            .standings(&subject, &r.metric, &r.period)
            .into_iter()
            .map(|(key, row)| pb::Standing {
                table: Some(convert::table(&key, board.table(&key))),
                row: Some(convert::row(row)),
            })
            .collect();
        drop(board);
        if standings.is_empty() {
            return Err(Failure::not_found(&format!(
                "{} ({}, {})",
                r.subject, r.metric, r.period
            )));
        }
        standings.sort_by(|a, b| {
            a.table
                .as_ref()
                .map(|t| &t.name)
                .cmp(&b.table.as_ref().map(|t| &t.name))
        });
        Ok(pb::GetStandingResponse {
            standings,
            freshness: self.freshness(),
        })
    }

    fn watch(
        &self,
        r: &pb::WatchLeagueTableRequest,
    ) -> Result<WatchStream<pb::WatchLeagueTableResponse>, Failure> {
        let mut faults = Vec::new();
        let key = convert::table_name(&r.name).map_err(|v| faults.push(v)).ok();
        let page = Page::parse(r.page_size, "", &[])
            .map_err(|v| faults.extend(v))
            .ok();
        let Some((key, page)) = key.zip(page).filter(|_| faults.is_empty()) else {
            return Err(faults.into());
        };
        let bell = self.tables.watch(&key);
        let (tables, freshness, interval) = (self.tables.clone(), self.freshness.clone(), self.interval);
        self.watchers.open(move |sender| async move {
            let mut rung = bell.subscribe();
            let mut fresh = freshness.fresh();
            loop {
                rung.mark_unchanged();
                fresh.mark_unchanged();
                let (table, rows) = head(&tables, &key, page.size);
                let freshness = Some(convert::freshness(&freshness));
                let message = pb::WatchLeagueTableResponse {
                    table: Some(table),
                    rows,
                    freshness,
                };
                if sender.send(message).await.is_err() {
                    return;
                }
                // What changes meanwhile is in the next message.
                tokio::time::sleep(interval).await;
                tokio::select! {
                    () = sender.closed() => return,
                    _ = rung.changed() => {}
                    _ = fresh.changed() => {}
                }
            }
        })
    }
}

#[tonic::async_trait]
impl RankingService for Server {
    async fn list_league_tables(
        &self,
        r: Request<pb::ListLeagueTablesRequest>,
    ) -> Answer<pb::ListLeagueTablesResponse> {
        answer(self.list(r.get_ref()))
    }

    async fn get_league_table(
        &self,
        r: Request<pb::GetLeagueTableRequest>,
    ) -> Answer<pb::GetLeagueTableResponse> {
        answer(self.get(r.get_ref()))
    }

    async fn get_standing(&self, r: Request<pb::GetStandingRequest>) -> Answer<pb::GetStandingResponse> {
        answer(self.standing(r.get_ref()))
    }

    type WatchLeagueTableStream = WatchStream<pb::WatchLeagueTableResponse>;

    async fn watch_league_table(
        &self,
        r: Request<pb::WatchLeagueTableRequest>,
    ) -> Answer<Self::WatchLeagueTableStream> {
        answer(self.watch(r.get_ref()))
    }
}
