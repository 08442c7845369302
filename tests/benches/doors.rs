//! What a call in JSON costs beside the same call by gRPC: one caller after the other on a connection, and many at once. Both
//! doors are called by the same client of HTTP/2, which makes nothing of a message, so that the difference is that of the
//! server.
//!
//! Run it with `cargo build --release --bin prima && cargo bench -p prima-tests --bench doors`; it takes a minute.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use h2::client::SendRequest;
use prima_proto::directory::v1 as directory;
use prima_tests::{
    bench::{Figures, Unit, percentile, run, size, small},
    client::Client,
    process::{Command, Service},
};
use prost::{Message, bytes::Bytes};
use tokio::net::TcpStream;

const ROUNDS: usize = 7;
const SMALL_ROUNDS: usize = 1;
/// Calls one after the other, and calls at once, in each round.
const CALLS: usize = 2000;
const SMALL_CALLS: usize = 50;
const AT_ONCE: usize = 64;
const LIMIT: Duration = Duration::from_secs(300);
/// Most of the time of a call by gRPC that one in JSON may take, and least of its rate.
const GOAL: f64 = 1.3;

/// A call, and in which form it is sent.
#[derive(Clone)]
struct Call {
    path: &'static str,
    kind: &'static str,
    body: Bytes,
    token: String,
}

const GET: &str = "/prima.directory.v1.DirectoryService/GetAgency";
const LIST: &str = "/prima.directory.v1.DirectoryService/ListAgencies";

fn calls(token: &str) -> Vec<(&'static str, Call)> {
    let framed = |message: Vec<u8>| {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], length.as_slice(), &message].concat()
    };
    let get = directory::GetAgencyRequest {
        name: "agencies/3200".into(),
    };
    let list = directory::ListAgenciesRequest {
        page_size: 50,
        ..Default::default()
    };
    let (get, list) = (get.encode_to_vec(), list.encode_to_vec());
    let call = |path, kind, body: Vec<u8>| Call {
        path,
        kind,
        body: body.into(),
        token: format!("Bearer {token}"),
    };
    vec![
        ("one by gRPC", call(GET, "application/grpc", framed(get.clone()))),
        ("one by Connect, protobuf", call(GET, "application/proto", get)),
        (
            "one by Connect, JSON",
            call(GET, "application/json", br#"{"name":"agencies/3200"}"#.to_vec()),
        ),
        ("a page by gRPC", call(LIST, "application/grpc", framed(list))),
        (
            "a page by Connect, JSON",
            call(LIST, "application/json", br#"{"pageSize":50}"#.to_vec()),
        ),
    ]
}

/// Sends a call and waits for the whole response, which must be one without an error.
async fn send(client: SendRequest<Bytes>, call: Call) {
    let mut client = client.ready().await.unwrap();
    let request = http::Request::post(format!("http://prima{}", call.path))
        .header("content-type", call.kind)
        .header("te", "trailers")
        .header("authorization", call.token)
        .body(())
        .unwrap();
    let (response, mut stream) = client.send_request(request, false).unwrap();
    stream.send_data(call.body, true).unwrap();
    let (head, mut body) = response.await.unwrap().into_parts();
    assert_eq!(head.status, 200);
    let mut bytes = 0;
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        bytes += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    assert!(bytes > 0, "{:?}", head.headers);
    if let Some(trailers) = body.trailers().await.unwrap() {
        assert_eq!(trailers.get("grpc-status").unwrap(), "0");
    }
}

async fn connect(url: &str) -> SendRequest<Bytes> {
    let tcp = TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    tcp.set_nodelay(true).unwrap();
    let (client, connection) = h2::client::handshake(tcp).await.unwrap();
    tokio::spawn(async move {
        let _ended = connection.await;
    });
    client
}

async fn measure() -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    let process = Command::new(Service::Up)
        .data(dir.path())
        .env("PRIMA_GRPC__CALLS_PER_SECOND_PER_TOKEN", "0")
        .env("PRIMA_TELEMETRY__LEVEL", "warn")
        .start()
        .await;
    process.wait_ready().await;
    let token = std::fs::read_to_string(dir.path().join("token")).unwrap();
    let (url, token) = (process.url(), token.trim());
    let mut client = Client::new(&url, &url, &url, token);
    for n in 0..50 {
        client
            .agency(&(3200 + n).to_string(), directory::AgencyKind::Provinsi, "")
            .await;
    }
    let client = connect(&url).await;
    let mut figures = Figures::new("doors", "SQLite");
    let (rounds, count) = (size(ROUNDS, SMALL_ROUNDS), size(CALLS, SMALL_CALLS));
    for round in 0..=rounds {
        for (name, call) in calls(token) {
            let against: &[&str] = match (name.contains("gRPC"), call.path) {
                (true, _) => &[],
                (false, GET) => &["one by gRPC: median", "one by gRPC: calls a second"],
                (false, _) => &["a page by gRPC: median", "a page by gRPC: calls a second"],
            };
            let mut millis = Vec::with_capacity(count);
            for _ in 0..count {
                let began = Instant::now();
                send(client.clone(), call.clone()).await;
                millis.push(began.elapsed().as_secs_f64() * 1e3);
            }
            let began = Instant::now();
            let sending = stream::iter(0..count).map(|_| send(client.clone(), call.clone()));
            sending.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
            let rate = count as f64 / began.elapsed().as_secs_f64();
            // The first round warms up.
            if round > 0 {
                let (medians, rates) = (against.get(..1), against.get(1..));
                figures.note(
                    &format!("{name}: median"),
                    Unit::Millis,
                    percentile(&mut millis, 0.5),
                    medians.unwrap_or_default(),
                );
                let rates = rates.unwrap_or_default();
                figures.note(&format!("{name}: calls a second"), Unit::PerSecond, rate, rates);
            }
        }
    }
    figures.report();
    let ratio = |of: &str, to: &str| figures.median(of) / figures.median(to);
    let slow = ratio("one by Connect, JSON: median", "one by gRPC: median") > GOAL
        || ratio(
            "one by gRPC: calls a second",
            "one by Connect, JSON: calls a second",
        ) > GOAL;
    // A small run uses a debug binary, so the goal is not checked.
    if slow && !small() {
        println!("a call in JSON takes more than {GOAL} of one by gRPC");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    run(LIMIT, measure())
}
