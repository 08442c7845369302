//! Measures how many responses are stored per second, single and in bulk, compared with a bare tonic echo and with the
//! database alone. Then it measures the effect of an import on citizens: the latency of single responses at a fixed
//! rate, alone and during an import at full speed over many agencies, and the delay of the scores of their agencies. It
//! runs on PostgreSQL and NATS with a process per service, and on SQLite in one process.
//!
//! Everything is measured in turns in one run on this machine. The client and the servers share its cores, so only the
//! ratios are meaningful.
//!
//! `cargo build --release --bin prima && cargo bench -p prima-tests --bench intake`; it ends by itself in ten minutes.
//! `-- sqlite` or `-- postgresql` measures one of them, `-- speed`, `-- citizens` or `-- growth` a part.
//! `PRIMA_BENCH_ROUNDS` is how often the speed is measured, `PRIMA_BENCH_BULK` the number of responses of a bulk,
//! `PRIMA_BENCH_SURVEYS` the breadth of the widest intake, `PRIMA_BENCH_AGENCIES` that of the import,
//! `PRIMA_BENCH_ROWS` how far the table grows, and `PRIMA_BENCH_JSON` names a file for the figures.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

mod baseline;
mod echo;
mod growth;
mod load;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use futures::StreamExt as _;
use prima_platform::testing::{eventually, postgres::Postgres};
use prima_proto::{directory::v1::AgencyKind, survey::v1::survey_service_client::SurveyServiceClient};
use prima_tests::{
    Suite,
    bench::{ChildProcess, Figures, Unit, percentile, run, size},
    client::{Client, authorised},
    latency::LatencyProbe,
    process::{Command, Process, Service},
};
use tempfile::TempDir;

use load::{ACKNOWLEDGED, Import, Singles, Survey, apart, bulk, citizens};

const LIMIT: Duration = Duration::from_secs(1800);
/// Number of agencies of the import: nearly all cities, regencies and provinces of the country.
const AGENCIES: usize = 541;
/// Number of agencies whose citizens answer during the import, each in a survey that the import does not contain.
const CITIES: usize = 20;
/// Settings of the PostgreSQL server, which has more resources than in tests.
const POSTGRES: &[&str] = &[
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "autovacuum_naptime=1min",
];

/// The sizes of a run.
struct Sizes {
    /// Connections for single responses, and for bulk with one stream on each.
    streams: usize,
    rounds: usize,
    slice: Duration,
    bulk: u64,
    surveys: usize,
    /// Number of surveys of the widest intake.
    wide: usize,
    /// Number of responses to which the table grows.
    rows: usize,
    agencies: usize,
    /// Responses of citizens per second; `beside` is the duration.
    rate: u32,
    beside: Duration,
    /// Number of responses of the import before citizens begin to answer.
    ahead: u64,
    /// How long to wait for the scores of their agencies after the last response. A score that is missing by then
    /// enters the figures with the time waited so far.
    patience: Duration,
}

impl Sizes {
    fn of_run() -> Self {
        let set = |name: &str, value| std::env::var(name).map_or(value, |text| text.parse().unwrap());
        Self {
            streams: size(4, 1),
            rounds: set("PRIMA_BENCH_ROUNDS", size(3, 1)),
            slice: Duration::from_millis(size(1500, 200)),
            bulk: u64::try_from(set("PRIMA_BENCH_BULK", size(100_000, 1000))).unwrap(),
            surveys: size(100, 10),
            wide: set("PRIMA_BENCH_SURVEYS", size(10_000, 40)),
            rows: set("PRIMA_BENCH_ROWS", size(1_000_000, 20_000)),
            agencies: set("PRIMA_BENCH_AGENCIES", size(AGENCIES, 6)),
            rate: size(50, 20),
            beside: Duration::from_millis(size(15_000, 1000)),
            ahead: size(20_000, 500),
            patience: Duration::from_secs(size(60, 3)),
        }
    }
}

/// The database alone, with the same rows.
enum Baseline {
    Postgres(baseline::Postgres),
    Sqlite(baseline::Sqlite),
}

/// Prima on one kind of database.
struct House {
    store: &'static str,
    client: Client,
    survey_url: String,
    token: String,
    running: Running,
}

/// The processes and folders that must live as long as the house.
enum Running {
    Cluster(Box<Suite>),
    Up { _up: Process, dir: TempDir },
}

const STORES: [&str; 2] = ["postgresql", "sqlite"];
const SPEED: &str = "speed";
const CITIZENS: &str = "citizens";
const GROWTH: &str = "growth";
const PARTS: [&str; 3] = [SPEED, CITIZENS, GROWTH];

impl House {
    async fn start(store: &'static str) -> Self {
        if store == "postgresql" {
            let _postgres = Postgres::start_with(POSTGRES);
            let suite = Suite::in_steps().await;
            suite.survey.wait_ready().await;
            suite.ranking.wait_ready().await;
            return Self {
                store,
                client: suite.client.clone(),
                survey_url: suite.survey.url(),
                token: suite.cluster.admin(),
                running: Running::Cluster(Box::new(suite)),
            };
        }
        let dir = tempfile::tempdir().unwrap();
        let up = Command::new(Service::Up).data(dir.path()).start().await;
        up.wait_ready().await;
        let token = std::fs::read_to_string(dir.path().join("token")).unwrap();
        let url = up.url();
        Self {
            store,
            client: Client::new(&url, &url, &url, token.trim()),
            survey_url: url,
            token: token.trim().to_owned(),
            running: Running::Up { _up: up, dir },
        }
    }

    /// Opens new connections.
    fn connect(&self, url: &str, connections: usize) -> Vec<Survey> {
        (0..connections)
            .map(|_| SurveyServiceClient::new(authorised(url, &self.token)))
            .collect()
    }

    /// Creates `count` agencies with a unit and a survey each; returns the name of each agency with that of its survey.
    async fn agencies(&mut self, prefix: &str, kind: AgencyKind, count: usize) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for n in 0..count {
            let id = format!("{prefix}{n}");
            self.client.agency(&id, kind, "").await;
            let unit = self.client.unit_of(&id).await;
            let survey = self.client.create_survey(&unit, "skm").await;
            found.push((format!("agencies/{id}"), survey));
        }
        found
    }

    /// Creates `count` surveys of units that are not in the directory, as many as the country may have.
    async fn wide(&self, count: usize) -> Vec<String> {
        let units = (0..count).map(|n| format!("agencies/w{}/units/u{}", n / 100, n % 100));
        let created = units.map(|unit| {
            let mut client = self.client.clone();
            async move { client.create_survey(&unit, "skm").await }
        });
        futures::stream::iter(created).buffered(32).collect().await
    }

    async fn baseline(&self, count: usize) -> Baseline {
        match &self.running {
            Running::Cluster(suite) => {
                Baseline::Postgres(baseline::Postgres::load(&suite.cluster.database, count).await)
            }
            Running::Up { dir, .. } => Baseline::Sqlite(baseline::Sqlite::load(dir.path(), count).await),
        }
    }
}

const ECHO: &str = "echo, 256 in flight";
const ECHO_ALONE: &str = "echo alone, p50";
const ONE_ROW: &str = "one-row insert, 32 connections";
const ONE_ROW_SQLITE: &str = "one-row insert";
const ONE_ROW_ALONE: &str = "one-row insert alone, p50";
const COPY: &str = "COPY";
const UNNEST: &str = "UNNEST, 2000 rows each";
const MANY_ROWS: &str = "multi-row insert";

impl Baseline {
    /// Names of the figures with which bulk is compared.
    fn of_bulk(&self) -> &'static [&'static str] {
        match self {
            Self::Postgres(_) => &[COPY, UNNEST],
            Self::Sqlite(_) => &[MANY_ROWS],
        }
    }

    /// Names of the figures with which single responses are compared.
    fn of_singles(&self) -> &'static [&'static str] {
        match self {
            Self::Postgres(_) => &[ECHO, ONE_ROW],
            Self::Sqlite(_) => &[ECHO, ONE_ROW_SQLITE],
        }
    }

    async fn measure(&mut self, figures: &mut Figures, slice: Duration) {
        use Unit::{Millis, PerSecond};
        match self {
            Self::Postgres(rows) => {
                figures.note(COPY, PerSecond, rows.copy().await, &[]);
                figures.note(UNNEST, PerSecond, rows.unnest().await, &[COPY]);
                figures.note(ONE_ROW, PerSecond, rows.one_row(32, slice).await.rate, &[]);
                let alone = rows.one_row(1, slice).await.p50;
                figures.note(ONE_ROW_ALONE, Millis, alone, &[]);
            }
            Self::Sqlite(rows) => {
                figures.note(MANY_ROWS, PerSecond, rows.many_rows().await, &[]);
                let alone = rows.one_row(slice).await;
                figures.note(ONE_ROW_SQLITE, PerSecond, alone.rate, &[]);
                figures.note(ONE_ROW_ALONE, Millis, alone.p50, &[]);
            }
        }
    }
}

/// Measures intake at full speed, in turns with the baselines: over one survey, over many, and over as many as a
/// country has.
async fn intake(
    house: &House,
    echo: &[Survey],
    [surveys, wide]: [&[String]; 2],
    sizes: &Sizes,
    figures: &mut Figures,
) {
    use Unit::{Millis, PerSecond};
    let (store, slice) = (house.store, sizes.slice);
    let prima = house.connect(&house.survey_url, sizes.streams);
    let (one, alone) = (surveys.get(..1).unwrap(), prima.get(..1).unwrap());
    // The first responses warm up, and are the rows of the baselines.
    bulk(&prima, surveys, sizes.bulk).await;
    let mut baseline = house.baseline(usize::try_from(sizes.bulk).unwrap()).await;
    for round in 1..=sizes.rounds {
        eprintln!("{store}: round {round} of {}", sizes.rounds);
        let bare = Singles::of(echo.get(..1).unwrap(), one, 1, slice).await;
        figures.note(ECHO_ALONE, Millis, bare.p50, &[]);
        let bare = Singles::of(echo, one, 256, slice).await;
        figures.note(ECHO, PerSecond, bare.rate, &[]);
        baseline.measure(figures, slice).await;

        let single = Singles::of_prima(alone, one, 1, slice).await;
        let name = "one answer alone, p50";
        figures.note(name, Millis, single.p50, &[ECHO_ALONE, ONE_ROW_ALONE]);
        for (breadth, surveys) in [
            ("1 survey".to_owned(), one),
            (format!("{} surveys", surveys.len()), surveys),
            (format!("{} surveys", wide.len()), wide),
        ] {
            let single = Singles::of_prima(&prima, surveys, 256, slice).await;
            let name = format!("single answers, 256 in flight, {breadth}");
            figures.note(&name, PerSecond, single.rate, baseline.of_singles());
            figures.note(&format!("{name}, p50"), Millis, single.p50, &[]);
            figures.note(&format!("{name}, p99"), Millis, single.p99, &[]);
            let rate = bulk(&prima, surveys, sizes.bulk).await;
            let name = format!("bulk, {} streams, {breadth}", sizes.streams);
            figures.note(&name, PerSecond, rate, baseline.of_bulk());
        }
    }
}

/// Measures the latency of citizens' responses with and without an import.
const CITIZEN: [[&str; 2]; 5] = [
    ["citizen beside import, p50", "citizen, quiet, p50"],
    ["citizen beside import, p99", "citizen, quiet, p99"],
    [
        "agency's score follows beside import, p50",
        "agency's score follows, quiet, p50",
    ],
    [
        "agency's score follows beside import, p99",
        "agency's score follows, quiet, p99",
    ],
    [
        "scores not there after the wait, beside import",
        "scores not there after the wait, quiet",
    ],
];
const IN_IMPORTED: [&str; 2] = [
    "citizen in an imported survey, p50",
    "citizen in an imported survey, p99",
];

/// Measures citizens on an idle system, then during an import: in surveys of their own, then in those of the import.
async fn beside_import(house: &mut House, sizes: &Sizes, figures: &mut Figures) {
    use Unit::{Count, Millis, PerSecond};
    let store = house.store;
    eprintln!(
        "{store}: citizens beside an import over {} agencies",
        sizes.agencies
    );
    let imported = house.agencies("i", AgencyKind::Kementerian, sizes.agencies).await;
    let own = house.agencies("c", AgencyKind::Lembaga, CITIES).await;
    let surveys: Vec<String> = imported.iter().map(|(_, survey)| survey.clone()).collect();
    let probe = Arc::new(Mutex::new(LatencyProbe::default()));
    let watching = LatencyProbe::watch(probe.clone(), &mut house.client, "lembaga").await;
    // It connects where it sends.
    let (url, token, rate) = (house.survey_url.clone(), house.token.clone(), sizes.rate);
    let sent = |surveys: &[(String, String)], probe, slice| {
        let (url, token, surveys) = (url.clone(), token.clone(), surveys.to_vec());
        apart(async move {
            let citizen = Survey::new(authorised(&url, &token));
            citizens(citizen, surveys, probe, rate, slice).await
        })
    };
    let streams = house.connect(&house.survey_url, sizes.streams);
    let answer = async |slice| {
        let mut answered = sent(&own, Some(probe.clone()), slice).await;
        eventually(sizes.patience, || async {
            probe.lock().unwrap().done().then_some(())
        })
        .await;
        let mut probe = probe.lock().unwrap();
        let missing = probe.give_up();
        let mut followed = probe.take();
        [
            percentile(&mut answered, 0.5),
            percentile(&mut answered, 0.99),
            percentile(&mut followed, 0.5),
            percentile(&mut followed, 0.99),
            missing as f64,
        ]
    };
    let units = [Millis, Millis, Millis, Millis, Count];

    // The first responses open connections and prepare statements.
    answer(Duration::from_secs(1)).await;
    let quiet = answer(sizes.beside).await;
    for (([_, name], unit), value) in CITIZEN.iter().zip(units).zip(quiet) {
        figures.note(name, unit, value, &[]);
    }
    let import = Import::start(&streams, &surveys);
    import.under_way(sizes.ahead).await;
    let beside = answer(sizes.beside).await;
    for (([name, quiet], unit), value) in CITIZEN.iter().zip(units).zip(beside) {
        let against = if unit == Millis {
            std::slice::from_ref(quiet)
        } else {
            &[]
        };
        figures.note(name, unit, value, against);
    }
    let mut same = sent(&imported, None, sizes.beside).await;
    let rate = import.finish().await;
    for ((name, share), [_, quiet]) in IN_IMPORTED.iter().zip([0.5, 0.99]).zip(&CITIZEN) {
        let value = percentile(&mut same, share);
        figures.note(name, Millis, value, std::slice::from_ref(quiet));
    }
    let name = format!(
        "import beside citizens, {} streams, {} agencies",
        sizes.streams, sizes.agencies
    );
    let against: &[&str] = if store == "sqlite" {
        &[MANY_ROWS]
    } else {
        &[COPY, UNNEST]
    };
    figures.note(&name, PerSecond, rate, against);
    watching.abort();
}

async fn measure(words: &[String]) {
    let (_echo, echo_url) = ChildProcess::start(&[echo::ARGUMENT], false);
    // When no store or no part is named, all are measured.
    let named = |all: &[&str], one: &str| {
        !words.iter().any(|w| all.contains(&w.as_str())) || words.iter().any(|w| w == one)
    };
    for store in STORES.into_iter().filter(|store| named(&STORES, store)) {
        let (sizes, mut figures) = (Sizes::of_run(), Figures::new("intake", store));
        ACKNOWLEDGED.store(0, Ordering::Relaxed);
        let mut house = House::start(store).await;
        let many = house.agencies("s", AgencyKind::Kementerian, sizes.surveys).await;
        let many: Vec<String> = many.into_iter().map(|(_, survey)| survey).collect();
        let mut surveys = many.clone();
        if named(&PARTS, SPEED) {
            let wide = house.wide(sizes.wide).await;
            let echo = house.connect(&echo_url, sizes.streams);
            intake(&house, &echo, [&many, &wide], &sizes, &mut figures).await;
            surveys.extend(wide);
        }
        if named(&PARTS, CITIZENS) {
            beside_import(&mut house, &sizes, &mut figures).await;
            for (prefix, count) in [("i", sizes.agencies), ("c", CITIES)] {
                surveys.extend((0..count).map(|n| format!("agencies/{prefix}{n}/units/dpmptsp/surveys/skm")));
            }
        }
        if named(&PARTS, GROWTH) {
            growth::measure(&house, &many, &sizes, &mut figures).await;
        }

        // The counted responses must equal the acknowledged ones: a benchmark of lost responses would be worthless.
        let mut counted = 0;
        for survey in &surveys {
            counted += house.client.result(survey).await.respondents;
        }
        assert_eq!(counted, ACKNOWLEDGED.load(Ordering::Relaxed), "{store}");
        println!("{store}: {counted} responses acknowledged, as many counted");
        figures.report();
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    run(LIMIT, async {
        if words == [echo::ARGUMENT] {
            echo::serve().await;
        } else {
            measure(&words).await;
        }
        ExitCode::SUCCESS
    })
}
