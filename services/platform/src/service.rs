//! What a service gets to start with, and what it gives back; and the host that runs services in one process.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, time::Instant};
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::ServingStatus;

use crate::{
    bus::{self, Bus},
    clock::Clock,
    config::Config,
    consume::{Follower, Handler, Projection, Worker},
    db::Database,
    grpc::{self, Watchers},
    id::Ids,
    lifecycle::Tasks,
    outbox::{Outbox, Relay},
    token::{self, Verifier},
};

/// What every service stands on.
#[derive(Clone)]
pub struct Context {
    /// Name of the service, such as `survey`.
    pub service: &'static str,
    /// The effective configuration.
    pub config: Arc<Config>,
    /// The service's own database.
    pub db: Database,
    /// The bus.
    pub bus: Arc<dyn Bus>,
    /// The clock.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Wakes the relay after a commit.
    pub outbox: Outbox,
    /// Where long-running parts are spawned.
    pub tasks: Tasks,
    /// Opens `Watch…` streams.
    pub watchers: Watchers,
}

impl Context {
    /// Runs the relay of this service's outbox.
    pub fn spawn_relay(&self) {
        let relay = Relay::new(
            self.db.clone(),
            self.bus.clone(),
            self.service,
            self.clock.clone(),
            self.config.relay.clone(),
            self.outbox.clone(),
            self.ids.next().to_string(),
        );
        self.tasks.spawn("relay", relay.run(self.tasks.soft().clone()));
    }

    /// Runs a worker.
    pub fn spawn_worker(&self, handler: impl Handler) {
        let worker = Worker::new(self.db.clone(), self.bus.clone(), self.clock.clone(), handler);
        self.tasks.spawn("worker", worker.run(self.tasks.soft().clone()));
    }

    /// Runs a follower.
    pub fn spawn_follower(&self, follower: Follower<impl Projection>) {
        self.tasks
            .spawn("follower", follower.run(self.tasks.soft().clone()));
    }
}

/// Why a service can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// The database.
    #[error("database of {0}: {1}")]
    Database(&'static str, sea_orm::DbErr),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] bus::Error),
    /// The public key.
    #[error("auth.public_key: {0}")]
    Key(#[from] token::Error),
    /// The server.
    #[error(transparent)]
    Grpc(#[from] GrpcError),
    /// Something of the service itself.
    #[error("{0}: {1}")]
    Service(&'static str, String),
    /// A long-running part failed; the log says which.
    #[error("a part of the process failed; see the log")]
    Failed,
}

/// Why the gRPC server ended.
pub type GrpcError = grpc::ServerError;

/// What a started service gives to the host.
pub struct Started {
    /// Adds its gRPC services.
    pub routes: Box<dyn FnOnce(&mut RoutesBuilder) + Send>,
    /// Whether it can serve.
    pub ready: watch::Receiver<bool>,
}

/// A future that starts a service.
pub type Starting = Pin<Box<dyn Future<Output = Result<Started, Error>> + Send>>;
/// A future that migrates a database.
pub type Migrating = Pin<Box<dyn Future<Output = Result<(), sea_orm::DbErr>> + Send>>;

/// A service that the host can run.
#[derive(Clone, Copy)]
pub struct Spec {
    /// Its name, also that of its database schema and stream.
    pub name: &'static str,
    /// Names of its gRPC services, for health.
    pub grpc: &'static [&'static str],
    /// Methods (`/package.Service/Method`) or services (`/package.Service/`) that need no token.
    pub public: &'static [&'static str],
    /// Brings its database up to date, or (`false`) only checks that it is.
    pub migrate: fn(Database, bool) -> Migrating,
    /// Starts it.
    pub start: fn(Context) -> Starting,
}

/// Runs services in this process until the soft stop of `tasks`.
pub struct Host {
    config: Arc<Config>,
    tasks: Tasks,
    clock: Clock,
    ids: Ids,
}

impl Host {
    /// A host with the machine's clock.
    pub fn new(config: Config, tasks: Tasks) -> Self {
        Self {
            config: Arc::new(config),
            tasks,
            clock: Clock::system(),
            ids: Ids::random(),
        }
    }

    /// Connects one service's database and migrates it, under a lock; with `run` off it only checks that it is up
    /// to date.
    pub async fn migrate(config: &Config, spec: &Spec, run: bool) -> Result<Database, Error> {
        let failed = |error| Error::Database(spec.name, error);
        let db = Database::connect(&config.database, spec.name)
            .await
            .map_err(failed)?;
        (spec.migrate)(db.clone(), run).await.map_err(failed)?;
        Ok(db)
    }

    /// Binds the port that the configuration names.
    pub async fn bind(&self) -> Result<(TcpListener, SocketAddr), Error> {
        Ok(grpc::bind(&self.config.grpc).await?)
    }

    /// Starts `specs` and serves them on `listener`; returns after a full stop.
    pub async fn run(
        self,
        specs: &[Spec],
        descriptors: &'static [u8],
        listener: TcpListener,
    ) -> Result<(), Error> {
        let verifier = Verifier::new(&self.config.auth.public_key)?;
        let name = specs.iter().map(|s| s.name).collect::<Vec<_>>().join("+");
        let bus = bus::connect(&self.config.bus, &format!("prima-{name}")).await?;
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("", ServingStatus::NotServing).await;
        reporter.set_service_status("live", ServingStatus::Serving).await;
        let mut routes = Routes::builder();
        routes.add_service(health);
        let mut readiness = Vec::new();
        let mut databases = Vec::new();
        for spec in specs {
            let db = Self::migrate(&self.config, spec, self.config.database.migrate).await?;
            databases.push(db.clone());
            let watchers = Watchers::new(
                self.config.grpc.max_watchers,
                Duration::from_secs(self.config.grpc.watch_stall_seconds),
                self.tasks.clone(),
            );
            let started = (spec.start)(Context {
                service: spec.name,
                config: self.config.clone(),
                db,
                bus: bus.clone(),
                clock: self.clock.clone(),
                ids: self.ids.clone(),
                outbox: Outbox::default(),
                tasks: self.tasks.clone(),
                watchers,
            })
            .await?;
            (started.routes)(&mut routes);
            readiness.push((spec.grpc, started.ready));
        }
        let soft = self.tasks.soft().clone();
        self.tasks.spawn("health", report(reporter, readiness, soft));
        let public = specs
            .iter()
            .flat_map(|s| s.public.iter().map(|p| (*p).to_owned()));
        let edge = grpc::Edge::new(
            verifier,
            public,
            descriptors,
            self.config.grpc.max_concurrent_requests,
        );
        let server = grpc::Server {
            routes: routes.routes(),
            edge,
            descriptors,
        };
        let mut asked = None;
        let mut run = std::pin::pin!(server.run(listener, &self.config.grpc, &self.tasks));
        let served = tokio::select! {
            served = &mut run => served,
            () = self.tasks.soft().cancelled() => {
                asked = Some(Instant::now());
                run.await
            }
        };
        // Calls and tasks share the grace time; a second more lets what the last call began come to its end.
        let grace = Duration::from_secs(self.config.grpc.shutdown_grace_seconds);
        let left = grace.saturating_sub(asked.map_or(Duration::ZERO, |asked| asked.elapsed()));
        let clean = self.tasks.stop(left.max(Duration::from_secs(1))).await;
        for db in databases {
            db.close().await;
        }
        served?;
        if clean { Ok(()) } else { Err(Error::Failed) }
    }
}

/// Keeps the health service in step with readiness; at the soft stop everything is NOT_SERVING.
async fn report(
    mut reporter: tonic_health::server::HealthReporter,
    mut readiness: Vec<(&'static [&'static str], watch::Receiver<bool>)>,
    soft: tokio_util::sync::CancellationToken,
) {
    let serving = |ready: bool| {
        if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        }
    };
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
            // Ends the streams that watch, after this last state: an open one would hold the server.
            for name in readiness
                .iter()
                .flat_map(|(names, _)| *names)
                .chain(&["", "live"])
            {
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
