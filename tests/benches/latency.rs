//! How long after its acknowledgement a response is seen by a reader who watches the league table: directory, survey
//! and ranking, PostgreSQL and nats-server, each a process.
//!
//! `cargo build --release --bin prima && cargo bench -p prima-tests --bench latency`; it ends by itself in a minute.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

use std::{
    collections::{HashMap, VecDeque},
    process::ExitCode,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use prima_platform::testing::{eventually, postgres::Postgres};
use prima_proto::ranking::v1::WatchLeagueTableRequest;
use prima_tests::{DEADLINE, Suite, sample};

const UNITS: usize = 50;
const LOADS: [(u32, u64); 2] = [(20, 15), (200, 15)];
const LIMIT: Duration = Duration::from_secs(58);
const GOAL: f64 = 1000.0;

/// Responses of one unit: how many were acknowledged and seen, and when those not seen yet were.
#[derive(Default)]
struct Unit {
    acknowledged: i64,
    seen: i64,
    waiting: VecDeque<(i64, Instant)>,
}

/// Units by name, and what was measured in milliseconds. A response counts as the n-th of its unit, n being the order
/// of acknowledgement: it is seen when a row has n respondents.
#[derive(Default)]
struct Board {
    units: HashMap<String, Unit>,
    millis: Vec<f64>,
}

impl Board {
    fn acknowledged(&mut self, unit: &str) {
        let own = self.units.entry(unit.to_owned()).or_default();
        own.acknowledged += 1;
        if own.seen >= own.acknowledged {
            self.millis.push(0.0);
        } else {
            own.waiting.push_back((own.acknowledged, Instant::now()));
        }
    }

    fn seen(&mut self, unit: String, respondents: i64) {
        let own = self.units.entry(unit).or_default();
        own.seen = own.seen.max(respondents);
        while let Some((_, at)) = own.waiting.pop_front_if(|(n, _)| *n <= respondents) {
            self.millis.push(at.elapsed().as_secs_f64() * 1e3);
        }
    }

    fn done(&self) -> bool {
        self.units.values().all(|u| u.waiting.is_empty())
    }
}

async fn measure() -> ExitCode {
    let _postgres = Postgres::start_with(&[
        "shared_buffers=512MB",
        "max_wal_size=4GB",
        "autovacuum_naptime=1min",
    ]);
    let mut suite = Suite::start().await;
    suite.survey.wait_ready().await;
    suite.ranking.wait_ready().await;
    let mut surveys = Vec::new();
    for n in 0..UNITS {
        let unit = suite.client.unit("32", &(3200 + n).to_string()).await;
        let survey = suite.client.create_survey(&unit, "skm").await;
        surveys.push((unit, survey));
    }

    let board = Arc::new(Mutex::new(Board::default()));
    let request = WatchLeagueTableRequest {
        name: "metrics/skm/periods/2024-q3/cohorts/dpmptsp".into(),
        page_size: 1000,
    };
    let mut table = suite
        .client
        .ranking
        .watch_league_table(request)
        .await
        .unwrap()
        .into_inner();
    let seen = board.clone();
    let reader = tokio::spawn(async move {
        while let Some(message) = table.message().await.unwrap() {
            let mut board = seen.lock().unwrap();
            for row in message.rows {
                board.seen(row.subject, row.respondents);
            }
        }
    });

    let mut slow = false;
    let mut n = 0;
    for (rate, seconds) in LOADS {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut calls = Vec::new();
        while Instant::now() < end {
            ticks.tick().await;
            let (unit, survey) = surveys.get(n % UNITS).unwrap().clone();
            let (mut client, board, id) = (suite.client.clone(), board.clone(), n);
            calls.push(tokio::spawn(async move {
                client
                    .submit(&survey, &format!("r{id}"), sample::response(id))
                    .await
                    .unwrap();
                board.lock().unwrap().acknowledged(&unit);
            }));
            n += 1;
        }
        for call in calls {
            call.await.unwrap();
        }
        let all = eventually(DEADLINE, || async { board.lock().unwrap().done().then_some(()) }).await;
        assert!(all.is_some(), "the watcher never saw all of them");
        let mut millis = std::mem::take(&mut board.lock().unwrap().millis);
        millis.sort_by(f64::total_cmp);
        let at = |share: f64| *millis.get((millis.len() as f64 * share) as usize).unwrap();
        println!(
            "{rate} responses a second over {UNITS} units, {} of them, acknowledged to seen: \
             p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms, max {:.0} ms",
            millis.len(),
            at(0.5),
            at(0.95),
            at(0.99),
            millis.last().unwrap()
        );
        slow |= at(0.95) > GOAL;
    }
    reader.abort();
    if slow {
        println!("p95 is above {GOAL} ms");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    // Whatever ends it drops the suite, and with it every process.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        tokio::select! {
            code = measure() => code,
            () = tokio::time::sleep(LIMIT) => panic!("not done after {LIMIT:?}"),
            _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
        }
    })
}
