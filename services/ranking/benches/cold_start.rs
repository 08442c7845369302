//! How long a replica takes to have all tables: from the bus, and from its snapshot. The same streams read by a bare
//! consumer, which decodes and keeps nothing, are the baseline. 100,000 units with one metric and with ten, on a
//! nats-server of its own, and SQLite. `PRIMA_BENCH_SMALL=1` runs it with 200 units, which only shows that it works.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use prima_platform::{
    bus::{Bus, Event, jetstream::JetStream},
    clock::Clock,
    config::{self, Config},
    db::{Database, sql},
    derived::Derived,
    grpc::Watchers,
    id::Ids,
    lifecycle::Tasks,
    outbox::Outbox,
    service::Context,
    testing::{nats::Nats, served::Place},
};
use prima_proto::{
    event::v1::{AgencyState, ScoreStatus, UnitState},
    name,
    ranking::v1::{GetLeagueTableRequest, ranking_service_client::RankingServiceClient},
    score::{Figures, Key},
    subject,
};
use prost::Message;
use sea_orm::ConnectionTrait;
use tonic::service::Routes;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const AGENCIES: usize = 500;
const METRICS: [usize; 2] = [1, 10];
const SERVICES: [&str; 2] = ["directory", "index"];
const STOP: Duration = Duration::from_secs(60);

fn is_small() -> bool {
    std::env::var("PRIMA_BENCH_SMALL").is_ok_and(|value| value == "1")
}

fn event(subject: String, event_type: &str, payload: Vec<u8>) -> Event {
    Event {
        subject,
        event_type: event_type.to_owned(),
        revision: 1,
        version: 1,
        withdrawn: false,
        payload,
        time: "2026-01-01T00:00:00Z".to_owned(),
        traceparent: None,
        origin: None,
    }
}

fn directory(units: usize) -> impl Iterator<Item = Event> {
    let agencies = (0..AGENCIES).map(|i| {
        let name = name::Agency::of(&format!("{}", 1_000 + i)).unwrap();
        let state = AgencyState {
            name: name.to_string(),
            display_name: format!("Kabupaten {i}"),
            kind: "kabupaten".to_owned(),
            parent: format!("agencies/{}", 11 + i % 38),
        };
        event(subject::agency(&name), "prima.agency", state.encode_to_vec())
    });
    let units = (0..units).map(|i| {
        let state = UnitState {
            name: unit(i).to_string(),
            display_name: format!("Puskesmas {i}"),
            unit_type: "puskesmas".to_owned(),
            ..UnitState::default()
        };
        event(subject::unit(&unit(i)), "prima.unit", state.encode_to_vec())
    });
    agencies.chain(units)
}

fn unit(i: usize) -> name::Unit {
    name::Unit::of(
        &format!("{}", 1_000 + i % AGENCIES),
        &format!("puskesmas-{}", i / AGENCIES),
    )
    .unwrap()
}

fn scores(units: usize, metrics: usize) -> impl Iterator<Item = Event> {
    (0..metrics).flat_map(move |metric| {
        (0..units).map(move |i| {
            let value = 6_500 + (i * 7_919 + metric * 101) % 3_500;
            let key = Key::new("index", &format!("m{metric}"), "2026", &unit(i));
            let figures = Figures {
                exact: format!("{}.{:02}00000000", value / 100, value % 100),
                fraction: format!("{value}/100"),
                value: format!("{}.{:02}", value / 100, value % 100),
                category: "B".to_owned(),
                instrument: "index 1".to_owned(),
                settled: true,
            };
            let components = (1..=9).map(|n| (format!("u{n}"), "3.2500".to_owned()));
            let mut state = key
                .clone()
                .score(figures)
                .components(components)
                .sample(400, 380)
                .state();
            state.set_status(ScoreStatus::Final);
            event(key.to_string(), subject::SCORE_TYPE, state.encode_to_vec())
        })
    })
}

async fn publish(bus: &Arc<dyn Bus>, service: &'static str, events: impl Iterator<Item = Event> + Send) {
    bus.ensure_stream(service).await.unwrap();
    let sent = futures::stream::iter(events).map(|event| {
        let bus = bus.clone();
        tokio::spawn(async move { bus.publish(service, &event, 0).await.unwrap() })
    });
    sent.buffer_unordered(1_000)
        .for_each(|sent| async { _ = sent.unwrap() })
        .await;
    bus.set_complete(service).await.unwrap();
}

/// Reads all streams by consumers of the client library alone, and returns the number of messages.
async fn bare(url: &str) -> u64 {
    use async_nats::jetstream::consumer::{DeliverPolicy, pull};
    let context = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    let reading = SERVICES.map(|service| {
        let context = context.clone();
        async move {
            let stream = context
                .get_stream(format!("PRIMA_{}", service.to_uppercase()))
                .await
                .unwrap();
            let config = pull::OrderedConfig {
                deliver_policy: DeliverPolicy::LastPerSubject,
                filter_subjects: vec![format!("prima.{service}.>")],
                ..pull::OrderedConfig::default()
            };
            let mut messages = stream
                .create_consumer(config)
                .await
                .unwrap()
                .messages()
                .await
                .unwrap();
            let mut count = 0;
            while let Some(message) = messages.next().await {
                count += 1;
                if message.unwrap().info().unwrap().pending == 0 {
                    break;
                }
            }
            count
        }
    });
    futures::future::join_all(reading).await.into_iter().sum()
}

/// A replica, and how long it took until it served and until it was fresh.
struct Replica {
    tasks: Tasks,
    db: Database,
    serving: Duration,
    fresh: Duration,
}

impl Replica {
    async fn start(nats: &config::Bus, dir: &Path) -> Self {
        let start = Instant::now();
        let mut config = Config::default();
        config.database.url = format!("sqlite:{}", dir.display());
        config.ranking.sources = vec!["index".to_owned()];
        let db = Database::connect(&config.database, prima_ranking::NAME)
            .await
            .unwrap();
        (prima_ranking::SPEC.migrate)(db.clone(), true).await.unwrap();
        let tasks = Tasks::default();
        let context = Context {
            service: prima_ranking::NAME,
            db: db.clone(),
            bus: Arc::new(JetStream::connect(nats, "bench").await.unwrap()),
            clock: Clock::system(),
            ids: Ids::random(),
            outbox: Outbox::default(),
            derived: Derived::default(),
            watchers: Watchers::new(1, &config.grpc, tasks.clone()),
            tasks: tasks.clone(),
            config: Arc::new(config),
        };
        let started = (prima_ranking::SPEC.start)(context).await.unwrap();
        started.ready.unwrap().wait_for(|ready| *ready).await.unwrap();
        let serving = start.elapsed();
        let mut routes = Routes::builder();
        (started.routes)(&mut routes);
        let mut client = RankingServiceClient::new(routes.routes());
        loop {
            let request = GetLeagueTableRequest {
                name: "metrics/m0/periods/2026/cohorts/puskesmas".to_owned(),
                page_size: 1,
                ..GetLeagueTableRequest::default()
            };
            let answer = client.get_league_table(request).await.unwrap().into_inner();
            if !answer.freshness.unwrap().stale {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self {
            tasks,
            db,
            serving,
            fresh: start.elapsed(),
        }
    }

    /// Stops it once everything is saved.
    async fn stop(self) {
        let text = "SELECT service FROM segment_position";
        loop {
            let reader = self.db.reader();
            let saved = reader.query_all_raw(sql(reader, text, [])).await.unwrap();
            if saved.len() == SERVICES.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(self.tasks.stop(STOP).await);
    }
}

fn report(what: &str, took: Duration, messages: u64) {
    let rate = messages as f64 / took.as_secs_f64();
    println!("  {what:<42}{:>8.2} s{rate:>12.0} a second", took.as_secs_f64());
}

/// Bytes of this process in memory; 0 where the system does not tell.
fn resident() -> u64 {
    const PAGE: u64 = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE
}

async fn measure(units: usize, metrics: usize) {
    let nats = Nats::start();
    let config = config::Bus {
        max_bytes: 4 << 30,
        ..nats.config()
    };
    let bus: Arc<dyn Bus> = Arc::new(JetStream::connect(&config, "bench").await.unwrap());
    let mut connection = bus.connection();
    connection.wait_for(|connection| connection.up).await.unwrap();
    publish(&bus, "directory", directory(units)).await;
    publish(&bus, "index", scores(units, metrics)).await;

    let start = Instant::now();
    let messages = bare(&nats.url()).await;
    let baseline = start.elapsed();
    println!("{messages} states: {units} units, each with {metrics} scores");
    report("bare consumer of the same streams", baseline, messages);

    let place = Place::sqlite();
    let before = resident();
    let cold = Replica::start(&config, place.dir.path()).await;
    report("replica from the bus, fresh", cold.fresh, messages);
    let share = baseline.as_secs_f64() / cold.fresh.as_secs_f64();
    println!("  {:<42}{share:>8.2} of the bare consumer; goal 0.7", "");
    let bytes = resident().saturating_sub(before) / messages;
    println!(
        "  {:<42}{bytes:>8} bytes for each state",
        "memory, with what is not saved yet"
    );
    cold.stop().await;
    let warm = Replica::start(&config, place.dir.path()).await;
    report("replica from its snapshot, serving", warm.serving, messages);
    report("replica from its snapshot, fresh; goal 2 s", warm.fresh, messages);
    warm.stop().await;
}

#[tokio::main]
async fn main() {
    let units = if is_small() { 200 } else { 100_000 };
    for metrics in METRICS {
        measure(units, metrics).await;
    }
}
