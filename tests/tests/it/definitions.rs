//! A metric of an operator's own needs no release: its definition is added by command, its scores come from a system of the
//! operator, and its tables are ranked and printed by the definition.

use std::{process::Command, sync::Arc};

use prima_platform::{
    bus::{self, Bus},
    clock::Clock,
    config,
    db::Database,
    lifecycle::Tasks,
    outbox::{self, Outbox, Relay, State},
    testing::{eventually, served::Place},
};
use prima_proto::{
    directory::v1::AgencyKind,
    name::Subject,
    ranking::v1::{self as ranking, LeagueTableColumn},
    score::{Figures, Key},
};
use prima_tests::{
    Cluster, DEADLINE,
    client::{Client, authorised},
    process::{Process, Service, binary},
};
use tonic::Code;

/// The system of the operator, which publishes scores.
const SYSTEM: &str = "waktu";
const DEFINITION: &str = r#"{
    "metric": "waktu-layanan",
    "title": {"id": "Waktu Layanan", "en": "Service time"},
    "unit": {"id": "hari", "en": "days"},
    "better": "lower",
    "sample": {"id": "Berkas", "en": "Files"},
    "minimum_sample": 30,
    "categories": false,
    "coverage": null,
    "cohorts": [["unit-type"], ["unit-type", "volume"]],
    "volumes": [
        {"key": "besar", "title": {"id": "Volume besar", "en": "Large volume"}, "from": 1000},
        {"key": "kecil", "title": {"id": "Volume kecil", "en": "Small volume"}, "from": 0}
    ],
    "citation": "Keputusan kepala dinas",
    "mark": "INFERRED: test"
}"#;

/// The relay of the operator's system, with its outbox.
struct System {
    db: Database,
    outbox: Outbox,
    tasks: Tasks,
    /// The folder of its database.
    _place: Arc<Place>,
}

impl System {
    async fn start(cluster: &Cluster) -> Self {
        let place = Place::sqlite();
        let settings = config::Database {
            url: place.url.clone(),
            ..config::Database::default()
        };
        let db = Database::connect(&settings, SYSTEM).await.unwrap();
        // Every service has the tables of the platform.
        (prima::run::SPECS[0].migrate)(db.clone(), true).await.unwrap();
        let settings = config::Bus {
            url: cluster.nats.url(),
            max_bytes: cluster.nats.config().max_bytes,
            ..config::Bus::default()
        };
        let bus: Arc<dyn Bus> = bus::connect(&settings, SYSTEM).await.unwrap();
        let outbox = Outbox::default();
        let relay = Relay::new(
            db.clone(),
            bus,
            SYSTEM,
            Clock::system(),
            config::Relay::default(),
            outbox.clone(),
            "relay".to_owned(),
        );
        let tasks = Tasks::default();
        tasks.spawn("relay", relay.run(tasks.soft().clone()));
        Self {
            db,
            outbox,
            tasks,
            _place: place,
        }
    }

    async fn publish(&self, version: i64, unit: &str, value: &str, files: i64) {
        let subject = Subject::parse(unit).unwrap();
        let score = Key::new(SYSTEM, "waktu-layanan", "2026", subject).score(Figures {
            exact: value.to_owned(),
            fraction: String::new(),
            value: value.to_owned(),
            category: String::new(),
            instrument: "waktu-1".to_owned(),
            settled: true,
        });
        let event = score.sample(files, 0).event();
        let state = State::new(event.subject, event.event_type, 1, version, event.payload);
        let txn = self.db.begin().await.unwrap();
        outbox::stage(&txn, &[state]).await.unwrap();
        txn.commit().await.unwrap();
        self.outbox.committed();
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.tasks.soft().cancel();
    }
}

/// Subject and rank of each row of a table of the metric, and the table; nothing while there is no such table.
async fn table(client: &mut Client, cohort: &str) -> (Vec<(String, i64)>, ranking::LeagueTable) {
    let request = ranking::GetLeagueTableRequest {
        name: format!("metrics/waktu-layanan/periods/2026/cohorts/{cohort}"),
        ..Default::default()
    };
    let Ok(answer) = client.ranking.get_league_table(request).await else {
        return Default::default();
    };
    let answer = answer.into_inner();
    let rows = answer.rows.into_iter().map(|row| (row.subject, row.rank));
    (rows.collect(), answer.table.unwrap_or_default())
}

async fn until(client: &Client, cohort: &str, expected: &[(&String, i64)]) -> ranking::LeagueTable {
    let expected: Vec<(String, i64)> = expected
        .iter()
        .map(|(unit, rank)| ((*unit).clone(), *rank))
        .collect();
    let met = eventually(DEADLINE, || async {
        let (rows, table) = table(&mut client.clone(), cohort).await;
        (rows == expected).then_some(table)
    });
    match met.await {
        Some(table) => table,
        None => panic!(
            "{cohort}: {:?}, expected {expected:?}",
            table(&mut client.clone(), cohort).await
        ),
    }
}

/// Output of `prima` with these arguments.
fn prima(ranking: &Process, token: &str, arguments: &[&str]) -> String {
    let output = Command::new(binary())
        .args(["--endpoint", &ranking.url()])
        .args(arguments)
        .env("PRIMA_TOKEN", token)
        .output()
        .unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{arguments:?}: {stdout}{stderr}");
    stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_of_an_operators_own_needs_no_release() {
    let cluster = Cluster::start().await;
    let directory = cluster.serve(Service::Directory).await;
    let command = cluster
        .command(Service::Ranking)
        .env("PRIMA_RANKING__SOURCES", "[\"waktu\"]");
    let served = command.clone().start().await;
    let system = System::start(&cluster).await;
    let admin = cluster.admin();
    let mut client = Client::new(&directory.url(), &directory.url(), &served.url(), &admin);
    let mut units = vec![client.unit("32", "3201").await];
    for city in ["3202", "3203", "3204"] {
        client.agency(city, AgencyKind::Kota, "agencies/32").await;
        units.push(client.unit_of(city).await);
    }
    for (unit, (value, files)) in units
        .iter()
        .zip([("12.5", 1200), ("3", 2000), ("1.5", 40), ("0.5", 29)])
    {
        system.publish(1, unit, value, files).await;
    }
    let [slow, fast, small, few] = [&units[0], &units[1], &units[2], &units[3]];
    // Without a definition, the highest value comes first.
    let undefined = until(&client, "dpmptsp", &[(slow, 1), (fast, 2), (small, 3), (few, 4)]).await;
    assert_eq!(
        (undefined.title.as_str(), undefined.definition.as_str()),
        ("waktu-layanan", "")
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waktu.json");
    std::fs::write(&file, DEFINITION).unwrap();
    let file = file.display().to_string();
    assert!(prima(&served, "", &["table", "check", &file]).starts_with("Definisi tabel waktu-layanan benar"));
    assert_eq!(
        prima(&served, &admin, &["table", "add", &file]),
        "Berlaku: metrics/waktu-layanan/definitions/1000 (Waktu Layanan)\n"
    );
    assert!(prima(&served, &admin, &["table", "add", &file]).starts_with("Sudah berlaku: "));

    let defined = until(&client, "dpmptsp", &[(small, 1), (fast, 2), (slow, 3), (few, 0)]).await;
    assert_eq!(
        [
            &defined.title,
            &defined.title_en,
            &defined.unit,
            &defined.sample_title,
            &defined.definition
        ],
        [
            "Waktu Layanan",
            "Service time",
            "hari",
            "Berkas",
            "metrics/waktu-layanan/definitions/1000"
        ]
    );
    assert!(!defined.higher_is_better);
    let columns: Vec<_> = defined.columns().collect();
    assert_eq!(columns, [LeagueTableColumn::Agency, LeagueTableColumn::Sample]);
    let large = until(&client, "dpmptsp.volume.besar", &[(fast, 1), (slow, 2)]).await;
    assert_eq!(large.cohort_display_name, "dpmptsp, Volume besar");
    until(&client, "dpmptsp.volume.kecil", &[(small, 1), (few, 0)]).await;
    assert!(
        table(&mut client, "dpmptsp.32").await.0.is_empty(),
        "not among its cohorts"
    );
    let league = [
        "league",
        "--metric",
        "waktu-layanan",
        "--period",
        "2026",
        "--cohort",
    ];
    let printed = prima(&served, "", &[&league[..], &["dpmptsp"]].concat());
    assert!(
        printed.starts_with("Peringkat Waktu Layanan · 2026 · dpmptsp\n"),
        "{printed}"
    );
    for shown in ["Nilai (hari)", "Berkas", "berkas kurang: 29 dari 30"] {
        assert!(printed.contains(shown), "{shown} in {printed}");
    }
    assert!(
        !printed.contains("Mutu") && !printed.contains("Responden"),
        "{printed}"
    );

    // A score moves to another group with its sample.
    system.publish(2, small, "1.5", 1000).await;
    until(
        &client,
        "dpmptsp.volume.besar",
        &[(small, 1), (fast, 2), (slow, 3)],
    )
    .await;
    until(&client, "dpmptsp.volume.kecil", &[(few, 0)]).await;

    // The second version replaces the first one, and a new process has it too.
    std::fs::write(
        &file,
        DEFINITION
            .replace("\"lower\"", "\"higher\"")
            .replace("\"minimum_sample\": 30,", ""),
    )
    .unwrap();
    let added = prima(&served, &admin, &["table", "add", &file]);
    assert!(added.contains("definitions/1001"), "{added}");
    until(&client, "dpmptsp", &[(slow, 1), (fast, 2), (small, 3), (few, 4)]).await;
    let listed = prima(&served, "", &["table", "list", "waktu-layanan"]);
    assert!(listed.contains("1000") && listed.contains("1001"), "{listed}");
    drop(served);
    let again = command.start().await;
    let client = Client::new(&directory.url(), &directory.url(), &again.url(), "");
    let table = until(
        &client,
        "dpmptsp.volume.besar",
        &[(slow, 1), (fast, 2), (small, 3)],
    )
    .await;
    assert_eq!(table.definition, "metrics/waktu-layanan/definitions/1001");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_national_admin_creates_definitions_and_every_fault_is_reported() {
    let cluster = Cluster::start().await;
    let served = cluster.serve(Service::Ranking).await;
    let client = |token: &str| {
        ranking::ranking_service_client::RankingServiceClient::new(authorised(&served.url(), token))
    };
    let create = |id: &str, json: &str| ranking::CreateTableDefinitionRequest {
        request_id: id.to_owned(),
        json: json.to_owned(),
    };
    let own = cluster.token(&[prima_platform::caller::Role::Admin], &["32"]);
    for (token, code) in [
        ("", Code::Unauthenticated),
        (own.as_str(), Code::PermissionDenied),
    ] {
        let refused = client(token)
            .create_table_definition(create("a", DEFINITION))
            .await;
        assert_eq!(refused.unwrap_err().code(), code);
    }
    let mut admin = client(&cluster.admin());
    let broken = DEFINITION
        .replace("\"lower\"", "\"cepat\"")
        .replace("1000}", "-1}");
    let refused = admin.create_table_definition(create("", &broken)).await;
    assert_eq!(
        prima_platform::testing::served::faults(refused),
        ["request_id", "json.better", "json.volumes[0].from"]
    );
    let first = admin
        .create_table_definition(create("a", DEFINITION))
        .await
        .unwrap()
        .into_inner();
    let again = admin
        .create_table_definition(create("a", DEFINITION))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let another = DEFINITION.replace("hari", "jam");
    let reused = admin
        .create_table_definition(create("a", &another))
        .await
        .unwrap_err();
    assert_eq!(reused.code(), Code::InvalidArgument);
    let stale = another.replacen('{', "{\"version\": 1000,", 1);
    let stale = admin
        .create_table_definition(create("b", &stale))
        .await
        .unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    let mut nobody = client("");
    let listed = nobody.list_table_definitions(ranking::ListTableDefinitionsRequest {
        page_size: 3,
        ..Default::default()
    });
    let listed = listed.await.unwrap().into_inner();
    let metrics: Vec<&str> = listed.definitions.iter().map(|d| d.metric.as_str()).collect();
    assert_eq!(metrics, ["complaint-resolution", "iga", "innovation"]);
    assert!(!listed.next_page_token.is_empty());
    let request = |name: &str| ranking::GetTableDefinitionRequest {
        name: name.to_owned(),
    };
    let built_in = client("")
        .get_table_definition(request("metrics/skm/definitions/-"))
        .await
        .unwrap();
    let built_in = built_in.into_inner().definition.unwrap();
    assert_eq!(
        (built_in.version, built_in.built_in, built_in.current),
        (1, true, true)
    );
    let unknown = client("")
        .get_table_definition(request("metrics/skm/definitions/2"))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let malformed = client("")
        .get_table_definition(request("metrics/skm/definitions/one"))
        .await;
    assert_eq!(prima_platform::testing::served::faults(malformed), ["name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_of_an_own_metric_are_recorded_by_command() {
    let cluster = Cluster::start().await;
    let directory = cluster.serve(Service::Directory).await;
    let index = cluster.serve(Service::Index).await;
    let command = cluster
        .command(Service::Ranking)
        .env("PRIMA_RANKING__SOURCES", "[\"index\"]");
    let served = command.start().await;
    let admin = cluster.admin();
    let mut client = Client::new(&directory.url(), &directory.url(), &served.url(), &admin);
    let mut units = vec![client.unit("32", "3201").await];
    client.agency("3202", AgencyKind::Kota, "agencies/32").await;
    units.push(client.unit_of("3202").await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waktu.json");
    let recorded = r#"{"recorded": {"subjects": ["unit"], "minimum": "0", "maximum": "365"}, "decimals": 1,"#;
    let document = DEFINITION
        .replacen('{', recorded, 1)
        .replace("\"minimum_sample\": 30,", "");
    std::fs::write(&file, document).unwrap();
    prima(&served, &admin, &["table", "add", &file.display().to_string()]);
    let record = |unit: &str, score: &str| {
        Command::new(binary())
            .args([
                "--endpoint",
                &format!("index={}", index.url()),
                "call",
                "RecordExternalScore",
            ])
            .args([
                "score.metric=waktu-layanan",
                "score.period=2026",
                "score.source=Laporan tahunan",
            ])
            .args([format!("score.subject={unit}"), format!("score.score={score}")])
            .arg(format!("request_id=waktu-{score}"))
            .env("PRIMA_TOKEN", &admin)
            .output()
            .unwrap()
    };
    // The definition reaches the index service by the bus.
    for (unit, score) in units.iter().zip(["12.5", "3"]) {
        let recorded = eventually(DEADLINE, || async {
            record(unit, score).status.success().then_some(())
        });
        assert!(recorded.await.is_some(), "{:?}", record(unit, score));
    }
    until(&client, "dpmptsp", &[(&units[1], 1), (&units[0], 2)]).await;
    let league = [
        "league",
        "--metric",
        "waktu-layanan",
        "--period",
        "2026",
        "--cohort",
        "dpmptsp",
    ];
    let printed = prima(&served, "", &league);
    assert!(
        printed.contains("Nilai (hari)") && printed.contains("12.5"),
        "{printed}"
    );
    assert!(!printed.contains("Berkas"), "no score has a sample: {printed}");
}
