//! Fixture of the suites: a database, a bus, and a proxy in front of each that has a port.

use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use prima_platform::{
    bus::{Bus, Event, Step, jetstream::JetStream, memory::Memory},
    clock::Clock,
    config,
    db::{self, Database, sql},
    outbox::{self, Outbox, Relay, State, Status},
    schema,
    testing::{eventually, nats::Nats, postgres::Postgres, proxy::Proxy},
};
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The service whose outbox is tested.
pub const SERVICE: &str = "survey";
/// Timeout for what must happen.
pub const LONG: Duration = Duration::from_secs(40);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    Memory,
    JetStream,
}

struct Schema;

#[async_trait::async_trait]
impl MigratorTrait for Schema {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = schema::platform_steps();
        steps.push(Box::new(db::Step {
            name: "m0001_applied",
            statements: &["CREATE TABLE applied (
                id {identity}, subject TEXT NOT NULL, version BIGINT NOT NULL, payload {blob} NOT NULL)"],
        }));
        steps
    }
}

/// Connects to a bus.
pub async fn connected(config: &config::Bus) -> Arc<dyn Bus> {
    let bus = JetStream::connect(config, "test").await.unwrap();
    let mut connection = bus.connection();
    tokio::time::timeout(LONG, connection.wait_for(|c| c.up))
        .await
        .unwrap()
        .unwrap();
    Arc::new(bus)
}

/// One process of the service.
pub struct Replica {
    pub db: Database,
    pub bus: Arc<dyn Bus>,
    pub outbox: Outbox,
    pub to_db: Option<Proxy>,
    pub to_bus: Option<Proxy>,
}

/// Servers, and a first replica that uses them.
pub struct World {
    first: Replica,
    pub memory: Option<Memory>,
    pub nats: Option<Nats>,
    postgres: Option<(Postgres, String)>,
    dir: TempDir,
    bus_bytes: i64,
}

impl Deref for World {
    type Target = Replica;
    fn deref(&self) -> &Replica {
        &self.first
    }
}

/// A task that is stopped when this value is dropped.
pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(CancellationToken) -> F) -> Self {
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "owned by this value")]
        let task = tokio::spawn(run(stop.clone()));
        Self { stop, task }
    }

    pub async fn stop(mut self) {
        self.stop.cancel();
        tokio::time::timeout(LONG, &mut self.task)
            .await
            .expect("does not stop")
            .unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn relay_config() -> config::Relay {
    config::Relay {
        poll_millis: 20,
        lease_millis: 900,
        rate_per_subject: 200,
        ..config::Relay::default()
    }
}

impl Replica {
    pub fn relay(&self, config: config::Relay, holder: &str) -> (Running, Status) {
        self.relay_by(Clock::system(), config, holder)
    }

    /// A relay whose host has this clock.
    pub fn relay_by(&self, clock: Clock, config: config::Relay, holder: &str) -> (Running, Status) {
        let (db, bus, outbox) = (self.db.clone(), self.bus.clone(), self.outbox.clone());
        let relay = Relay::new(db, bus, SERVICE, clock, config, outbox, holder.to_owned());
        let status = relay.status();
        (Running::spawn(|stop| relay.run(stop)), status)
    }

    /// Stages the next state of each of `names` in one transaction; returns the last version.
    pub async fn stage_all(&self, names: &[&str], payload: &str) -> i64 {
        let txn = self.db.begin().await.unwrap();
        let mut states = Vec::new();
        let mut version = 0;
        for name in names {
            let subject = format!("prima.{SERVICE}.{name}");
            let text = "SELECT version FROM outbox WHERE subject = $1";
            let row = txn
                .query_one_raw(sql(&txn, text, [subject.clone().into()]))
                .await
                .unwrap();
            let previous: i64 = row.map_or(0, |row| row.try_get("", "version").unwrap());
            version = Clock::system().next_version(previous);
            states.push(State {
                subject,
                event_type: "prima.event.v1.Test",
                revision: 1,
                version,
                withdrawn: false,
                payload: payload.as_bytes().to_vec(),
                traceparent: None,
            });
        }
        outbox::stage(&txn, &states).await.unwrap();
        txn.commit().await.unwrap();
        self.outbox.committed();
        version
    }

    pub async fn stage(&self, name: &str, payload: &str) -> i64 {
        self.stage_all(&[name], payload).await
    }

    /// Executes a statement that no command would.
    pub async fn tamper(&self, text: &str) -> u64 {
        self.db
            .writer()
            .execute_unprepared(text)
            .await
            .unwrap()
            .rows_affected()
    }

    /// The states in the database, and whether all of them are recorded as published.
    pub async fn in_database(&self) -> (States, bool) {
        let reader = self.db.reader();
        let text = "SELECT subject, version, payload, published_version FROM outbox";
        let rows = reader.query_all_raw(sql(reader, text, [])).await.unwrap();
        let mut marked = true;
        let states = rows.iter().map(|row| {
            let version: i64 = row.try_get("", "version").unwrap();
            let payload: Vec<u8> = row.try_get("", "payload").unwrap();
            marked &= version == row.try_get::<i64>("", "published_version").unwrap();
            (
                row.try_get("", "subject").unwrap(),
                (version, String::from_utf8(payload).unwrap()),
            )
        });
        (states.collect(), marked)
    }

    /// The states on the bus; `None` while it can't be read or is not complete.
    pub async fn on_bus(&self) -> Option<States> {
        read(&*self.bus).await
    }

    /// Waits until the bus has the states of the database, the database has recorded so, and the stream is complete.
    pub async fn synchronised(&self) -> States {
        self.synchronised_within(LONG).await
    }

    pub async fn synchronised_within(&self, within: Duration) -> States {
        let same = eventually(within, || async {
            let (held, marked) = self.in_database().await;
            (marked && self.on_bus().await? == held).then_some(held)
        });
        if let Some(states) = same.await {
            return states;
        }
        panic!(
            "not synchronised: database {:?}, bus {:?}",
            self.in_database().await,
            self.on_bus().await
        );
    }

    /// Publishes without the outbox, after the last message of the subject.
    pub async fn publish(&self, service: &str, name: &str, version: i64, payload: &str) -> u64 {
        self.bus.ensure_stream(service).await.unwrap();
        let event = event(service, name, version, payload);
        let last = self.bus.last(service, &event.subject).await.unwrap();
        self.bus
            .publish(service, &event, last.map_or(0, |head| head.sequence))
            .await
            .unwrap()
    }
}

/// Version and payload by subject.
pub type States = BTreeMap<String, (i64, String)>;

pub fn event(service: &str, name: &str, version: i64, payload: &str) -> Event {
    Event {
        subject: format!("prima.{service}.{name}"),
        event_type: "prima.event.v1.Test".into(),
        revision: 1,
        version,
        withdrawn: false,
        payload: payload.as_bytes().to_vec(),
        time: "2024-05-02T03:04:05Z".into(),
        traceparent: None,
        origin: None,
    }
}

async fn read(bus: &dyn Bus) -> Option<States> {
    if !bus.stream(SERVICE).await.ok()??.complete {
        return None;
    }
    let mut follow = bus.follow(SERVICE, &[format!("prima.{SERVICE}.>")]).await.ok()?;
    let mut states = States::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(5), follow.next())
            .await
            .ok()?
            .ok()?
        {
            Step::CaughtUp => return Some(states),
            Step::Event(delivery) => {
                let payload = String::from_utf8(delivery.event.payload).unwrap();
                states.insert(delivery.event.subject, (delivery.event.version, payload));
            }
        }
    }
}

impl World {
    pub async fn new(store: Store, broker: Broker) -> Self {
        Self::with_bus_bytes(store, broker, 64 << 20).await
    }

    pub async fn with_bus_bytes(store: Store, broker: Broker, bus_bytes: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let postgres = match store {
            Store::Sqlite => None,
            Store::Postgres => {
                let postgres = Postgres::start();
                let url = postgres.fresh_database().await;
                Some((postgres, url))
            }
        };
        let nats = (broker == Broker::JetStream).then(Nats::start);
        let memory = (broker == Broker::Memory).then(Memory::default);
        let url = database_url(&dir, postgres.as_ref());
        let settings = config::Database {
            url,
            max_connections: 4,
            ..config::Database::default()
        };
        let db = Database::connect(&settings, SERVICE).await.unwrap();
        db::migrate::<Schema>(&db, SERVICE, true).await.unwrap();
        db.close().await;
        let first = replica(&dir, postgres.as_ref(), nats.as_ref(), memory.as_ref(), bus_bytes).await;
        Self {
            first,
            memory,
            nats,
            postgres,
            dir,
            bus_bytes,
        }
    }

    /// Executes the pending migration steps.
    pub async fn migrate(&self) {
        db::migrate::<Schema>(&self.db, SERVICE, true).await.unwrap();
    }

    /// Another process of the service, with connections of its own.
    pub async fn replica(&self) -> Replica {
        let (postgres, nats) = (self.postgres.as_ref(), self.nats.as_ref());
        replica(&self.dir, postgres, nats, self.memory.as_ref(), self.bus_bytes).await
    }

    /// A process of the service on another database, which is empty, and on the same bus.
    pub async fn another(&self) -> Replica {
        let url = match &self.postgres {
            Some((postgres, _)) => postgres.fresh_database().await,
            None => format!(
                "sqlite:{}",
                tempfile::tempdir_in(self.dir.path()).unwrap().keep().display()
            ),
        };
        let settings = config::Database {
            url,
            max_connections: 6,
            ..config::Database::default()
        };
        let db = Database::connect(&settings, SERVICE).await.unwrap();
        db::migrate::<Schema>(&db, SERVICE, true).await.unwrap();
        Replica {
            db,
            bus: self.first.bus.clone(),
            outbox: Outbox::default(),
            to_db: None,
            to_bus: None,
        }
    }

    /// A process of the service on a copy of its database, as restored from a current backup, and on the same bus.
    pub async fn copy(&self) -> Replica {
        let copy = self.another().await;
        for (table, columns) in COPIED {
            let reader = self.db.reader();
            let text = format!("SELECT {} FROM {table}", columns.join(", "));
            for row in reader.query_all_raw(sql(reader, &text, [])).await.unwrap() {
                let values = columns.iter().map(|column| value(&row, column));
                let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
                let text = format!(
                    "INSERT INTO {table} ({}) VALUES ({})",
                    columns.join(", "),
                    places.join(", ")
                );
                let writer = copy.db.writer();
                writer.execute_raw(sql(writer, &text, values)).await.unwrap();
            }
        }
        copy
    }

    /// Stores an older message after a newer one of its subject, as a defective server does (nats-server #6245).
    pub async fn put_behind(&self, name: &str, version: i64, payload: &str) {
        let client = async_nats::connect(self.nats.as_ref().unwrap().url())
            .await
            .unwrap();
        let context = async_nats::jetstream::new(client);
        let stream = format!("PRIMA_{}", SERVICE.to_uppercase());
        let mut config = context
            .get_stream(&stream)
            .await
            .unwrap()
            .cached_info()
            .config
            .clone();
        config.max_messages_per_subject = 5;
        config.metadata.retain(|key, _| !key.starts_with("_nats."));
        context.update_stream(config).await.unwrap();
        let event = event(SERVICE, name, version, payload);
        let last = self.bus.last(SERVICE, &event.subject).await.unwrap().unwrap();
        let before = self.bus.stream(SERVICE).await.unwrap().unwrap().messages;
        self.bus.publish(SERVICE, &event, last.sequence).await.unwrap();
        assert_eq!(
            self.bus.stream(SERVICE).await.unwrap().unwrap().messages,
            before + 1
        );
    }

    /// Makes the bus lose all its data, as when its disk fails.
    pub fn lose_the_bus(&mut self) {
        if let Some(memory) = &self.memory {
            memory.lose_everything();
        }
        if let Some(nats) = &mut self.nats {
            nats.wipe_storage();
            nats.restart();
        }
    }
}

/// Tables and columns of the outbox that a backup contains.
const COPIED: [(&str, &[&str]); 3] = [
    (
        "outbox",
        &[
            "subject",
            "type",
            "revision",
            "version",
            "withdrawn",
            "payload",
            "published_version",
            "stream_sequence",
        ],
    ),
    ("owner", &["one", "identity", "epoch", "adopt"]),
    ("lease", &["name", "holder", "expires_at"]),
];

fn value(row: &sea_orm::QueryResult, column: &str) -> sea_orm::Value {
    match column {
        "payload" => row.try_get::<Vec<u8>>("", column).unwrap().into(),
        "subject" | "type" | "identity" | "name" | "holder" => {
            row.try_get::<String>("", column).unwrap().into()
        }
        _ => row.try_get::<i64>("", column).unwrap().into(),
    }
}

fn database_url(dir: &TempDir, postgres: Option<&(Postgres, String)>) -> String {
    postgres.map_or_else(
        || format!("sqlite:{}", dir.path().display()),
        |(_, url)| url.clone(),
    )
}

async fn replica(
    dir: &TempDir,
    postgres: Option<&(Postgres, String)>,
    nats: Option<&Nats>,
    memory: Option<&Memory>,
    bus_bytes: i64,
) -> Replica {
    let mut url = database_url(dir, postgres);
    let to_db = match postgres {
        None => None,
        Some((server, _)) => {
            let proxy = Proxy::start(server.address()).await;
            url = proxy.url(&url);
            Some(proxy)
        }
    };
    let db = Database::connect(
        &config::Database {
            url,
            max_connections: 6,
            statement_seconds: 5,
            migrate: false,
            ..config::Database::default()
        },
        SERVICE,
    )
    .await
    .unwrap();
    let (bus, to_bus): (Arc<dyn Bus>, _) = match (nats, memory) {
        (Some(nats), _) => {
            let proxy = Proxy::start(nats.address()).await;
            let config = nats.config();
            let config = config::Bus {
                url: proxy.url(&config.url),
                max_bytes: bus_bytes,
                ..config
            };
            (connected(&config).await, Some(proxy))
        }
        (None, Some(memory)) => (Arc::new(memory.clone()), None),
        (None, None) => unreachable!("a world has a bus"),
    };
    Replica {
        db,
        bus,
        outbox: Outbox::default(),
        to_db,
        to_bus,
    }
}

/// Runs each case on each database and each bus.
macro_rules! matrix {
    ($($case:ident),* $(,)?) => {
        crate::world::matrix!(@on sqlite_memory, Sqlite, Memory, $($case),*);
        crate::world::matrix!(@on sqlite_jetstream, Sqlite, JetStream, $($case),*);
        crate::world::matrix!(@on postgres_memory, Postgres, Memory, $($case),*);
        crate::world::matrix!(@on postgres_jetstream, Postgres, JetStream, $($case),*);
    };
    (@on $name:ident, $store:ident, $broker:ident, $($case:ident),*) => {
        mod $name {
            use crate::world::{Broker, Store, World};
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(World::new(Store::$store, Broker::$broker).await).await;
            })*
        }
    };
}
pub(crate) use matrix;

/// Runs each case on each database and on a NATS server of its own, which the case may stop.
macro_rules! on_jetstream {
    ($($case:ident),* $(,)?) => {
        crate::world::matrix!(@on sqlite_server, Sqlite, JetStream, $($case),*);
        crate::world::matrix!(@on postgres_server, Postgres, JetStream, $($case),*);
    };
}
pub(crate) use on_jetstream;
