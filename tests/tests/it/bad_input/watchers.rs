//! Clients that watch and never read, and too many watchers.

use std::{pin::pin, time::Duration};

use futures::future::{Either, select};
use prima_platform::testing::eventually;
use prima_proto::{
    ranking::v1::{self as ranking, ranking_service_client::RankingServiceClient},
    survey::v1::{self as survey, survey_service_client::SurveyServiceClient},
};
use prima_tests::{
    Cluster, DEADLINE, Suite,
    client::Client,
    process::{Process, Service},
    sample,
};
use tonic::{
    Code, Request, Status, Streaming,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use super::{healthy, refused};

const TABLE: &str = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";
const SLOW: usize = 40;

/// A suite whose processes have this environment variable.
async fn suite(name: &str, value: &str, more: (&str, &str)) -> Suite {
    let cluster = Cluster::start().await;
    let start = |service| {
        cluster
            .command(service)
            .env(name, value)
            .env(more.0, more.1)
            .start()
    };
    let directory = start(Service::Directory).await;
    let survey = start(Service::Survey).await;
    let ranking = start(Service::Ranking).await;
    let client = Client::new(&directory.url(), &survey.url(), &ranking.url(), &cluster.admin());
    Suite {
        cluster,
        directory,
        survey,
        ranking,
        client,
    }
}

/// A channel whose streams buffer only a few hundred bytes until they are read.
fn narrow(process: &Process) -> Channel {
    Endpoint::from_shared(process.url())
        .unwrap()
        .initial_stream_window_size(256)
        .initial_connection_window_size(65_535)
        .connect_lazy()
}

fn with<T>(token: &MetadataValue<Ascii>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.clone());
    request
}

fn watch_table() -> ranking::WatchLeagueTableRequest {
    ranking::WatchLeagueTableRequest {
        name: TABLE.into(),
        page_size: 10,
        ..Default::default()
    }
}

/// Resident memory in KiB, and the number of threads.
fn usage(process: &Process) -> (i64, i64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (field("VmRSS:"), field("Threads:"))
}

/// Reads until the stream ends. Returns the number of messages and the status.
async fn drain<T>(stream: &mut Streaming<T>) -> (usize, Status) {
    let mut count = 0;
    let reading = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => panic!("the stream ends without a status"),
                Err(status) => return (count, status),
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading)
        .await
        .expect("the stream ends")
}

/// Submits responses one after the other without end.
async fn citizens(mut client: Client, name: String, from: usize) {
    for n in from.. {
        client
            .submit(&name, &format!("r-{n}"), sample::response(n))
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_is_disconnected_and_costs_no_memory() {
    let most = (SLOW + 1).to_string();
    let suite = suite(
        "PRIMA_GRPC__WATCH_STALL_SECONDS",
        "1",
        ("PRIMA_GRPC__MAX_WATCHERS", &most),
    )
    .await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "2024-q3").await;
    client.submit(&name, "first", sample::response(0)).await.unwrap();
    let token: MetadataValue<Ascii> = format!("Bearer {}", suite.cluster.admin()).parse().unwrap();
    let result = || survey::WatchResultRequest { survey: name.clone() };

    // One watcher reads.
    let mut table = client
        .ranking
        .watch_league_table(watch_table())
        .await
        .unwrap()
        .into_inner();
    let mut results = client.survey.watch_result(result()).await.unwrap().into_inner();
    let read = async |count: usize,
                      table: &mut Streaming<ranking::WatchLeagueTableResponse>,
                      results: &mut Streaming<survey::WatchResultResponse>| {
        for _ in 0..count {
            let next = async {
                table.message().await.unwrap().unwrap();
                results.message().await.unwrap().unwrap()
            };
            tokio::time::timeout(DEADLINE, next)
                .await
                .expect("updates continue");
        }
    };

    // The other watchers never read.
    let mut slow_tables = RankingServiceClient::new(narrow(&suite.ranking));
    let mut slow_results = SurveyServiceClient::new(narrow(&suite.survey));
    let (mut unread_tables, mut unread_results) = (Vec::new(), Vec::new());
    for _ in 0..SLOW {
        unread_tables.push(
            slow_tables
                .watch_league_table(watch_table())
                .await
                .unwrap()
                .into_inner(),
        );
        unread_results.push(
            slow_results
                .watch_result(with(&token, result()))
                .await
                .unwrap()
                .into_inner(),
        );
    }
    let full = refused(
        client.ranking.watch_league_table(watch_table()).await,
        Code::ResourceExhausted,
        "TOO_MANY_WATCHERS",
    );
    assert!(full.retry.is_some());
    refused(
        client.survey.watch_result(result()).await,
        Code::ResourceExhausted,
        "TOO_MANY_WATCHERS",
    );

    let work = async {
        read(5, &mut table, &mut results).await;
        let before = [usage(&suite.survey), usage(&suite.ranking)];
        // The server frees their places when they have not read for a second.
        let freed = eventually(DEADLINE, || {
            let mut client = client.clone();
            let (watch, name) = (watch_table(), name.clone());
            async move {
                client.ranking.watch_league_table(watch).await.ok()?;
                client
                    .survey
                    .watch_result(survey::WatchResultRequest { survey: name })
                    .await
                    .ok()
            }
        });
        freed.await.expect("those who do not read are let go");
        read(60, &mut table, &mut results).await;
        let after = [usage(&suite.survey), usage(&suite.ranking)];
        for ((memory, threads), (memory_then, threads_then)) in before.into_iter().zip(after) {
            // The caches of a debug build still grow a little.
            assert!(memory_then - memory < 16 * 1024, "{before:?} {after:?}");
            assert!(threads_then - threads <= 2, "{before:?} {after:?}");
        }
    };
    match select(pin!(work), pin!(citizens(client.clone(), name.clone(), 0))).await {
        Either::Left(_) => {}
        Either::Right(_) => panic!("the citizens stopped"),
    }

    // When they read, they get the few messages that were in transit and then the reason why the stream ended.
    let mut left = 0;
    for stream in &mut unread_tables {
        let (count, status) = drain(stream).await;
        assert!(count <= 5, "{count} messages were kept for one who never read");
        let fault = refused(Err::<(), _>(status), Code::ResourceExhausted, "SLOW_READER");
        assert!(fault.retry.is_some());
        left += count;
    }
    for stream in &mut unread_results {
        let (count, status) = drain(stream).await;
        assert!(count <= 5, "{count} messages were kept for one who never read");
        refused(Err::<(), _>(status), Code::ResourceExhausted, "SLOW_READER");
    }
    assert!(left >= SLOW, "each got the first state");
    healthy(&suite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_watchers_than_allowed_are_refused_until_one_leaves() {
    let suite = suite(
        "PRIMA_GRPC__MAX_WATCHERS",
        "2",
        ("PRIMA_GRPC__MAX_CONCURRENT_REQUESTS", "8"),
    )
    .await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "2024-q3").await;
    let result = || survey::WatchResultRequest { survey: name.clone() };
    let mut tables = Vec::new();
    let mut results = Vec::new();
    for _ in 0..2 {
        let mut stream = client
            .ranking
            .watch_league_table(watch_table())
            .await
            .unwrap()
            .into_inner();
        stream.message().await.unwrap().unwrap();
        tables.push(stream);
        let mut stream = client.survey.watch_result(result()).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap();
        results.push(stream);
    }
    for _ in 0..3 {
        let fault = refused(
            client.ranking.watch_league_table(watch_table()).await,
            Code::ResourceExhausted,
            "TOO_MANY_WATCHERS",
        );
        assert!(fault.retry.is_some_and(|after| after > Duration::ZERO));
        let fault = refused(
            client.survey.watch_result(result()).await,
            Code::ResourceExhausted,
            "TOO_MANY_WATCHERS",
        );
        assert!(fault.retry.is_some_and(|after| after > Duration::ZERO));
    }
    // An invalid request is refused as such, before the limit of watchers is checked.
    let bad = ranking::WatchLeagueTableRequest::default();
    super::invalid(client.ranking.watch_league_table(bad).await, &["name"]);
    // Other methods still succeed.
    client.result(&name).await;
    drop((tables, results));
    let freed = eventually(DEADLINE, || {
        let (mut client, name) = (client.clone(), name.clone());
        async move {
            client.ranking.watch_league_table(watch_table()).await.ok()?;
            client
                .survey
                .watch_result(survey::WatchResultRequest { survey: name })
                .await
                .ok()
        }
    });
    freed.await.expect("a watcher is accepted when another has left");
    healthy(&suite).await;
}
