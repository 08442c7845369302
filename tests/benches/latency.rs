//! How long it takes from the acknowledgement of a response that completes a step until a reader who watches the league
//! table sees it.
//! Directory, survey and ranking are separate processes, on PostgreSQL and nats-server.
//!
//! Run it with `cargo build --release --bin prima && cargo bench -p prima-tests --bench latency`; it takes a minute.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

use std::{
    process::ExitCode,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use prima_platform::testing::{eventually, postgres::Postgres};
use prima_tests::{
    DEADLINE, Suite,
    bench::{percentile, run, size, small},
    latency::LatencyProbe,
    sample,
};

const UNITS: usize = 50;
const SMALL_UNITS: usize = 4;
const LOADS: [(u32, u64); 2] = [(20, 15), (200, 15)];
const SMALL_LOADS: [(u32, u64); 2] = [(20, 1), (50, 1)];
const LIMIT: Duration = Duration::from_secs(180);
const GOAL: f64 = 1000.0;

async fn measure() -> ExitCode {
    let _postgres = Postgres::start_with(&[
        "shared_buffers=512MB",
        "max_wal_size=4GB",
        "autovacuum_naptime=1min",
    ]);
    let mut suite = Suite::in_steps().await;
    suite.survey.wait_ready().await;
    suite.ranking.wait_ready().await;
    let units = size(UNITS, SMALL_UNITS);
    let mut surveys = Vec::new();
    for n in 0..units {
        let unit = suite.client.unit("32", &(3200 + n).to_string()).await;
        let survey = suite.client.create_survey(&unit, "skm").await;
        surveys.push((unit, survey));
    }

    let probe = Arc::new(Mutex::new(LatencyProbe::default()));
    let reader = LatencyProbe::watch(probe.clone(), &mut suite.client, "dpmptsp").await;

    let mut slow = false;
    let mut n = 0;
    for (rate, seconds) in size(LOADS, SMALL_LOADS) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut calls = Vec::new();
        while Instant::now() < end {
            ticks.tick().await;
            let (unit, survey) = surveys.get(n % units).unwrap().clone();
            let (mut client, probe, id) = (suite.client.clone(), probe.clone(), n);
            calls.push(tokio::spawn(async move {
                client
                    .submit(&survey, &format!("r{id}"), sample::response(id))
                    .await
                    .unwrap();
                probe.lock().unwrap().acknowledged(&unit);
            }));
            n += 1;
        }
        for call in calls {
            call.await.unwrap();
        }
        let all = eventually(DEADLINE, || async { probe.lock().unwrap().done().then_some(()) }).await;
        assert!(all.is_some(), "the watcher never saw all of them");
        let mut millis = probe.lock().unwrap().take();
        let count = millis.len();
        let mut at = |share| percentile(&mut millis, share);
        println!(
            "{rate} responses a second over {units} units, {count} of them complete a step, acknowledged to seen: \
             p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms, max {:.0} ms",
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0)
        );
        // A small run uses a debug binary, so the goal is not checked.
        slow |= at(0.95) > GOAL && !small();
    }
    reader.abort();
    if slow {
        println!("p95 is above {GOAL} ms");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    run(LIMIT, measure())
}
