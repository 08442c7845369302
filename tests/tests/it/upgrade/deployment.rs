//! Prima on the data of a release: the files of `prima up`, or a dump of PostgreSQL with an empty bus.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Cursor, Read},
    path::Path,
};

use chrono::TimeDelta;
use futures::future::join_all;
use prima_platform::{
    caller::Role,
    clock::Clock,
    config,
    db::{Database, sql},
    testing::eventually,
    token::Signer,
};
use prima_tests::{
    AT_ONCE, Cluster, DEADLINE,
    process::{Command, Process, Service},
};
use sea_orm::{ConnectionTrait, sqlx};
use tempfile::TempDir;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::api::Api;

/// Subject of the evaluator's token. In the first release the national admin also evaluated, so this subject still has
/// both roles: only the same caller can repeat a request.
pub const EVALUATOR: &str = "penilai";

pub const SERVICES: [Service; 6] = [
    Service::Directory,
    Service::Survey,
    Service::Innovation,
    Service::Complaint,
    Service::Index,
    Service::Ranking,
];

/// The tables of release 0.1.0 that flag derived figures as dirty.
pub const DIRTY_TABLES: [(&str, &str); 4] = [
    ("survey", "agency_dirty"),
    ("innovation", "agency_dirty"),
    ("complaint", "performance_dirty"),
    ("index", "unit_mark"),
];

/// The form of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgresql,
}

impl Store {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
        }
    }
}

/// The data, with the servers that it needs; the bus is empty.
pub enum Dataset {
    /// The folder of `prima up`.
    Sqlite(TempDir),
    /// A database and a folder of files.
    Postgresql(Box<Cluster>),
}

/// The keys of complaints, in the archive beside the dump.
const KEYS: &str = "complaint.key";
const DUMP: &str = "dump.sql";
const OBJECTS: &str = "objects";
/// Files that every start creates anew.
const REMADE: [&str; 2] = ["token", "lock"];

impl Dataset {
    pub async fn empty(store: Store) -> Self {
        match store {
            Store::Sqlite => Self::Sqlite(tempfile::tempdir().unwrap()),
            Store::Postgresql => Self::Postgresql(Box::new(Cluster::start().await)),
        }
    }

    /// Unpacks an archive.
    pub async fn unpacked(store: Store, archive: &[u8]) -> Self {
        let mut dataset = Self::empty(store).await;
        match &mut dataset {
            Self::Sqlite(dir) => unzip(archive, dir.path()),
            Self::Postgresql(cluster) => {
                let dir = tempfile::tempdir().unwrap();
                unzip(archive, dir.path());
                let dump = fs::read_to_string(dir.path().join(DUMP)).unwrap();
                let mut conn = <sqlx::PgConnection as sqlx::Connection>::connect(&cluster.database)
                    .await
                    .unwrap();
                let dump = sqlx::raw_sql(sqlx::AssertSqlSafe(dump));
                sqlx::Executor::execute(&mut conn, dump).await.unwrap();
                fs::read_to_string(dir.path().join(KEYS))
                    .unwrap()
                    .trim()
                    .clone_into(&mut cluster.key);
                copy(&dir.path().join(OBJECTS), cluster.objects.path());
            }
        }
        dataset
    }

    /// Packs the data into an archive while nothing runs; `dump` returns the database as SQL.
    pub fn pack(&self, dump: impl FnOnce(&str) -> String) -> Vec<u8> {
        match self {
            Self::Sqlite(dir) => zip(dir.path()),
            Self::Postgresql(cluster) => {
                let dir = tempfile::tempdir().unwrap();
                fs::write(dir.path().join(DUMP), dump(&cluster.database)).unwrap();
                fs::write(dir.path().join(KEYS), format!("{}\n", cluster.key)).unwrap();
                copy(cluster.objects.path(), &dir.path().join(OBJECTS));
                zip(dir.path())
            }
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite:{}", dir.path().display()),
            Self::Postgresql(cluster) => cluster.database.clone(),
        }
    }

    /// The database of a service.
    pub async fn database(&self, service: &str) -> Database {
        let config = config::Database {
            url: self.url(),
            ..config::Database::default()
        };
        Database::connect(&config, service).await.unwrap()
    }

    /// Returns one number from the database of a service.
    pub async fn number(&self, service: &str, text: &str) -> i64 {
        let db = self.database(service).await;
        let row = db
            .reader()
            .query_one_raw(sql(db.reader(), text, []))
            .await
            .unwrap();
        let number = row.unwrap().try_get_by_index(0).unwrap();
        db.close().await;
        number
    }

    /// The number of rows of a table; none when a later release no longer has the table.
    pub async fn rows(&self, service: &str, table: &str) -> i64 {
        let known = match self {
            Self::Sqlite(_) => format!("SELECT count(*) FROM sqlite_master WHERE name = '{table}'"),
            Self::Postgresql(_) => format!(
                "SELECT count(*) FROM information_schema.tables
                 WHERE table_schema = '{service}' AND table_name = '{table}'"
            ),
        };
        if self.number(service, &known).await == 0 {
            return 0;
        }
        self.number(service, &format!("SELECT count(*) FROM {table}"))
            .await
    }

    /// Starts every service, and waits until each is ready.
    pub async fn start(&self, env: &[(&str, String)]) -> Deployment {
        let mut processes = BTreeMap::new();
        match self {
            Self::Sqlite(dir) => {
                // The answers of release 0.1.0, in which the index followed every response.
                let command = Command::new(Service::Up).data(dir.path());
                let command = AT_ONCE
                    .iter()
                    .fold(command, |command, (name, value)| command.env(name, value));
                processes.insert("up", with(command, env).spawn());
            }
            Self::Postgresql(cluster) => {
                let files = format!("file:{}", cluster.objects.path().display());
                let sources = r#"["survey", "innovation", "index", "complaint"]"#;
                for service in SERVICES {
                    let command = cluster
                        .command(service)
                        .env("PRIMA_OBJECTS__URL", &files)
                        .env("PRIMA_RANKING__SOURCES", sources);
                    processes.insert(service.name(), with(command, env).spawn());
                }
            }
        }
        join_all(processes.values().map(Process::wait_ready)).await;
        let loaded;
        let (signer, admin) = match self {
            Self::Sqlite(dir) => {
                loaded = Signer::load(&dir.path().join("key.pem")).unwrap();
                (&loaded, "operator")
            }
            Self::Postgresql(cluster) => (&cluster.signer, "test"),
        };
        let token = |subject: &str, roles: &[Role]| {
            let now = Clock::system().now();
            signer
                .sign(subject, roles, &["*".into()], now, TimeDelta::hours(2))
                .unwrap()
        };
        let tokens = [
            token(admin, &[Role::Admin, Role::Evaluator]),
            token(EVALUATOR, &[Role::Evaluator]),
        ];
        Deployment { processes, tokens }
    }

    /// Waits until every dirty figure is recomputed and every state has reached the bus.
    pub async fn wait_until_idle(&self) {
        let done = eventually(DEADLINE, || async { self.left().await.is_empty().then_some(()) });
        if done.await.is_none() {
            panic!("left to do: {:?}", self.left().await);
        }
        if let Self::Postgresql(cluster) = self {
            for service in SERVICES.iter().filter(|s| **s != Service::Ranking) {
                cluster.settle(service.name()).await;
            }
        }
    }

    async fn left(&self) -> Vec<(String, i64)> {
        let mut left = Vec::new();
        for (service, table) in DIRTY_TABLES {
            left.push((format!("{service}.{table}"), self.rows(service, table).await));
        }
        let uncounted = self.rows("survey", "survey_delta").await;
        left.push(("survey.survey_delta".to_owned(), uncounted));
        for service in SERVICES.map(Service::name) {
            let flags = self.rows(service, "derived_mark").await;
            left.push((format!("{service}.derived_mark"), flags));
            let unsent = "SELECT count(*) FROM outbox WHERE version > published_version";
            left.push((format!("{service}.outbox"), self.number(service, unsent).await));
        }
        left.retain(|(_, count)| *count > 0);
        left
    }
}

fn with(command: Command, env: &[(&str, String)]) -> Command {
    // The retention period is long enough to keep identities and texts, however old a release is.
    let command = command
        .env("PRIMA_COMPLAINT__IDENTITY_DAYS", "36500")
        .env("PRIMA_COMPLAINT__TEXT_DAYS", "36500")
        .env("PRIMA_SURVEY__TEXT_DAYS", "36500")
        .env("PRIMA_COMPLAINT__SWEEP_MILLIS", "50");
    env.iter()
        .fold(command, |command, (name, value)| command.env(name, value))
}

pub struct Deployment {
    processes: BTreeMap<&'static str, Process>,
    /// The tokens of the national admin and of the evaluator.
    tokens: [String; 2],
}

impl Deployment {
    /// A client with the contract of a release.
    pub fn api(&self, contract: &[u8]) -> Api {
        let url = |service: Service| {
            let own = self.processes.get(service.name());
            own.unwrap_or_else(|| &self.processes["up"]).url()
        };
        let urls = SERVICES.map(|service| (service.name(), url(service)));
        Api::new(contract, &urls.into(), self.tokens.each_ref().map(String::as_str))
    }

    /// Stops every process and waits until it has ended.
    pub async fn stop(mut self) {
        for (name, process) in &mut self.processes {
            assert_eq!(process.stop().await, 0, "{name} ends cleanly");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.exists() {
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The only file of an archive.
pub fn unzip_one(archive: &[u8]) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut bytes = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn unzip(archive: &[u8], to: &Path) {
    ZipArchive::new(Cursor::new(archive))
        .unwrap()
        .extract(to)
        .unwrap();
}

/// Packs the files of a folder, without those that every start creates anew.
pub fn zip(dir: &Path) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if REMADE.iter().any(|own| *entry.file_name() == **own) {
                continue;
            }
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap();
            let options = SimpleFileOptions::default().unix_permissions(0o600);
            writer.start_file(name, options).unwrap();
            io::copy(&mut File::open(&path).unwrap(), &mut writer).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}
