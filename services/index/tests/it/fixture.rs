//! A running index service with a database of its own.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use prima_index::{NAME, SPEC};
use prima_platform::{
    bus::memory::Memory,
    caller::{Caller, Role},
    clock::Clock,
    config::{self, Config},
    db::{Database, sql},
    grpc::Watchers,
    id::Ids,
    lifecycle::Tasks,
    outbox::Outbox,
    service::Context,
};
use prima_proto::index::v1::{
    assessment_service_client::AssessmentServiceClient, index_service_client::IndexServiceClient,
};
use prost::Message;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tonic::{Code, Request, Status, service::Routes};
use tonic_types::StatusExt;

/// A running index service.
pub struct World {
    pub client: IndexServiceClient<Routes>,
    pub assessment: AssessmentServiceClient<Routes>,
    pub db: Database,
    pub bus: Memory,
    /// Where files are kept.
    pub objects: PathBuf,
    shift: Arc<AtomicI64>,
    _dir: TempDir,
}

/// What the outbox holds of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged<T> {
    pub event_type: String,
    pub revision: i64,
    pub version: i64,
    pub state: T,
}

/// Runs a test on every database there is. On PostgreSQL each test has a schema of its own.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().display());
    test(start(url, NAME, dir).await).await;
    if let Ok(url) = std::env::var("PRIMA_TEST_POSTGRES_URL") {
        let schema = format!("index_{}", Ids::random().next().simple());
        test(start(url, &schema, tempfile::tempdir().unwrap()).await).await;
    }
}

async fn start(url: String, schema: &str, dir: TempDir) -> World {
    let objects = dir.path().join("objects");
    let config = Config {
        objects: config::Objects {
            url: format!("file:{}", objects.display()),
            ..Default::default()
        },
        database: config::Database {
            url,
            ..Default::default()
        },
        ..Config::default()
    };
    let db = Database::connect(&config.database, schema).await.unwrap();
    if db.backend() == sea_orm::DbBackend::Postgres {
        db.writer()
            .execute_unprepared(&format!("CREATE SCHEMA {schema}"))
            .await
            .unwrap();
    }
    (SPEC.migrate)(db.clone(), true).await.unwrap();
    let bus = Memory::default();
    let tasks = Tasks::default();
    let shift = Arc::new(AtomicI64::new(0));
    let (system, shifted) = (Clock::system(), shift.clone());
    let clock =
        Clock::from_fn(move || system.now() + chrono::TimeDelta::hours(shifted.load(Ordering::Relaxed)));
    let context = Context {
        service: NAME,
        config: Arc::new(config),
        db: db.clone(),
        bus: Arc::new(bus.clone()),
        clock,
        ids: Ids::random(),
        outbox: Outbox::default(),
        tasks: tasks.clone(),
        watchers: Watchers::new(1, Duration::from_secs(1), tasks),
    };
    let started = (SPEC.start)(context).await.unwrap();
    assert!(*started.ready.borrow());
    let mut routes = Routes::builder();
    (started.routes)(&mut routes);
    let routes = routes.routes();
    World {
        client: IndexServiceClient::new(routes.clone()),
        assessment: AssessmentServiceClient::new(routes),
        db,
        bus,
        objects,
        shift,
        _dir: dir,
    }
}

impl World {
    /// Moves the clock of the service on, from now on.
    pub fn after_hours(&self, hours: i64) {
        self.shift.fetch_add(hours, Ordering::Relaxed);
    }

    /// The state staged under `subject`, and that it has that version.
    pub async fn staged<T: Message + Default>(&self, subject: &str) -> Option<Staged<T>> {
        let reader = self.db.reader();
        let text = "SELECT type, revision, version, payload FROM outbox WHERE subject = $1 AND withdrawn = 0";
        let row = reader
            .query_one_raw(sql(reader, text, [subject.into()]))
            .await
            .unwrap()?;
        let payload: Vec<u8> = row.try_get("", "payload").unwrap();
        Some(Staged {
            event_type: row.try_get("", "type").unwrap(),
            revision: row.try_get("", "revision").unwrap(),
            version: row.try_get("", "version").unwrap(),
            state: T::decode(payload.as_slice()).unwrap(),
        })
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let reader = self.db.reader();
        let text = format!("SELECT CAST(count(*) AS BIGINT) AS n FROM {table}");
        reader
            .query_one_raw(sql(reader, &text, []))
            .await
            .unwrap()
            .unwrap()
            .try_get("", "n")
            .unwrap()
    }
}

/// A request by `caller`, as the edge hands it on.
pub fn by<T>(caller: Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// A request by the national admin.
pub fn admin<T>(message: T) -> Request<T> {
    by(
        Caller::new("admin".into(), vec![Role::Admin], vec!["*".into()]),
        message,
    )
}

/// A request by an operator of Kota Bogor.
pub fn operator<T>(message: T) -> Request<T> {
    by(
        Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]),
        message,
    )
}

/// That a call failed with this code and reason.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, reason, "{status:?}");
    assert_eq!(details.error_info().unwrap().domain, "prima.go.id");
    assert_eq!(details.localized_message().unwrap().locale, "id-ID");
    status
}

/// That a call failed with `INVALID_ARGUMENT`, and the fields at fault.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = refused(answer, Code::InvalidArgument, "INVALID_FIELDS");
    let details = status.get_error_details();
    details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|v| v.field.clone())
        .collect()
}
