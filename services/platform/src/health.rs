//! What the health service of a process says of its services. It is measured: a service is ready while its database answers, and
//! each of its [`Part`]s is reported under a name of its own.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    bus::Connection,
    clock::Clock,
    db::{Database, sql},
    outbox::Outbox,
};

/// Name in the health service under which a process reports that it runs, whatever its database and bus do.
pub const LIVE: &str = "live";

/// How long a database may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How often a database that answers is asked.
const EVERY: Duration = Duration::from_secs(5);
/// How often the parts are reported, and a database that does not answer is asked.
const PROBE: Duration = Duration::from_secs(1);
/// After failures in a row of this weight a service is not ready: a blip must not take every replica away at once.
const LIMIT: u32 = 15;
/// Weight of an error, or of no answer in time.
const FAILED: u32 = 5;
/// Weight of no answer while every connection is in use, which is load, or a database that hangs.
const BUSY: u32 = 1;

/// What a service needs to do all that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its database answers.
    Database,
    /// Its database accepts writes. Reads work in both cases.
    Storage,
    /// The bus is connected.
    Bus,
    /// Its states can be published: the stream is not full, and is that of this database.
    Publishing,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Database, Self::Storage, Self::Bus, Self::Publishing];

    /// Its name in the health service.
    pub fn name(self, service: &str) -> String {
        let kind = match self {
            Self::Database => "database",
            Self::Storage => "storage",
            Self::Bus => "bus",
            Self::Publishing => "publishing",
        };
        format!("{kind}.{service}")
    }
}

/// One service of this process.
pub(crate) struct Measured {
    /// Its name.
    pub(crate) service: &'static str,
    /// Its database.
    pub(crate) db: Database,
    /// Has the status of its relay.
    pub(crate) outbox: Outbox,
    /// The connection to the bus.
    pub(crate) bus: watch::Receiver<Connection>,
    /// Clock of the process.
    pub(crate) clock: Clock,
    /// Whether the database answers.
    pub(crate) answers: watch::Sender<bool>,
}

impl Measured {
    /// Reports the parts until `stop`.
    pub(crate) async fn run(self, mut reporter: HealthReporter, stop: CancellationToken) {
        let (mut failures, mut asked) = (0, Instant::now());
        let mut storage = self.db.storage();
        let mut said = [None; Part::ALL.len()];
        loop {
            let writes = *storage.borrow_and_update();
            for (part, said) in Part::ALL.into_iter().zip(&mut said) {
                let works = match part {
                    Part::Database => *self.answers.borrow(),
                    Part::Storage => writes,
                    Part::Bus => self.bus.borrow().up,
                    Part::Publishing => !self.outbox.status().stopped(),
                };
                // Who watches a part is told of changes only.
                if said.replace(works) != Some(works) {
                    let name = part.name(self.service);
                    reporter.set_service_status(&name, serving(works)).await;
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                _ = storage.changed() => continue,
                () = tokio::time::sleep(PROBE) => {}
            }
            if !writes {
                self.try_to_write().await;
            }
            if failures > 0 || asked.elapsed() >= EVERY {
                failures = match self.ask().await {
                    0 => 0,
                    weight => failures + weight,
                };
                asked = Instant::now();
                self.set(failures < LIMIT);
            }
        }
        for part in Part::ALL {
            reporter.clear_service_status(&part.name(self.service)).await;
        }
    }

    /// Asks the database; returns the weight of its failure.
    async fn ask(&self) -> u32 {
        let reader = self.db.reader();
        let asked = reader.query_one_raw(sql(reader, "SELECT 1 FROM lease LIMIT 1", []));
        match timeout(ANSWER, asked).await {
            Ok(Ok(_)) => 0,
            Ok(Err(_)) => FAILED,
            Err(_) if self.db.is_busy() => BUSY,
            Err(_) => FAILED,
        }
    }

    fn set(&self, answers: bool) {
        let service = self.service;
        let changed = self
            .answers
            .send_if_modified(|was| std::mem::replace(was, answers) != answers);
        match (changed, answers) {
            (true, true) => tracing::info!(service, "the database answers again"),
            (true, false) => tracing::error!(service, "the database does not answer"),
            (false, _) => {}
        }
    }

    async fn try_to_write(&self) {
        let service = self.service;
        match timeout(ANSWER, self.db.probe(&self.clock)).await {
            Ok(Ok(())) => tracing::info!(service, "the database accepts writes again"),
            Ok(Err(error)) => tracing::error!(service, %error, "the database accepts no writes"),
            Err(_) => tracing::error!(service, "the database does not answer a write"),
        }
    }
}

fn serving(works: bool) -> ServingStatus {
    if works {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}

/// Reports the readiness of the services to the health service; NOT_SERVING from the soft stop on.
pub(crate) async fn report(
    mut reporter: HealthReporter,
    mut readiness: Vec<(&'static [&'static str], watch::Receiver<bool>)>,
    soft: CancellationToken,
) {
    loop {
        let mut all = true;
        for (names, ready) in &mut readiness {
            let ready = *ready.borrow_and_update() && !soft.is_cancelled();
            all &= ready;
            for name in *names {
                reporter.set_service_status(*name, serving(ready)).await;
            }
        }
        reporter.set_service_status("", serving(all)).await;
        if soft.is_cancelled() {
            // Ends the `Watch` streams of health after this last state; an open one would block the stop of the server.
            for name in readiness.iter().flat_map(|(names, _)| *names).chain(&["", LIVE]) {
                reporter.clear_service_status(name).await;
            }
            return;
        }
        let changes = readiness.iter_mut().map(|(_, ready)| {
            Box::pin(async move {
                if ready.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
        });
        tokio::select! {
            () = soft.cancelled() => {}
            _ = futures::future::select_all(changes) => {}
        }
    }
}
