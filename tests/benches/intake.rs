//! How many responses a second become durable, unary and in bulk, beside what the parts can do alone: a bare tonic
//! echo, and COPY of the same rows. In one run, in turns, on this machine: the client, the three services, PostgreSQL
//! and nats-server share its cores, so read the ratios.
//!
//! `cargo build --release --bin prima && cargo bench -p prima-tests --bench intake`; it ends by itself in three minutes.
//! With words after `--` it measures only what has one of them in its name.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitCode, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use prima_platform::testing::postgres::Postgres;
use prima_proto::survey::v1::{
    RespondentProfile, Response, SubmitResponseRequest, SubmitResponseResponse, SubmitResponsesRequest,
    survey_service_client::SurveyServiceClient,
};
use prima_tests::{
    Suite,
    client::{Authorised, authorised},
    sample::{self, ELEMENTS},
};
use sea_orm::sqlx::{self, Connection, PgConnection, Row};
use tonic::{
    Status,
    body::Body,
    codegen::{BoxFuture, Service, http},
};
use tonic_prost::ProstCodec;

const ROUNDS: usize = 3;
const SLICE: Duration = Duration::from_millis(1500);
const BULK: u64 = 100_000;
const BATCH: u64 = 2_000;
const SURVEYS: usize = 100;
const LIMIT: Duration = Duration::from_secs(175);
/// A server that is not starved; the tests run on less.
const POSTGRES: &[&str] = &[
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "autovacuum_naptime=1min",
];

type Survey = SurveyServiceClient<Authorised>;

/// The next response: every one of a run has an id of its own.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// 32 characters in no order, as ids that clients make are (SplitMix64).
fn id(n: u64) -> String {
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let seed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}{:016x}", mix(seed), mix(!seed))
}

/// A response with every field, so that a row has every column.
fn response(n: u64) -> Response {
    Response {
        profile: Some(RespondentProfile {
            sex: "P".into(),
            age: 34,
            education: "S1".into(),
            occupation: "SWASTA".into(),
            service: "ktp-elektronik".into(),
            ..Default::default()
        }),
        ..sample::response(usize::try_from(n).unwrap())
    }
}

fn take(count: u64) -> std::ops::Range<u64> {
    let first = NEXT.fetch_add(count, Ordering::Relaxed);
    first..first + count
}

fn pick(surveys: &[String], n: u64) -> String {
    let place = usize::try_from(n).unwrap() % surveys.len();
    surveys.get(place).unwrap().clone()
}

/// Calls a second with so many in flight, spread over the connections; also the median and p99 in milliseconds.
async fn unary(clients: &[Survey], surveys: &[String], in_flight: usize) -> [f64; 3] {
    let start = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .zip(clients.iter().cycle())
        .map(|(_, client)| {
            let (mut client, surveys) = (client.clone(), surveys.to_vec());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while start.elapsed() < SLICE {
                    let n = NEXT.fetch_add(1, Ordering::Relaxed);
                    let request = SubmitResponseRequest {
                        request_id: id(n),
                        survey: pick(&surveys, n),
                        response: Some(response(n)),
                        ..Default::default()
                    };
                    let begun = Instant::now();
                    client.submit_response(request).await.unwrap();
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| *times.get((times.len() as f64 * share) as usize).unwrap();
    [rate, at(0.5), at(0.99)]
}

/// Responses a second over so many streams, from the first message sent to the last answer.
async fn bulk(clients: &[Survey], surveys: &[String], streams: u64) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..streams)
        .zip(clients.iter().cycle())
        .map(|(_, client)| {
            let (mut client, surveys) = (client.clone(), surveys.to_vec());
            tokio::spawn(async move {
                let rows = take(BULK / streams);
                let count = rows.end - rows.start;
                let mut last = String::new();
                let messages = rows.map(move |n| {
                    let survey = pick(&surveys, n);
                    let same = survey == last;
                    last.clone_from(&survey);
                    SubmitResponsesRequest {
                        survey: if same { String::new() } else { survey },
                        response_id: id(n),
                        response: Some(response(n)),
                        ..Default::default()
                    }
                });
                let answer = client
                    .submit_responses(tokio_stream::iter(messages))
                    .await
                    .unwrap();
                assert_eq!(answer.into_inner().accepted, i64::try_from(count).unwrap());
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    BULK as f64 / start.elapsed().as_secs_f64()
}

/// The row of `response(n)`, as the service stores it.
fn row(n: u64) -> (String, Vec<u8>, String) {
    let response = response(n);
    let answers = ELEMENTS
        .iter()
        .map(|key| response.answers.get(*key).unwrap().to_string());
    (id(n), u128::from(n).to_be_bytes().to_vec(), answers.collect())
}

async fn postgres(url: &str) -> PgConnection {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let setup = "CREATE TABLE IF NOT EXISTS baseline (LIKE survey.response INCLUDING ALL)";
    sqlx::query(setup).execute(&mut conn).await.unwrap();
    conn
}

/// Rows a second by one COPY; the text is made beforehand.
async fn copy(conn: &mut PgConnection) -> f64 {
    let mut text = String::new();
    for n in take(BULK) {
        let (id, digest, answers) = row(n);
        let digest = digest.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let line = "P\t34\tS1\tSWASTA\tktp-elektronik";
        writeln!(
            text,
            "7\t{id}\t\\\\x{digest}\t1720000000000000\t1720000000000000\t{answers}\t{line}"
        )
        .unwrap();
    }
    let start = Instant::now();
    let mut sink = conn.copy_in_raw("COPY baseline FROM STDIN").await.unwrap();
    for piece in text.as_bytes().chunks(1 << 20) {
        sink.send(piece).await.unwrap();
    }
    assert_eq!(sink.finish().await.unwrap(), BULK);
    BULK as f64 / start.elapsed().as_secs_f64()
}

/// Rows a second by UNNEST, each batch a transaction of its own.
async fn unnest(conn: &mut PgConnection) -> f64 {
    let text = "INSERT INTO baseline SELECT 7, *, 'P', 34, 'S1', 'SWASTA', 'ktp-elektronik'
                FROM UNNEST($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::text[])";
    let all = take(BULK);
    let start = Instant::now();
    for first in all.step_by(usize::try_from(BATCH).unwrap()) {
        let (mut ids, mut digests, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for (id, digest, answer) in (first..first + BATCH).map(row) {
            ids.push(id);
            digests.push(digest);
            answers.push(answer);
        }
        let times = vec![1_720_000_000_000_000_i64; ids.len()];
        let query = sqlx::query(text)
            .bind(ids)
            .bind(digests)
            .bind(&times)
            .bind(&times)
            .bind(answers);
        query.execute(&mut *conn).await.unwrap();
    }
    BULK as f64 / start.elapsed().as_secs_f64()
}

/// A bare tonic service in a process of its own: it decodes the request of SubmitResponse and gives its answer.
#[derive(Clone)]
struct Echo;

impl tonic::server::NamedService for Echo {
    const NAME: &'static str = "prima.survey.v1.SurveyService";
}

impl Service<tonic::Request<SubmitResponseRequest>> for Echo {
    type Response = tonic::Response<SubmitResponseResponse>;
    type Error = Status;
    type Future = std::future::Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<SubmitResponseRequest>) -> Self::Future {
        let request = request.into_inner();
        std::future::ready(Ok(tonic::Response::new(SubmitResponseResponse {
            name: format!("{}/responses/{}", request.survey, request.request_id),
            accept_time: request.response.and_then(|r| r.submit_time),
        })))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
            Ok(grpc.unary(Echo, request).await)
        })
    }
}

/// Serves the echo until standard input ends: with whoever started it.
async fn echo() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = tonic::transport::Server::builder().add_service(Echo).serve_with_incoming(incoming) => served.unwrap(),
        _ = ended => std::process::exit(0),
    }
}

struct EchoProcess(Child);

impl EchoProcess {
    fn start() -> (Self, String) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("echo-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut address)
            .unwrap();
        (Self(child), format!("http://{}", address.trim()))
    }
}

impl Drop for EchoProcess {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// What was measured, by name, in the order of first use; a value per round.
#[derive(Default)]
struct Figures(Vec<(String, Vec<f64>)>);

impl Figures {
    fn note(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => self.0.push((name.to_owned(), vec![value])),
        }
    }

    fn median(&self, name: &str) -> f64 {
        let mut values = self.0.iter().find(|(n, _)| n == name).unwrap().1.clone();
        values.sort_by(f64::total_cmp);
        *values.get(values.len() / 2).unwrap()
    }

    fn print(&self, ratios: &BTreeMap<String, String>) {
        println!(
            "{:<52}{:>12}   each round; median against its baseline",
            "a second", "median"
        );
        for (name, values) in self.0.iter().filter(|(name, _)| !name.ends_with(" ms")) {
            let all: Vec<String> = values.iter().map(|v| format!("{v:.0}")).collect();
            let mut line = format!("{name:<52}{:>12.0}   {}", self.median(name), all.join(" "));
            if let Some(base) = ratios
                .get(name)
                .filter(|base| self.0.iter().any(|(n, _)| n == *base))
            {
                write!(line, "; {:.2} of {base}", self.median(name) / self.median(base)).unwrap();
            }
            for part in ["p50", "p99"] {
                let timed = format!("{name} {part} ms");
                if self.0.iter().any(|(n, _)| *n == timed) {
                    write!(line, "; {part} {:.1} ms", self.median(&timed)).unwrap();
                }
            }
            println!("{line}");
        }
    }
}

async fn measure(words: &[String]) {
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let _postgres = Postgres::start_with(POSTGRES);
    let mut suite = Suite::start().await;
    let (_echo, echo_url) = EchoProcess::start();
    let mut many = Vec::new();
    for n in 0..SURVEYS {
        let unit = suite.client.unit("32", &(3200 + n).to_string()).await;
        many.push(suite.client.create_survey(&unit, "skm").await);
    }
    let hot = many.get(..1).unwrap();
    let token = suite.cluster.admin();
    let clients = |url: &str| -> Vec<Survey> {
        let client = |_| SurveyServiceClient::new(authorised(url, &token));
        (0..4).map(client).collect()
    };
    let (prima, bare) = (clients(&suite.survey.url()), clients(&echo_url));
    let mut conn = postgres(&suite.cluster.database).await;

    let mut figures = Figures::default();
    let mut ratios = BTreeMap::new();
    let copied = format!("COPY, {BULK} rows");
    unary(&prima, &many, 64).await;
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (in_flight, connections) in [(1, 1), (64, 1), (256, 1), (64, 4), (256, 4)] {
            let what = format!("{in_flight} in flight, {connections} connection(s)");
            let base = format!("echo, {what}");
            for (name, all, surveys) in [
                (base.clone(), &bare, hot),
                (format!("unary, {what}"), &prima, hot),
                (format!("unary, {what}, {SURVEYS} surveys"), &prima, &many[..]),
            ] {
                if !wanted(&name) || surveys.len() > 1 && connections == 1 {
                    continue;
                }
                let [rate, p50, p99] = unary(all.get(..connections).unwrap(), surveys, in_flight).await;
                figures.note(&name, rate);
                figures.note(&format!("{name} p50 ms"), p50);
                figures.note(&format!("{name} p99 ms"), p99);
                if name != base {
                    ratios.insert(name, base.clone());
                }
            }
        }
        for (name, surveys, streams) in [
            ("bulk, 1 stream", hot, 1),
            ("bulk, 4 streams", hot, 4),
            ("bulk, 4 streams, 100 surveys", &many[..], 4),
        ] {
            if !wanted(name) {
                continue;
            }
            figures.note(name, bulk(&prima, surveys, streams).await);
            ratios.insert(name.to_owned(), copied.clone());
        }
        if wanted(&copied) {
            figures.note(&copied, copy(&mut conn).await);
        }
        let name = format!("UNNEST, batches of {BATCH} rows");
        if wanted(&name) {
            figures.note(&name, unnest(&mut conn).await);
            ratios.insert(name, copied.clone());
        }
    }
    figures.print(&ratios);

    // What was acknowledged is what is counted: a benchmark of lost work is worth nothing.
    let text = "SELECT count(*), (SELECT sum(respondents)::bigint FROM survey.survey) FROM survey.response";
    let row = sqlx::query(text).fetch_one(&mut conn).await.unwrap();
    let (rows, counted): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(rows, counted);
    println!("{rows} responses stored, {counted} counted");
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if words == ["echo-server"] {
        runtime.block_on(echo());
        return ExitCode::SUCCESS;
    }
    // Whatever ends it drops the suite, and with it every process.
    runtime.block_on(async {
        tokio::select! {
            () = measure(&words) => ExitCode::SUCCESS,
            () = tokio::time::sleep(LIMIT) => panic!("not done after {LIMIT:?}"),
            _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
        }
    })
}
