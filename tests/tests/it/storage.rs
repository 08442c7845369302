//! Storage that is full or can't be written, and a database or bus that is away: what is refused, what continues, what is kept
//! and told.

use prima_platform::{
    health::LIVE,
    testing::{eventually, served::refused},
};
use prima_proto::directory::v1 as directory;
use prima_tests::{
    Cluster, DEADLINE,
    client::{Client, channel},
    process::{Process, Service},
};
use sea_orm::{ConnectionTrait, Database};
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_types::StatusExt;

use crate::startup::{Machine, prima, text};

/// More than a log needs, and less than the write-ahead log of a database with a schema.
const ROOM: u64 = 256 << 10;

async fn create(client: &Client, id: &str) -> Result<(), Status> {
    let agency = directory::Agency {
        display_name: format!("Instansi {id}"),
        kind: directory::AgencyKind::Kementerian.into(),
        ..directory::Agency::default()
    };
    let request = directory::CreateAgencyRequest {
        request_id: format!("create-{id}"),
        agency_id: id.to_owned(),
        agency: Some(agency),
    };
    client.directory.clone().create_agency(request).await.map(|_| ())
}

async fn exists(client: &Client, id: &str) -> bool {
    let name = format!("agencies/{id}");
    let request = directory::GetAgencyRequest { name };
    client.directory.clone().get_agency(request).await.is_ok()
}

/// Creates agencies until one is refused. Returns the ids of those created, and the refusal.
async fn fill(client: &Client, word: &str) -> (Vec<String>, Status) {
    let mut created = Vec::new();
    loop {
        let id = format!("{word}-{}", created.len());
        match create(client, &id).await {
            Ok(()) => created.push(id),
            Err(status) => return (created, status),
        }
        assert!(created.len() < 10_000, "the storage has no end");
    }
}

/// Waits until a creation succeeds.
async fn created(client: &Client, id: &str) {
    let stored = eventually(DEADLINE, || async { create(client, id).await.ok() });
    stored.await.unwrap_or_else(|| panic!("{id} is not stored"));
}

async fn health(process: &Process, service: &str) -> ServingStatus {
    let mut client = HealthClient::new(channel(&process.url()));
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    client.check(request).await.unwrap().into_inner().status()
}

async fn becomes(process: &Process, service: &str, wanted: ServingStatus) {
    let met = eventually(DEADLINE, || async {
        (health(process, service).await == wanted).then_some(())
    });
    met.await
        .unwrap_or_else(|| panic!("{service} is not {wanted:?}\n{}", process.log()));
}

/// The line of `prima health` about a service, and its exit code.
fn health_line(process: &Process, service: &str) -> (String, Option<i32>) {
    let output = prima(
        &["health", "--service", service, "--endpoint", &process.url()],
        &[],
    );
    (text(&output.stdout), output.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_storage_refuses_writes_for_now_and_reads_continue() {
    let machine = Machine::new();
    let command = machine
        .command(Service::Directory)
        .env("PRIMA_TELEMETRY__LEVEL", "warn");
    let process = command.limited().start().await;
    let client = machine.client(&process);
    created(&client, "pertama").await;
    assert_eq!(
        health(&process, "storage.directory").await,
        ServingStatus::Serving
    );

    process.limit_files(Some(ROOM));
    let (_, status) = fill(&client, "penuh").await;
    let status = refused(Err::<(), _>(status), Code::Unavailable, "STORAGE_FAILED");
    let details = status.get_error_details();
    assert!(
        details
            .retry_info()
            .is_some_and(|retry| retry.retry_delay.is_some())
    );
    let localized = &details.localized_message().unwrap().message;
    assert!(
        localized.starts_with("Penyimpanan layanan bermasalah"),
        "{localized}"
    );

    becomes(&process, "storage.directory", ServingStatus::NotServing).await;
    assert_eq!(
        health(&process, "prima.directory.v1.DirectoryService").await,
        ServingStatus::Serving
    );
    assert!(exists(&client, "pertama").await);
    let (line, code) = health_line(&process, "directory");
    assert!(
        line.contains("hanya dapat dibaca: penyimpanan penuh atau bermasalah"),
        "{line}"
    );
    assert_eq!(code, Some(1));

    process.limit_files(None);
    becomes(&process, "storage.directory", ServingStatus::Serving).await;
    create(&client, "lagi").await.unwrap();
    let (line, code) = health_line(&process, "directory");
    assert!(line.contains("siap"), "{line}");
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_after_a_storage_failure_is_kept() {
    let machine = Machine::new();
    let command = machine
        .command(Service::Directory)
        .env("PRIMA_TELEMETRY__LEVEL", "warn");
    let mut process = command.limited().start().await;
    let client = machine.client(&process);
    let mut acknowledged = Vec::new();
    for round in ["satu", "dua", "tiga"] {
        process.limit_files(Some(ROOM));
        let (stored, _) = fill(&client, round).await;
        acknowledged.extend(stored);
        process.limit_files(None);
        let (after, last) = (format!("{round}-sesudah"), format!("{round}-akhir"));
        created(&client, &after).await;
        // A refused request rolls its transaction back.
        let again = directory::CreateAgencyRequest {
            request_id: format!("again-{round}"),
            agency_id: after.clone(),
            agency: Some(directory::Agency {
                display_name: "Lain".into(),
                kind: directory::AgencyKind::Kementerian.into(),
                ..directory::Agency::default()
            }),
        };
        let repeated = client.directory.clone().create_agency(again).await;
        assert_eq!(repeated.unwrap_err().code(), Code::AlreadyExists);
        create(&client, &last).await.unwrap();
        acknowledged.extend([after, last]);
    }
    process.kill();
    process.restart().await;
    let mut lost = Vec::new();
    for id in &acknowledged {
        if !exists(&client, id).await {
            lost.push(id);
        }
    }
    assert!(
        lost.is_empty(),
        "of {} acknowledged: {lost:?}",
        acknowledged.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_failing_storage_and_do_not_become_dead_letters() {
    let machine = Machine::new();
    let directory = machine.command(Service::Directory).start().await;
    let command = machine
        .command(Service::Survey)
        .env("PRIMA_TELEMETRY__LEVEL", "warn");
    let survey = command.limited().start().await;
    survey.wait_ready().await;
    let log = machine.dir.path().join("survey.db-wal");
    assert!(
        log.metadata().unwrap().len() > ROOM,
        "the next write must be refused"
    );

    survey.limit_files(Some(ROOM));
    machine.client(&directory).unit("32", "3271").await;
    becomes(&survey, "storage.survey", ServingStatus::NotServing).await;
    let refused = eventually(DEADLINE, || async {
        survey.log().contains("not applied; trying again").then_some(())
    });
    refused.await.expect("the unit is not applied");
    survey.limit_files(None);

    let file = machine.dir.path().join("survey.db");
    let database = Database::connect(format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let count = async |table: &str| -> i64 {
        let text = format!("SELECT count(*) FROM {table}");
        let statement = prima_platform::db::sql(&database, &text, []);
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    };
    let applied = eventually(DEADLINE, || async {
        (count("directory_unit").await == 1).then_some(())
    });
    applied.await.expect("the unit is applied");
    assert_eq!(count("dead_letter").await, 0);
    becomes(&survey, "storage.survey", ServingStatus::Serving).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_postgres_refuses_writes_for_now() {
    let cluster = Cluster::start().await;
    let process = cluster.serve(Service::Directory).await;
    let url = process.url();
    let client = Client::new(&url, &url, &url, &cluster.admin());
    created(&client, "pertama").await;
    let database = Database::connect(&cluster.database).await.unwrap();
    // The server answers as if its disk were full, wherever a row is stored or a write is probed.
    for statement in [
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON directory.agency FOR EACH ROW EXECUTE FUNCTION full_disk()",
        "CREATE TRIGGER full_disk BEFORE INSERT ON directory.lease FOR EACH ROW WHEN (NEW.name = 'storage')
             EXECUTE FUNCTION full_disk()",
    ] {
        database.execute_unprepared(statement).await.unwrap();
    }
    let status = refused(create(&client, "penuh").await, Code::Unavailable, "STORAGE_FULL");
    let localized = status
        .get_error_details()
        .localized_message()
        .unwrap()
        .message
        .clone();
    assert!(localized.starts_with("Penyimpanan layanan penuh"), "{localized}");
    becomes(&process, "storage.directory", ServingStatus::NotServing).await;
    assert!(exists(&client, "pertama").await);

    database
        .execute_unprepared("DROP FUNCTION full_disk() CASCADE")
        .await
        .unwrap();
    becomes(&process, "storage.directory", ServingStatus::Serving).await;
    create(&client, "penuh").await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_lacks_is_measured_and_told() {
    use ServingStatus::{NotServing, Serving};
    let mut cluster = Cluster::start().await;
    let process = cluster.serve(Service::Directory).await;
    let service = "prima.directory.v1.DirectoryService";
    becomes(&process, "bus.directory", Serving).await;
    cluster.nats.kill();
    becomes(&process, "bus.directory", NotServing).await;
    // What it stores is published later, so it goes on.
    assert_eq!(health(&process, service).await, Serving);
    let (line, code) = health_line(&process, "directory");
    assert!(line.contains("bus terputus"), "{line}");
    assert_eq!(code, Some(1));
    cluster.nats.restart();
    becomes(&process, "bus.directory", Serving).await;

    cluster.postgres.kill();
    for name in ["database.directory", service, ""] {
        becomes(&process, name, NotServing).await;
    }
    assert_eq!(health(&process, LIVE).await, Serving);
    let (line, code) = health_line(&process, "directory");
    assert!(line.contains("basis data tidak menjawab"), "{line}");
    assert_eq!(code, Some(1));
    cluster.postgres.restart();
    for name in ["database.directory", service, ""] {
        becomes(&process, name, Serving).await;
    }
    let (line, code) = health_line(&process, "directory");
    assert!(line.contains("siap"), "{line}");
    assert_eq!(code, Some(0));
}
