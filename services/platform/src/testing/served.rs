//! Runs a service inside a test as its host runs it, without a port, on a database of its own and with a clock that the
//! test sets; and assertions about its responses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend};
use tempfile::TempDir;
use tonic::{Code, Request, Status, service::Routes};
use tonic_types::StatusExt;

use super::postgres::Postgres;
use crate::{
    bus::{Bus, memory::Memory},
    caller::Caller,
    clock::Clock,
    config::{self, Config},
    db::{Database, Txn, sql},
    derived::Derived,
    grpc::Watchers,
    id::Ids,
    lifecycle::Tasks,
    outbox::Outbox,
    service::{Context, Spec},
    vault::Keyring,
};

/// Where a service stores its data: an empty database and a folder.
#[derive(Debug)]
pub struct Place {
    /// Value of `database.url`.
    pub url: String,
    /// A folder that is removed with this value; SQLite has its files in it.
    pub dir: TempDir,
    /// The schema on PostgreSQL, if it is not the service's own.
    schema: Option<String>,
    /// A server that is stopped with this value.
    _postgres: Option<Postgres>,
}

impl Place {
    /// SQLite, with an empty folder.
    pub fn sqlite() -> Arc<Self> {
        Self::copied(super::scratch())
    }

    /// SQLite, with the files in a folder.
    pub fn copied(dir: TempDir) -> Arc<Self> {
        Arc::new(Self {
            url: format!("sqlite:{}", dir.path().display()),
            dir,
            schema: None,
            _postgres: None,
        })
    }

    /// A schema on the server of `PRIMA_TEST_POSTGRES_URL`, else a database on a server of this process.
    pub async fn postgres() -> Arc<Self> {
        if let Some(place) = Self::configured() {
            return place;
        }
        let postgres = Postgres::start();
        Arc::new(Self {
            url: postgres.fresh_database().await,
            dir: super::scratch(),
            schema: None,
            _postgres: Some(postgres),
        })
    }

    /// SQLite, and PostgreSQL if `PRIMA_TEST_POSTGRES_URL` is set.
    pub fn each() -> Vec<Arc<Self>> {
        std::iter::once(Self::sqlite())
            .chain(Self::configured())
            .collect()
    }

    fn configured() -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            url: std::env::var("PRIMA_TEST_POSTGRES_URL").ok()?,
            dir: super::scratch(),
            schema: Some(format!("test_{}", Ids::random().next().simple())),
            _postgres: None,
        }))
    }

    async fn connect(&self, config: &config::Database, service: &str) -> Database {
        let schema = self.schema.as_deref().unwrap_or(service);
        let db = Database::connect(config, schema).await.unwrap();
        if db.backend() == DbBackend::Postgres {
            let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
            db.writer().execute_unprepared(&create).await.unwrap();
        }
        db
    }
}

/// A clock that a test sets, and that runs on from there.
#[derive(Debug, Clone, Default)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// The clock for the service; it has the machine's time until it is set.
    pub fn clock(&self) -> Clock {
        let (ahead, system) = (self.0.clone(), Clock::system());
        Clock::from_fn(move || system.now() + TimeDelta::microseconds(ahead.load(Ordering::SeqCst)))
    }

    /// Sets the clock to `time`, RFC 3339.
    #[track_caller]
    pub fn set(&self, time: &str) {
        let time: DateTime<Utc> = time.parse().unwrap();
        let ahead = time - Clock::system().now();
        self.0.store(ahead.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    /// Advances the clock by `time`.
    #[track_caller]
    pub fn advance(&self, time: TimeDelta) {
        self.0
            .fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

/// Options for starting a service.
pub struct Options {
    /// The configuration; the settings of database and files are overwritten.
    pub config: Config,
    /// The bus.
    pub bus: Arc<dyn Bus>,
    /// The clock.
    pub clock: TestClock,
}

impl Default for Options {
    /// The default configuration with keys, an empty bus in memory, the machine's time.
    fn default() -> Self {
        let mut config = Config::default();
        config.survey.keys = vec![key("k1")];
        config.complaint.keys = vec![key("k1")];
        Self {
            config,
            bus: Arc::new(Memory::default()),
            clock: TestClock::default(),
        }
    }
}

/// A running service. Starting it again in the same place adds a replica.
pub struct Served {
    /// Its gRPC services; a client can be made from a clone.
    pub routes: Routes,
    /// Its database.
    pub db: Database,
    /// Its bus.
    pub bus: Arc<dyn Bus>,
    /// Its clock.
    pub clock: TestClock,
    /// Where its data is; its files are in `objects` in the folder.
    pub place: Arc<Place>,
    /// Its long-running tasks.
    pub tasks: Tasks,
}

/// The state of one subject in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged<T> {
    /// Type of the event.
    pub event_type: String,
    /// Revision of the rendering.
    pub revision: i64,
    /// Version of the state.
    pub version: i64,
    /// The state.
    pub state: T,
}

/// The context of a service in a place, whose database is migrated.
pub async fn context(spec: &Spec, place: &Place, options: Options) -> Context {
    let Options {
        mut config,
        bus,
        clock,
    } = options;
    config.database.url.clone_from(&place.url);
    config.objects.url = format!("file:{}", place.dir.path().join("objects").display());
    config.publication.url = format!("file:{}", place.dir.path().join("public").display());
    let db = place.connect(&config.database, spec.name).await;
    (spec.migrate)(db.clone(), true).await.unwrap();
    let tasks = Tasks::default();
    config.grpc.watch_stall_seconds = 1;
    let watchers = Watchers::new(1, &config.grpc, tasks.clone());
    Context {
        service: spec.name,
        config: Arc::new(config),
        db,
        bus,
        clock: clock.clock(),
        ids: Ids::random(),
        outbox: Outbox::default(),
        derived: Derived::default(),
        tasks,
        watchers,
    }
}

impl Served {
    /// Migrates the database and starts the service, which must be ready at once.
    pub async fn start(spec: Spec, place: Arc<Place>, options: Options) -> Self {
        let clock = options.clock.clone();
        let context = context(&spec, &place, options).await;
        let (db, bus, tasks) = (context.db.clone(), context.bus.clone(), context.tasks.clone());
        let started = (spec.start)(context)
            .await
            .unwrap_or_else(|error| panic!("does not start: {error}"));
        assert!(started.ready.is_none_or(|ready| *ready.borrow()));
        let mut routes = Routes::builder();
        (started.routes)(&mut routes);
        Self {
            routes: routes.routes(),
            db,
            bus,
            clock,
            place,
            tasks,
        }
    }

    /// The staged state of `subject`; `None` when there is none, or it is withdrawn.
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

    /// Waits until a statement that begins with `statement` is blocked by a lock of the open transaction `held` of
    /// PostgreSQL.
    pub async fn blocks(&self, held: &Txn, statement: &str) {
        let own = sql(held, "SELECT pg_backend_pid() AS pid", []);
        let row = held.query_one_raw(own).await.unwrap().unwrap();
        let pid: i32 = row.try_get("", "pid").unwrap();
        let waiting = format!(
            "pg_stat_activity WHERE {pid} = ANY (pg_blocking_pids(pid)) AND query LIKE '{statement}%'"
        );
        let met = super::eventually(Duration::from_secs(20), async || {
            (self.count(&waiting).await > 0).then_some(())
        });
        assert!(met.await.is_some(), "no statement {statement} is blocked");
    }

    /// Number of rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let reader = self.db.reader();
        let text = format!("SELECT CAST(count(*) AS BIGINT) AS n FROM {table}");
        let row = reader.query_one_raw(sql(reader, &text, [])).await.unwrap();
        row.unwrap().try_get("", "n").unwrap()
    }
}

/// A new encryption key, in the form of the configuration.
pub fn key(id: &str) -> String {
    format!("{id}:{}", Keyring::generate_key().unwrap())
}

/// A request by `caller`, as the edge passes it to a service.
pub fn by<T>(caller: Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// An update mask.
pub fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask {
        paths: paths.iter().map(|p| (*p).to_owned()).collect(),
    })
}

/// Asserts that a call failed with this code and reason, and with messages in both languages.
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

/// All that a caller can see of a refusal: code, reason and both messages, with `NAME` instead of the requested name.
/// It is equal for two calls that callers must not be able to distinguish.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>, name: &str) -> (Code, [String; 3]) {
    let status = answer.unwrap_err();
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    let localized = details.localized_message().map(|text| text.message.clone());
    let texts = [Some(status.message().to_owned()), reason, localized];
    let plain = |text: Option<String>| text.unwrap_or_default().replace(name, "NAME");
    (status.code(), texts.map(plain))
}

/// The fields with violations in a refusal.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|b| b.field_violations.clone());
    let violations = violations.unwrap_or_default();
    violations.into_iter().map(|v| v.field).collect()
}

/// Asserts that a call failed with `INVALID_ARGUMENT`, and returns the fields with violations.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    fields(&refused(answer, Code::InvalidArgument, "INVALID_FIELDS"))
}
