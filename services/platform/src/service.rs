//! How a service is described and started, and the host that runs services in one process.

use std::{collections::BTreeMap, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use sea_orm::DbErr;
use tokio::{net::TcpListener, sync::watch, time::Instant};
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::ServingStatus;

use crate::{
    access,
    audit::{self, Audited},
    audit_service::{self, Log},
    bus::{self, Bus, Connection},
    certificates,
    clock::Clock,
    config::Config,
    consume::{Follower, Handler, Projection, Worker},
    db::{Database, Lock, LockError},
    derived::{self, Derived},
    grpc::{self, Watchers},
    health::{self, LIVE, Measured},
    id::Ids,
    lifecycle::Tasks,
    objects,
    outbox::{Outbox, Relay},
    token::{self, Feed, Revoked, Verifier},
};

/// The context that the platform gives to every service.
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
    /// Wakes the runners of derived figures after a commit.
    pub derived: Derived,
    /// Spawns long-running tasks.
    pub tasks: Tasks,
    /// Opens `Watch…` streams.
    pub watchers: Watchers,
}

impl Audited for Context {
    fn database(&self) -> &Database {
        &self.db
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Context {
    /// Spawns the relay of this service's outbox.
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

    /// Spawns a worker.
    pub fn spawn_worker(&self, handler: impl Handler) {
        let every = Duration::from_secs(self.config.relay.reconcile_seconds);
        let worker = Worker::new(self.db.clone(), self.bus.clone(), self.clock.clone(), handler);
        let worker = worker.compare_every(every);
        self.tasks.spawn("worker", worker.run(self.tasks.soft().clone()));
    }

    /// Spawns the runner of one kind of derived figures.
    pub fn spawn_derived(&self, kind: impl derived::Kind) {
        let (name, stop) = (kind.settings().name, self.tasks.soft().clone());
        let (derived, outbox) = (self.derived.clone(), self.outbox.clone());
        let runner = derived::Runner::new(self.db.clone(), derived, outbox, kind);
        self.tasks.spawn(name, runner.run(stop));
    }

    /// Spawns a follower.
    pub fn spawn_follower(&self, follower: Follower<impl Projection>) {
        self.tasks
            .spawn("follower", follower.run(self.tasks.soft().clone()));
    }
}

/// Why a service can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// The database failed.
    #[error("database of {0}: {1}")]
    Database(&'static str, DbErr),
    /// Migration steps are pending, and migration at the start is off.
    #[error("the schema of {0} is not up to date")]
    Outdated(&'static str),
    /// The schema has migration steps that this version does not have.
    #[error("the schema of {0} is newer than this program: {1}")]
    Newer(&'static str, String),
    /// Another process uses the database file.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The bus failed.
    #[error(transparent)]
    Bus(#[from] bus::Error),
    /// A public key is not valid, or there is none and no issuer.
    #[error("auth: {0}")]
    Key(#[from] token::Error),
    /// The gRPC server failed.
    #[error(transparent)]
    Grpc(#[from] GrpcError),
    /// The storage of files failed.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// An error of the service itself, in Indonesian.
    #[error("{0}: {1}")]
    Service(&'static str, String),
    /// A long-running task failed; the log says which.
    #[error("a task of the process failed; see the log")]
    Failed,
}

/// Why the gRPC server ended.
pub type GrpcError = grpc::ServerError;

/// What a started service returns to the host.
pub struct Started {
    /// Adds its gRPC services.
    pub routes: Box<dyn FnOnce(&mut RoutesBuilder) + Send>,
    /// Watch channel: whether the service is ready; `None` when it is while its database answers.
    pub ready: Option<watch::Receiver<bool>>,
}

/// A future that starts a service.
pub type Starting = Pin<Box<dyn Future<Output = Result<Started, Error>> + Send>>;
/// A future that migrates a database.
pub type Migrating = Pin<Box<dyn Future<Output = Result<(), DbErr>> + Send>>;

/// A service that the host can run.
#[derive(Clone, Copy)]
pub struct Spec {
    /// Its name, also that of its database schema and stream.
    pub name: &'static str,
    /// Names of its gRPC services, for health.
    pub grpc: &'static [&'static str],
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
    revocations: Option<Feed>,
    documents: Vec<grpc::Document>,
    /// Locks of the database files, held while the services run.
    _locks: Vec<Lock>,
}

impl Host {
    /// Locks the database files of `specs` for this process.
    pub fn lock(config: &Config, specs: &[Spec]) -> Result<Vec<Lock>, LockError> {
        let locks = specs.iter().map(|s| Lock::of_service(&config.database, s.name));
        Ok(locks
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// A host with the machine's clock; `locks` are the locks of the services that it will run.
    pub fn new(config: Config, tasks: Tasks, locks: Vec<Lock>) -> Self {
        Self {
            config: Arc::new(config),
            tasks,
            clock: Clock::system(),
            ids: Ids::random(),
            revocations: None,
            documents: Vec::new(),
            _locks: locks,
        }
    }

    /// Refuses the tokens that are revoked on `feed`.
    #[must_use]
    pub fn revocations(self, feed: Feed) -> Self {
        Self {
            revocations: Some(feed),
            ..self
        }
    }

    /// Answers GET with these documents, which need no token.
    #[must_use]
    pub fn documents(self, documents: Vec<grpc::Document>) -> Self {
        Self { documents, ..self }
    }

    /// Connects to one service's database and migrates it, under a lock; without `run` it only checks that it is up to
    /// date.
    pub async fn migrate(config: &Config, spec: &Spec, run: bool) -> Result<Database, Error> {
        let failed = |error| Error::Database(spec.name, error);
        let db = Database::connect(&config.database, spec.name)
            .await
            .map_err(failed)?;
        (spec.migrate)(db.clone(), run)
            .await
            .map_err(|error| match error {
                DbErr::Migration(_) => Error::Outdated(spec.name),
                DbErr::Custom(text) => Error::Newer(spec.name, text),
                other => failed(other),
            })?;
        Ok(db)
    }

    /// Binds the port that the configuration names.
    pub async fn bind(&self) -> Result<(TcpListener, SocketAddr), Error> {
        Ok(grpc::bind(&self.config.grpc).await?)
    }

    /// Starts `specs`, which are served by [`Running::serve`].
    pub async fn start(self, specs: &[Spec], descriptors: &'static [u8]) -> Result<Running, Error> {
        let revoked = Revoked::following(self.revocations);
        let verifier = Verifier::of(&self.config.auth, self.clock.clone(), revoked.clone())?;
        let name = specs.iter().map(|s| s.name).collect::<Vec<_>>().join("+");
        let bus = bus::connect(&self.config.bus, &name).await?;
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("", ServingStatus::NotServing).await;
        reporter.set_service_status(LIVE, ServingStatus::Serving).await;
        let mut routes = Routes::builder();
        routes.add_service(health);
        let soft = self.tasks.soft().clone();
        let mut readiness = Vec::new();
        let mut databases = Vec::new();
        let mut audited = BTreeMap::new();
        for spec in specs {
            let db = Self::migrate(&self.config, spec, self.config.database.migrate).await?;
            databases.push(db.clone());
            let failed = |error| Error::Database(spec.name, error);
            token::load(&db, &revoked).await.map_err(failed)?;
            self.tasks.spawn(
                "revoked",
                token::persist(db.clone(), revoked.clone(), soft.clone()),
            );
            let (outbox, answers) = (Outbox::default(), watch::Sender::new(true));
            let answering = answers.subscribe();
            let measured = Measured {
                service: spec.name,
                db: db.clone(),
                outbox: outbox.clone(),
                bus: bus.connection(),
                clock: self.clock.clone(),
                answers,
            };
            self.tasks
                .spawn("parts", measured.run(reporter.clone(), soft.clone()));
            let config = &self.config.grpc;
            let watchers = Watchers::new(config.max_watchers, config, self.tasks.clone());
            self.tasks
                .spawn("audit", audit::chain::run(db.clone(), spec.name, soft.clone()));
            let log = Log {
                db: db.clone(),
                clock: self.clock.clone(),
            };
            audited.insert(spec.name, log);
            let started = (spec.start)(Context {
                service: spec.name,
                config: self.config.clone(),
                db,
                bus: bus.clone(),
                clock: self.clock.clone(),
                ids: self.ids.clone(),
                outbox,
                derived: Derived::default(),
                tasks: self.tasks.clone(),
                watchers,
            })
            .await?;
            (started.routes)(&mut routes);
            readiness.push((spec.grpc, started.ready.unwrap_or(answering)));
        }
        let audited = Arc::new(audited);
        routes.add_service(audit_service::server(audited.clone()));
        verifier.spawn(&self.tasks);
        if let Some(feed) = self.revocations {
            let (sources, clock) = (vec![feed.source()], self.clock.clone());
            let follower = Follower::new(bus.clone(), clock, "revoked", sources, Arc::new(revoked));
            self.tasks.spawn("follower", follower.run(soft.clone()));
        }
        let _gauge = certificates::gauge(&self.config, self.clock.clone());
        self.tasks
            .spawn("health", health::report(reporter, readiness, soft));
        let edge = grpc::Edge::new(verifier, access::open_methods(), descriptors, &self.config.grpc);
        let edge = edge.on_invalid_token(move |call| {
            let audited = audited.clone();
            async move {
                let package = call.method.split('.').nth(1).unwrap_or_default();
                if let Some(log) = audit_service::log_of(&audited, package) {
                    audit::token_refused(log, call).await;
                }
            }
        });
        let server = grpc::Server {
            routes: routes.routes(),
            edge,
            descriptors,
            documents: self.documents.clone(),
        };
        Ok(Running {
            host: self,
            bus,
            server,
            databases,
        })
    }
}

/// Services that have started.
pub struct Running {
    host: Host,
    bus: Arc<dyn Bus>,
    server: grpc::Server,
    databases: Vec<Database>,
}

impl Running {
    /// Watch channel of the connection to the bus. The services run before it is connected.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.bus.connection()
    }

    /// Serves on `listener` until the soft stop; returns after a full stop.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        let Host { config, tasks, .. } = &self.host;
        let (mut stopped, mut refused) = (None, None);
        let mut run = std::pin::pin!(self.server.run(listener, &config.grpc, tasks));
        let served = tokio::select! {
            served = &mut run => served,
            () = tasks.soft().cancelled() => {
                stopped = Some(Instant::now());
                run.await
            }
            error = unfit(&*self.bus) => {
                refused = Some(error);
                tasks.soft().cancel();
                stopped = Some(Instant::now());
                run.await
            }
        };
        // Calls and tasks share the grace time; tasks that the last calls began get at least a second.
        let grace = Duration::from_secs(config.grpc.shutdown_grace_seconds);
        let left = grace.saturating_sub(stopped.map_or(Duration::ZERO, |at| at.elapsed()));
        let clean = tasks.stop(left.max(Duration::from_secs(1))).await;
        for db in self.databases {
            db.close().await;
        }
        served?;
        match refused {
            Some(error) => Err(error.into()),
            None if clean => Ok(()),
            None => Err(Error::Failed),
        }
    }
}

/// Waits for the first connection to the bus; returns only if the server can't be used.
async fn unfit(bus: &dyn Bus) -> bus::Error {
    let connected = bus
        .connection()
        .wait_for(|connection| connection.up)
        .await
        .is_ok();
    match bus.fit() {
        Err(error @ bus::Error::Unfit(_)) if connected => error,
        _ => std::future::pending().await,
    }
}
