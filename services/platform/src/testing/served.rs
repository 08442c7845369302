//! A service as its host runs it, without a port: on a database of its own, with a clock that the test sets; and what
//! tests ask of its answers.

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
};

/// Where a service keeps its data: a database with nothing in it, and a folder.
#[derive(Debug)]
pub struct Place {
    /// What `database.url` is.
    pub url: String,
    /// A folder that goes with the place; SQLite keeps its files in it.
    pub dir: TempDir,
    /// The schema on PostgreSQL, when it is not the service's own.
    schema: Option<String>,
    /// A server that dies with the place.
    _postgres: Option<Postgres>,
}

impl Place {
    /// A file of SQLite in the folder.
    pub fn sqlite() -> Arc<Self> {
        Self::copied(super::scratch())
    }

    /// What a folder of SQLite files holds.
    pub fn copied(dir: TempDir) -> Arc<Self> {
        Arc::new(Self {
            url: format!("sqlite:{}", dir.path().display()),
            dir,
            schema: None,
            _postgres: None,
        })
    }

    /// A schema on the server that `PRIMA_TEST_POSTGRES_URL` names, else a database on a server of this process.
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

    /// SQLite, and PostgreSQL where `PRIMA_TEST_POSTGRES_URL` names a server.
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

/// Sets a clock, which goes on from there.
#[derive(Debug, Clone, Default)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    /// The clock that it sets: the machine's at first.
    pub fn clock(&self) -> Clock {
        let (ahead, system) = (self.0.clone(), Clock::system());
        Clock::from_fn(move || system.now() + TimeDelta::microseconds(ahead.load(Ordering::SeqCst)))
    }

    /// It is now `time`, in RFC 3339.
    #[track_caller]
    pub fn set(&self, time: &str) {
        let time: DateTime<Utc> = time.parse().unwrap();
        let ahead = time - Clock::system().now();
        self.0.store(ahead.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    /// It is later by `time`.
    #[track_caller]
    pub fn advance(&self, time: TimeDelta) {
        self.0
            .fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

/// What a service starts with, beside its place.
pub struct Options {
    /// The configuration; where data is kept is overwritten.
    pub config: Config,
    /// The bus.
    pub bus: Arc<dyn Bus>,
    /// Sets the clock.
    pub hand: Hand,
}

impl Default for Options {
    /// The configuration as it comes, an empty bus in memory, the machine's time.
    fn default() -> Self {
        Self {
            config: Config::default(),
            bus: Arc::new(Memory::default()),
            hand: Hand::default(),
        }
    }
}

/// A running service. Starting it again in the same place is another replica.
pub struct Served {
    /// Its gRPC services; a client can be made of a clone.
    pub routes: Routes,
    /// Its database.
    pub db: Database,
    /// Its bus.
    pub bus: Arc<dyn Bus>,
    /// Sets its clock.
    pub hand: Hand,
    /// Where its data is; `objects` in the folder holds its files.
    pub place: Arc<Place>,
    /// Its long-running parts.
    pub tasks: Tasks,
}

/// What the outbox holds of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged<T> {
    /// Type of the event.
    pub event_type: String,
    /// Revision of the type.
    pub revision: i64,
    /// Version of the state.
    pub version: i64,
    /// The state.
    pub state: T,
}

impl Served {
    /// Migrates the database and starts the service, which has to be ready at once.
    pub async fn start(spec: Spec, place: Arc<Place>, options: Options) -> Self {
        let Options {
            mut config,
            bus,
            hand,
        } = options;
        config.database.url.clone_from(&place.url);
        config.objects.url = format!("file:{}", place.dir.path().join("objects").display());
        let db = place.connect(&config.database, spec.name).await;
        (spec.migrate)(db.clone(), true).await.unwrap();
        let tasks = Tasks::default();
        config.grpc.watch_stall_seconds = 1;
        let watchers = Watchers::new(1, &config.grpc, tasks.clone());
        let context = Context {
            service: spec.name,
            config: Arc::new(config),
            db: db.clone(),
            bus: bus.clone(),
            clock: hand.clock(),
            ids: Ids::random(),
            outbox: Outbox::default(),
            derived: Derived::default(),
            tasks: tasks.clone(),
            watchers,
        };
        let started = (spec.start)(context)
            .await
            .unwrap_or_else(|error| panic!("does not start: {error}"));
        assert!(*started.ready.borrow());
        let mut routes = Routes::builder();
        (started.routes)(&mut routes);
        Self {
            routes: routes.routes(),
            db,
            bus,
            hand,
            place,
            tasks,
        }
    }

    /// The state staged under `subject`; `None` when there is none, or it was withdrawn.
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

    /// Waits until a statement that begins so waits for what an open transaction of PostgreSQL has locked.
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
        assert!(met.await.is_some(), "nobody waits with {statement}");
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let reader = self.db.reader();
        let text = format!("SELECT CAST(count(*) AS BIGINT) AS n FROM {table}");
        let row = reader.query_one_raw(sql(reader, &text, [])).await.unwrap();
        row.unwrap().try_get("", "n").unwrap()
    }
}

/// A request by `caller`, as the edge hands it on.
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

/// That a call failed with this code and reason, in both languages.
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

/// All that a refusal tells: code, reason and both messages, with `NAME` for the name that was asked for. Two calls that
/// shall not be told apart have the same.
#[track_caller]
pub fn told<T: std::fmt::Debug>(answer: Result<T, Status>, name: &str) -> (Code, [String; 3]) {
    let status = answer.unwrap_err();
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    let localized = details.localized_message().map(|text| text.message.clone());
    let told = [Some(status.message().to_owned()), reason, localized];
    let plain = |text: Option<String>| text.unwrap_or_default().replace(name, "NAME");
    (status.code(), told.map(plain))
}

/// The fields that a refusal names.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|b| b.field_violations.clone());
    let violations = violations.unwrap_or_default();
    violations.into_iter().map(|v| v.field).collect()
}

/// That a call failed with `INVALID_ARGUMENT`, and the fields at fault.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    fields(&refused(answer, Code::InvalidArgument, "INVALID_FIELDS"))
}
