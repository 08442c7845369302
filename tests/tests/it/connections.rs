//! Connections are renewed while they are in use, and closed when the client has disappeared without closing them.

use std::{
    io::{BufWriter, Write},
    process::{Command, Stdio},
};

use futures::future::join_all;
use prima_platform::testing::{eventually, proxy::Proxy};
use prima_proto::{
    ranking::v1::{self as ranking, ranking_service_client::RankingServiceClient},
    survey::v1 as survey,
};
use prima_tests::{
    Cluster, DEADLINE,
    client::{Client, channel},
    process::{Process, Service, binary},
    sample,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

/// Starts a proxy in front of a process; returns it with its URL for clients.
async fn in_front_of(process: &Process) -> (Proxy, String) {
    let url = process.url();
    let target = url.strip_prefix("http://").unwrap().parse().unwrap();
    let proxy = Proxy::start(target).await;
    let url = proxy.url(&url);
    (proxy, url)
}

fn table() -> ranking::WatchLeagueTableRequest {
    ranking::WatchLeagueTableRequest {
        name: "metrics/skm/periods/2024-q3/cohorts/dpmptsp".into(),
        page_size: 10,
        ..Default::default()
    }
}

/// Whether hyper returns a call that it never sent, because the server had announced meanwhile that the connection
/// ends. Other libraries repeat such a call by themselves; tonic leaves it to its caller.
fn unsent(status: &Status) -> bool {
    let text = format!("{:?}", std::error::Error::source(status));
    match status.code() {
        Code::Cancelled => text.contains(r#"hyper::Error(Canceled, "connection closed")"#),
        Code::Internal => text.contains(r#"GoAway(b"", NO_ERROR, Remote)"#),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disappeared_frees_its_slot() {
    let cluster = Cluster::start().await;
    let process = cluster
        .command(Service::Ranking)
        .env("PRIMA_GRPC__MAX_WATCHERS", "1")
        .env("PRIMA_GRPC__KEEPALIVE_SECONDS", "1")
        .start()
        .await;
    let (proxy, url) = in_front_of(&process).await;
    let mut lost = RankingServiceClient::new(channel(&url));
    let mut stream = lost.watch_league_table(table()).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    let mut other = RankingServiceClient::new(channel(&process.url()));
    let refused = other.watch_league_table(table()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    // Nothing changes in the table, so the server has no message to send on the dead connection.
    proxy.forget();
    let freed = eventually(DEADLINE, || {
        let mut other = other.clone();
        async move { other.watch_league_table(table()).await.ok() }
    });
    let mut stream = freed.await.expect("its slot is free").into_inner();
    stream.message().await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_renewed_and_neither_calls_nor_streams_notice() {
    let cluster = Cluster::start().await;
    let directory = cluster.serve(Service::Directory).await;
    let process = cluster
        .command(Service::Survey)
        .env("PRIMA_GRPC__MAX_CONNECTION_AGE_SECONDS", "1")
        .start()
        .await;
    let (proxy, url) = in_front_of(&process).await;
    let mut client = Client::new(&directory.url(), &url, &url, &cluster.admin());
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "2024-q3").await;

    // A watch and an import begin on the first connection.
    let watch = survey::WatchResultRequest { survey: name.clone() };
    let mut watched = client.survey.watch_result(watch).await.unwrap().into_inner();
    watched.message().await.unwrap().unwrap();
    let (rows, receiver) = mpsc::channel(1);
    let row = |n: usize| survey::SubmitResponsesRequest {
        survey: name.clone(),
        response_id: format!("r-{n}"),
        response: Some(sample::response(n)),
        import_id: "import".into(),
        ..survey::SubmitResponsesRequest::default()
    };
    let mut importing = client.survey.clone();
    let importer = async { importing.submit_responses(ReceiverStream::new(receiver)).await };

    // Callers share the channel until it has renewed its connection several times.
    let first = proxy.accepted();
    let callers = (0..4).map(|_| {
        let (mut client, proxy) = (client.survey.clone(), &proxy);
        let request = survey::GetSurveyRequest { name: name.clone() };
        async move {
            let mut calls = 0_u64;
            while proxy.accepted() < first + 4 {
                let mut answer = client.get_survey(request.clone()).await;
                while answer.as_ref().is_err_and(unsent) {
                    answer = client.get_survey(request.clone()).await;
                }
                answer.expect("no call fails");
                calls += 1;
            }
            calls
        }
    });
    let work = async {
        let mut sent = 0;
        for connections in first..first + 4 {
            rows.send(row(sent)).await.unwrap();
            sent += 1;
            eventually(DEADLINE, || async {
                (proxy.accepted() > connections).then_some(())
            })
            .await
            .expect("a new connection");
        }
        drop(rows);
        sent
    };
    let (calls, answer, sent) = tokio::join!(join_all(callers), importer, work);
    assert!(calls.iter().all(|calls| *calls > 0), "each of them called");
    let answer = answer.expect("the import ends well").into_inner();
    let sent = i64::try_from(sent).unwrap();
    assert_eq!((answer.accepted, answer.rejected), (sent, 0));
    client.close(&name).await;
    let received = async {
        loop {
            let message = watched.message().await.expect("the watch continues").unwrap();
            if message.result.unwrap().respondents == sent {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, received)
        .await
        .expect("the watch shows the import");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_continues_over_many_connections() {
    const ROWS: usize = 20_000;
    let cluster = Cluster::start().await;
    let directory = cluster.serve(Service::Directory).await;
    let process = cluster
        .command(Service::Survey)
        .env("PRIMA_GRPC__MAX_CONNECTION_AGE_SECONDS", "1")
        .start()
        .await;
    let (proxy, url) = in_front_of(&process).await;
    let mut client = Client::new(&directory.url(), &process.url(), &url, &cluster.admin());
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "2024-q3").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(file.reopen().unwrap());
    sample::csv(&mut writer, ROWS).unwrap();
    writer.flush().unwrap();
    let mut command = Command::new(binary());
    command
        .args([
            "import",
            "responses",
            file.path().to_str().unwrap(),
            "--survey",
            &name,
        ])
        .args(["--endpoint", &format!("survey={url}")])
        .env("PRIMA_TOKEN", cluster.admin())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let summary = format!("Jawaban: {ROWS} diterima, 0 sudah ada, 0 ditolak");
    assert!(output.status.success() && text.contains(&summary), "{text}");
    assert!(proxy.accepted() > 1, "it took less than a second");
}
