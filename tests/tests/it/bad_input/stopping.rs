//! A process that has to stop while clients are connected.

use std::time::{Duration, Instant};

use futures::StreamExt;
use prima_platform::testing::eventually;
use prima_proto::survey::v1 as survey;
use prima_tests::{DEADLINE, client::channel, process::Process, sample};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

use super::{begin, limits::block_writes, refused};

async fn health(process: &Process, service: &str) -> Streaming<HealthCheckResponse> {
    let request = HealthCheckRequest {
        service: service.into(),
    };
    let mut client = HealthClient::new(channel(&process.url()));
    client.watch(request).await.unwrap().into_inner()
}

async fn status(stream: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    let next = tokio::time::timeout(DEADLINE, stream.message()).await;
    next.expect("the watcher gets a message")
        .unwrap()
        .unwrap()
        .status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_informs_watchers_finishes_calls_and_ends_in_time() {
    let (mut suite, mut client, _, name) = begin().await;
    let mut of_all = health(&suite.survey, "").await;
    let mut of_service = health(&suite.survey, "prima.survey.v1.SurveyService").await;
    assert_eq!(status(&mut of_all).await, ServingStatus::Serving);
    assert_eq!(status(&mut of_service).await, ServingStatus::Serving);
    let watch = survey::WatchResultRequest { survey: name.clone() };
    let mut watch = client.survey.watch_result(watch).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    let address = suite.survey.url().trim_start_matches("http://").to_owned();
    let _idle = TcpStream::connect(address).await.unwrap();

    // Two calls are in progress: a response that waits for the database, and a stream whose client has not finished.
    let blocked = block_writes(&suite.cluster).await;
    let (rows, receiver) = mpsc::channel(10);
    let row = |n: usize| survey::SubmitResponsesRequest {
        survey: name.clone(),
        response_id: format!("s-{n}"),
        response: Some(sample::response(n)),
        ..Default::default()
    };
    rows.send(row(0)).await.unwrap();
    let mut unary = client.clone();
    let mut bulk = client.clone();
    let unary = unary.submit(&name, "u-0", sample::response(0));
    let bulk = bulk.survey.submit_responses(ReceiverStream::new(receiver));
    let stop = async {
        let cluster = &suite.cluster;
        let waiting = eventually(DEADLINE, || async {
            let sql =
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'survey.survey'::regclass";
            (cluster.number(sql).await >= 1).then_some(())
        });
        waiting.await.expect("both calls are at work");
        let asked = Instant::now();
        suite.survey.terminate();
        assert_eq!(status(&mut of_all).await, ServingStatus::NotServing);
        assert_eq!(status(&mut of_service).await, ServingStatus::NotServing);
        let ended = tokio::time::timeout(DEADLINE, watch.message())
            .await
            .expect("the watch ends");
        refused(ended, Code::Unavailable, "STREAM_ENDED");
        // The calls continue.
        blocked.rollback().await.unwrap();
        rows.send(row(1)).await.unwrap();
        drop(rows);
        asked
    };
    let (unary, bulk, asked) = tokio::join!(unary, bulk, stop);
    unary.unwrap();
    assert_eq!(bulk.unwrap().into_inner().accepted, 2);
    assert_eq!(suite.survey.wait().await, 0);
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10), "the grace time: {took:?}");
    let sql = "SELECT count(*) FROM survey.response";
    assert_eq!(suite.cluster.number(sql).await, 3);
    assert!(!suite.survey.log().contains("panicked"), "{}", suite.survey.log());
    // The health stream ends too.
    let remaining = tokio::time::timeout(DEADLINE, of_all.by_ref().take(3).count()).await;
    remaining.expect("nothing stays open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_ends_does_not_block_the_stop() {
    let (mut suite, mut client, _, name) = begin().await;
    for process in [&mut suite.survey] {
        process
            .restart_with("PRIMA_GRPC__SHUTDOWN_GRACE_SECONDS", Some("2"))
            .await;
        process.wait_ready().await;
    }
    let (rows, receiver) = mpsc::channel(10);
    let row = survey::SubmitResponsesRequest {
        survey: name.clone(),
        response_id: "s".into(),
        response: Some(sample::response(1)),
        ..Default::default()
    };
    rows.send(row).await.unwrap();
    let mut bulk = client.clone();
    let bulk = bulk.survey.submit_responses(ReceiverStream::new(receiver));
    let stop = async {
        let cluster = &suite.cluster;
        let stored = eventually(DEADLINE, || async {
            (cluster.number("SELECT count(*) FROM survey.response").await == 1).then_some(())
        });
        stored.await.expect("the row is stored");
        let asked = Instant::now();
        suite.survey.terminate();
        let code = suite.survey.wait().await;
        (code, asked.elapsed())
    };
    let (bulk, (code, took)) = tokio::join!(bulk, stop);
    assert_eq!(code, 0);
    // The calls get the grace period, and what they started gets it at most once more.
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(bulk.is_err(), "its sender never came to an end");
    drop(rows);
    suite.survey.restart().await;
    assert_eq!(client.result(&name).await.respondents, 1);
}
