//! How an attacker affects citizens: citizens submit responses at a fixed rate by an open link, first alone and then
//! beside each kind of attack, in turns, in one run. All services run in one process, so that an attack on any of them
//! affects all. The attacker is a process of its own at 127.0.0.1 with a low priority, as if it had a machine of its
//! own; the citizens call from 127.0.0.2. Both have no token.
//!
//! Run it with `cargo build --release --bin prima && cargo bench -p prima-tests --bench attack`. It takes five minutes,
//! and fails when a citizen was refused or when the p99 beside an attack is at least twice the quiet one. Clients and
//! server share the cores of this machine, so only the ratios are meaningful.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

use std::{
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use prima_platform::testing::{
    attack::{Attack, Misuse, Plan, connect},
    eventually,
};
use prima_proto::survey::v1::{
    AccessMode, CreateSurveyRequest, Credential, IssueLinkRequest, SubmitResponseRequest, Survey,
    access_service_client::AccessServiceClient, survey_service_client::SurveyServiceClient,
};
use prima_tests::{
    DEADLINE,
    bench::{ChildProcess, Figures, Unit, percentile, run, size, small},
    client::{Client, authorised},
    process::{Command, Service},
    sample,
};
use prost::Message;
use tonic::transport::{Channel, Endpoint};

const LIMIT: Duration = Duration::from_secs(600);
const ATTACKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
const CITIZEN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
const SUBMIT: &str = "/prima.survey.v1.SurveyService/SubmitResponse";
const INSTRUMENTS: &str = "/prima.survey.v1.SurveyService/ListInstruments";
const WATCH: &str = "/prima.ranking.v1.RankingService/WatchLeagueTable";
/// The p99 of citizens beside an attack must be below this multiple of the quiet p99.
const MAX_RATIO: f64 = 2.0;
/// A refused attacker tries again after this time.
const AGAIN: Duration = Duration::from_secs(1);

/// The attacks with the names of the citizens' figures beside them: p50, p99, refused.
const ATTACKS: [(&str, [&str; 3]); 6] = [
    (
        "1280 streams with headers only",
        ["headers only, p50", "headers only, p99", "headers only, refused"],
    ),
    (
        "1280 streams of a byte a second",
        ["byte by byte, p50", "byte by byte, p99", "byte by byte, refused"],
    ),
    (
        "100 unfinished messages of 4 MB",
        [
            "unfinished messages, p50",
            "unfinished messages, p99",
            "unfinished messages, refused",
        ],
    ),
    (
        "1120 watches",
        ["watches, p50", "watches, p99", "watches, refused"],
    ),
    (
        "900 silent connections",
        [
            "silent connections, p50",
            "silent connections, p99",
            "silent connections, refused",
        ],
    ),
    (
        "a flood of small calls",
        ["flood, p50", "flood, p99", "flood, refused"],
    ),
];
const QUIET: [&str; 2] = ["quiet, p50", "quiet, p99"];

/// Submits responses at a fixed rate, whether or not the earlier ones were answered.
struct Citizen {
    channel: Channel,
    survey: String,
    link: String,
    sent: usize,
}

impl Citizen {
    /// Returns the milliseconds of each accepted response, and how many were refused.
    async fn answer(&mut self, rate: u32, slice: Duration) -> (Vec<f64>, usize) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
        let end = tokio::time::Instant::now() + slice;
        let mut calls = Vec::new();
        loop {
            let due = ticks.tick().await;
            if due >= end {
                break;
            }
            self.sent += 1;
            let request = SubmitResponseRequest {
                request_id: format!("c-{}", self.sent),
                survey: self.survey.clone(),
                response: Some(sample::response(self.sent)),
                credential: Some(Credential {
                    link: self.link.clone(),
                    ..Default::default()
                }),
            };
            let mut client = SurveyServiceClient::new(self.channel.clone());
            calls.push(tokio::spawn(async move {
                let answer = client.submit_response(request).await;
                (answer.is_ok(), due.elapsed().as_secs_f64() * 1e3)
            }));
        }
        let (mut times, mut refused) = (Vec::new(), 0);
        for call in calls {
            match call.await.unwrap() {
                (true, millis) => times.push(millis),
                (false, _) => refused += 1,
            }
        }
        (times, refused)
    }
}

/// Runs the attack of this name until the benchmark ends the process, and prints a line when it has begun.
async fn attacker(name: &str, target: SocketAddr) -> ExitCode {
    let watch = prima_proto::ranking::v1::WatchLeagueTableRequest {
        name: "metrics/skm/periods/2024-q3/cohorts/dpmptsp".into(),
        page_size: 10,
        ..Default::default()
    };
    let (path, misuse, connections, streams, again) = match name {
        "1280 streams with headers only" => (SUBMIT, Misuse::Headers, 8, 160, AGAIN),
        "1280 streams of a byte a second" => {
            (SUBMIT, Misuse::Drip(1000, Duration::from_secs(1)), 8, 160, AGAIN)
        }
        "100 unfinished messages of 4 MB" => (SUBMIT, Misuse::Unfinished((4 << 20) - 100), 4, 25, AGAIN),
        "1120 watches" => (WATCH, Misuse::Ask(watch.encode_to_vec()), 8, 140, AGAIN),
        "a flood of small calls" => (
            INSTRUMENTS,
            Misuse::Ask(Vec::new()),
            4,
            64,
            Duration::from_millis(50),
        ),
        _ => {
            let mut silent = Vec::new();
            for _ in 0..900 {
                silent.push(connect(target, ATTACKER).await.unwrap());
            }
            println!("under way");
            ChildProcess::parent_ended().await;
            return ExitCode::SUCCESS;
        }
    };
    let attack = Attack::start(Plan {
        target,
        from: ATTACKER,
        path: path.into(),
        misuse,
        connections,
        streams,
        again: Some(again),
    })
    .await;
    let under_way = || async { (attack.open() + attack.ended() >= connections * streams).then_some(()) };
    eventually(DEADLINE, under_way).await.unwrap();
    println!("under way");
    ChildProcess::parent_ended().await;
    ExitCode::SUCCESS
}

async fn measure() -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    // All citizens use one link here, faster than one link may be used.
    let up = Command::new(Service::Up).env("PRIMA_SURVEY__LINK_RATE", "0");
    let up = up.data(dir.path()).start().await;
    up.wait_ready().await;
    let token = std::fs::read_to_string(dir.path().join("token")).unwrap();
    let (url, token) = (up.url(), token.trim());
    let address = url.trim_start_matches("http://").to_owned();
    let mut client = Client::new(&url, &url, &url, token);
    let unit = client.unit("32", "3271").await;
    let survey = CreateSurveyRequest {
        request_id: "survey".into(),
        parent: unit,
        survey_id: "2024-q3".into(),
        survey: Some(Survey {
            period: "2024-q3".into(),
            access_modes: vec![AccessMode::Link as i32],
            ..Default::default()
        }),
    };
    let survey = client.survey.create_survey(survey).await.unwrap().into_inner();
    let survey = survey.survey.unwrap().name;
    let request = IssueLinkRequest {
        survey: survey.clone(),
    };
    let mut access = AccessServiceClient::new(authorised(&url, token));
    let link = access.issue_link(request).await.unwrap().into_inner().link;
    let channel = Endpoint::from_shared(url.clone()).unwrap();
    let mut citizen = Citizen {
        channel: channel.local_address(Some(CITIZEN)).connect_lazy(),
        survey,
        link,
        sent: 0,
    };
    let (rate, slice) = (size(50, 20), Duration::from_millis(size(8000, 1000)));
    // The first responses open connections and prepare query plans, so they are not measured.
    citizen.answer(rate, Duration::from_secs(1)).await;
    let mut figures = Figures::new("attack", "sqlite");
    let mut all_refused = 0;
    for round in 1..=size(3, 1) {
        for (name, [p50, p99, refused]) in &ATTACKS {
            eprintln!("round {round}: {name}");
            let (mut times, _) = citizen.answer(rate, slice).await;
            figures.note(QUIET[0], Unit::Millis, percentile(&mut times, 0.5), &[]);
            figures.note(QUIET[1], Unit::Millis, percentile(&mut times, 0.99), &[]);
            let (attack, _under_way) = ChildProcess::start(&[name, &address], true);
            let (mut times, count) = citizen.answer(rate, slice).await;
            drop(attack);
            all_refused += count;
            if !times.is_empty() {
                figures.note(p50, Unit::Millis, percentile(&mut times, 0.5), &["quiet, p50"]);
                figures.note(p99, Unit::Millis, percentile(&mut times, 0.99), &["quiet, p99"]);
            }
            figures.note(refused, Unit::Count, count as f64, &[]);
        }
    }
    figures.report();
    let mut kept = ExitCode::SUCCESS;
    if all_refused > 0 {
        println!("{all_refused} answers of citizens were refused");
        kept = ExitCode::FAILURE;
    }
    for (name, [_, p99, _]) in ATTACKS {
        let ratio = figures.median(p99) / figures.median(QUIET[1]);
        // A small run has too few responses for a percentile.
        if ratio >= MAX_RATIO && !small() {
            println!("{name}: p99 of citizens is {ratio:.1} times the quiet one");
            kept = ExitCode::FAILURE;
        }
    }
    kept
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [name, target] => run(LIMIT, attacker(name, target.parse().unwrap())),
        _ => run(LIMIT, measure()),
    }
}
