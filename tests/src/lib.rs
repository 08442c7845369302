//! Harness of the end-to-end, fault and load suites: real processes of the one binary, a real PostgreSQL and a real
//! nats-server, on free ports of 127.0.0.1. Everything is stopped when the test ends.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness fails its test"
)]

pub mod bench;
pub mod client;
pub mod complaint;
pub mod latency;
pub mod process;
pub mod raw;
pub mod sample;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::StreamExt;
use prima_platform::{
    bus::{self, Bus},
    caller::Role,
    clock::Clock,
    config, db,
    testing::{eventually, nats::Nats, postgres::Postgres},
    token::Signer,
    vault::Keyring,
};
use sea_orm::ConnectionTrait;

use client::Client;
use process::{Process, Service};

/// The longest time to wait for anything.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The servers of one test.
pub struct Cluster {
    /// The NATS server.
    pub nats: Nats,
    /// The PostgreSQL server.
    pub postgres: Postgres,
    /// The database that the services share; each has its own schema.
    pub database: String,
    /// Signs tokens.
    pub signer: Signer,
    /// The key that encrypts complaints and the texts of respondents, `ID:BASE64`.
    pub key: String,
    /// The folder in which the complaint service stores files.
    pub objects: tempfile::TempDir,
    /// Whether figures of surveys move in steps, as by default. Otherwise every response is in them at once, for suites of
    /// arithmetic.
    pub in_steps: bool,
}

/// Settings by which every response is in the figures of its survey at once.
pub const AT_ONCE: [(&str, &str); 3] = [
    ("PRIMA_SURVEY__DISCLOSURE_STEP", "1"),
    ("PRIMA_SURVEY__DISCLOSURE_STEP_LINK", "1"),
    ("PRIMA_SURVEY__MINIMUM_RESPONDENTS", "1"),
];

impl Cluster {
    /// Starts the servers, but no service.
    pub async fn start() -> Self {
        let postgres = Postgres::start();
        let database = postgres.fresh_database().await;
        Self {
            nats: Nats::start(),
            postgres,
            database,
            signer: Signer::generate().unwrap(),
            key: format!("k1:{}", Keyring::generate_key().unwrap()),
            objects: tempfile::tempdir().unwrap(),
            in_steps: false,
        }
    }

    /// A token of the subject `test` with these roles in these agencies.
    pub fn token(&self, roles: &[Role], agencies: &[&str]) -> String {
        self.token_of("test", roles, agencies)
    }

    /// A token of a subject with these roles in these agencies.
    pub fn token_of(&self, subject: &str, roles: &[Role], agencies: &[&str]) -> String {
        let agencies: Vec<String> = agencies.iter().map(|a| (*a).to_owned()).collect();
        let now = Clock::system().now();
        self.signer
            .sign(subject, roles, &agencies, now, chrono::Duration::hours(2))
            .unwrap()
    }

    /// The token of a national admin.
    pub fn admin(&self) -> String {
        self.token(&[Role::Admin], &["*"])
    }

    /// The command that starts a service of this cluster.
    pub fn command(&self, service: Service) -> process::Command {
        let command = process::Command::new(service)
            .database(&self.database)
            .bus(&self.nats.url())
            // The limit is small enough for the streams of every service on a disk that is nearly full.
            .env("PRIMA_BUS__MAX_BYTES", &self.nats.config().max_bytes.to_string())
            .env("PRIMA_AUTH__PUBLIC_KEY", self.signer.public_key());
        match service {
            Service::Survey => {
                let at_once = if self.in_steps { &[][..] } else { &AT_ONCE };
                let command = command.env("PRIMA_SURVEY__KEYS", &self.key);
                at_once
                    .iter()
                    .fold(command, |command, (name, value)| command.env(name, value))
            }
            // Ranking waits for the scores of every configured source, and a cluster runs only survey.
            Service::Ranking => command.env("PRIMA_RANKING__SOURCES", "[\"survey\"]"),
            Service::Complaint => command
                .env("PRIMA_COMPLAINT__KEYS", &self.key)
                .env("PRIMA_COMPLAINT__SWEEP_MILLIS", "50")
                .env(
                    "PRIMA_OBJECTS__URL",
                    &format!("file:{}", self.objects.path().display()),
                ),
            _ => command,
        }
    }

    /// Starts one service and waits until its port answers.
    pub async fn serve(&self, service: Service) -> Process {
        self.command(service).start().await
    }

    /// Creates another database on the same server.
    pub async fn fresh_database(&self) -> String {
        self.postgres.fresh_database().await
    }

    /// Returns one number from the services' database.
    pub async fn number(&self, sql: &str) -> i64 {
        let db = sea_orm::Database::connect(&self.database).await.unwrap();
        let row = db
            .query_one_raw(db::sql(&db, sql, []))
            .await
            .unwrap()
            .expect("a row");
        let number = row.try_get_by_index(0).unwrap();
        db.close().await.unwrap();
        number
    }

    /// The last version of each subject on the bus; nothing when the service has no stream there.
    pub async fn heads(&self, service: &str) -> BTreeMap<String, i64> {
        let bus = self.bus().await;
        let mut heads = BTreeMap::new();
        let mut reading = match bus.heads(service).await {
            Err(bus::Error::NoStream(_)) => return heads,
            reading => reading.unwrap(),
        };
        while let Some(head) = reading.next().await {
            let head = head.unwrap();
            heads.insert(head.subject, head.version);
        }
        heads
    }

    async fn bus(&self) -> Arc<dyn Bus> {
        let config = config::Bus {
            url: self.nats.url(),
            ..config::Bus::default()
        };
        let bus = bus::connect(&config, "test").await.unwrap();
        let mut connection = bus.connection();
        connection.wait_for(|c| c.up).await.unwrap();
        bus
    }

    /// The version of each subject in the outbox of a service.
    pub async fn outbox(&self, service: &str) -> BTreeMap<String, i64> {
        let db = sea_orm::Database::connect(&self.database).await.unwrap();
        let sql = format!("SELECT subject, version FROM {service}.outbox");
        let rows = db.query_all_raw(db::sql(&db, &sql, [])).await.unwrap();
        let rows = rows
            .iter()
            .map(|r| (r.try_get_by_index(0).unwrap(), r.try_get_by_index(1).unwrap()));
        let all = rows.collect();
        db.close().await.unwrap();
        all
    }

    /// Waits until the stream of a service contains exactly what its outbox contains.
    pub async fn settle(&self, service: &str) {
        let settled = eventually(DEADLINE, || async {
            let outbox = self.outbox(service).await;
            (outbox == self.heads(service).await).then_some(())
        });
        if settled.await.is_none() {
            let (outbox, heads) = (self.outbox(service).await, self.heads(service).await);
            panic!("outbox and bus of {service} differ: {outbox:?} / {heads:?}");
        }
    }
}

/// Directory, survey and ranking, each as a process, with a client of all three.
pub struct Suite {
    /// The servers.
    pub cluster: Cluster,
    /// The directory service.
    pub directory: Process,
    /// The survey service.
    pub survey: Process,
    /// The ranking service.
    pub ranking: Process,
    /// A client with the token of a national admin.
    pub client: Client,
}

impl Suite {
    /// Starts the servers and the services. Every response is in the figures at once.
    pub async fn start() -> Self {
        Self::on(Cluster::start().await).await
    }

    /// As [`Self::start`]; figures move in steps, as by default.
    pub async fn in_steps() -> Self {
        let cluster = Cluster {
            in_steps: true,
            ..Cluster::start().await
        };
        Self::on(cluster).await
    }

    async fn on(cluster: Cluster) -> Self {
        let directory = cluster.serve(Service::Directory).await;
        let survey = cluster.serve(Service::Survey).await;
        let ranking = cluster.serve(Service::Ranking).await;
        let client = Client::new(&directory.url(), &survey.url(), &ranking.url(), &cluster.admin());
        Self {
            cluster,
            directory,
            survey,
            ranking,
            client,
        }
    }
}
