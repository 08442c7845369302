//! Start and stop of services on SQLite, and of the commands that work on one machine.

mod demo;
mod faults;
mod locks;
mod secured;

use std::process::{Command, Output, Stdio};

use prima_platform::{
    bus::{self, Head},
    caller::Role,
    clock::Clock,
    testing::nats::Nats,
    token::Signer,
};
use prima_tests::{
    client::Client,
    process::{self, Process, Service, binary},
};
use tempfile::TempDir;

/// A NATS server, a key and a folder of databases.
pub struct Machine {
    pub nats: Nats,
    pub signer: Signer,
    pub dir: TempDir,
}

impl Machine {
    pub fn new() -> Self {
        Self {
            nats: Nats::start(),
            signer: Signer::generate().unwrap(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// The value of `database.url`.
    pub fn database(&self) -> String {
        format!("sqlite:{}", self.dir.path().display())
    }

    pub fn command(&self, service: Service) -> process::Command {
        let command = process::Command::new(service);
        if service == Service::Up {
            return command.data(self.dir.path());
        }
        command
            .database(&self.database())
            .bus(&self.nats.url())
            .env("PRIMA_AUTH__PUBLIC_KEY", self.signer.public_key())
            // It is in the environment of every service, and only the survey service needs it.
            .env(
                "PRIMA_SURVEY__KEYS",
                "k1:ZGV2ZWxvcG1lbnQtb25seS1rZXktYWxsLWtub3ctaXQ=",
            )
    }

    /// A client of a process, as a national admin.
    pub fn client(&self, process: &Process) -> Client {
        let now = Clock::system().now();
        let token = self.signer.sign(
            "test",
            &[Role::Admin],
            &["*".into()],
            now,
            chrono::TimeDelta::hours(1),
        );
        let url = process.url();
        Client::new(&url, &url, &url, &token.unwrap())
    }

    /// The last message of a subject on the bus.
    pub async fn head(&self, service: &str, subject: &str) -> Option<Head> {
        let bus = bus::connect(&self.nats.config(), "test").await.unwrap();
        bus.connection().wait_for(|c| c.up).await.unwrap();
        bus.last(service, subject).await.unwrap()
    }

    pub fn has_file(&self, file: &str) -> bool {
        self.dir.path().join(file).exists()
    }
}

/// Runs a command of the binary to its end, with no setting from the environment of this process.
pub fn prima(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.starts_with("PRIMA_") {
            command.env_remove(name);
        }
    }
    command.envs(env.iter().copied()).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
