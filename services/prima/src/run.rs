//! `prima up`, `serve`, `migrate` and the other commands that work on this machine instead of over gRPC.

mod fault;
mod folder;
pub(crate) mod publication;
pub mod token;

use std::{fs, net::SocketAddr, path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use prima_platform::{
    clock::{self, Clock},
    config::{self, Config},
    consume,
    db::{Database, Lock},
    lifecycle::Tasks,
    outbox, private_file,
    service::{self, Host, Spec},
    telemetry,
    vault::Keyring,
};
use tokio::{net::TcpListener, signal::unix};

use crate::{
    api,
    cli::{DatabaseArgs, DeadLettersArgs, MigrateArgs, ReconcileArgs, RunArgs, ServeArgs, Service, UpArgs},
    client::{self, print},
    demo,
};
use fault::{fail_on, report_bus_outage, service_faults, with_target};

/// How long the demo waits until its league table is complete.
const DEMO_DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);

/// All services, in the order in which `up` starts them.
pub const SPECS: [Spec; 6] = [
    prima_directory::SPEC,
    prima_survey::SPEC,
    prima_innovation::SPEC,
    prima_complaint::SPEC,
    prima_index::SPEC,
    prima_ranking::SPEC,
];

fn spec(service: Service) -> Spec {
    match service {
        Service::Directory => prima_directory::SPEC,
        Service::Survey => prima_survey::SPEC,
        Service::Innovation => prima_innovation::SPEC,
        Service::Complaint => prima_complaint::SPEC,
        Service::Index => prima_index::SPEC,
        Service::Ranking => prima_ranking::SPEC,
    }
}

fn configure(args: &RunArgs) -> anyhow::Result<Config> {
    let mut config = Config::load(args.database.config.as_deref())?;
    if let Some(listen) = &args.listen {
        config.grpc.listen.clone_from(listen);
    }
    if let Some(url) = &args.database.database {
        config.database.url.clone_from(url);
    }
    if let Some(url) = &args.bus {
        config.bus.url.clone_from(url);
    }
    Ok(config)
}

/// Prints the configuration, then all its faults.
fn show(config: &Config, faults: Vec<String>) -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&config.masked())?);
    fail_on(faults)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs every service in this process until a signal.
pub async fn up(args: UpArgs) -> anyhow::Result<ExitCode> {
    let mut config = configure(&args.run)?;
    let data = &args.data;
    if config.database.url == config::Database::default().url {
        config.database.url = format!("sqlite:{}", data.display());
    }
    if config.objects.url == config::Objects::default().url {
        config.objects.url = format!("file:{}", data.join("objects").display());
    }
    // The console of `up` is meant for its user, so calls are logged only on request.
    if std::env::var_os("PRIMA_TELEMETRY__LEVEL").is_none() && args.run.database.config.is_none() {
        config.telemetry.level = "warn".into();
    }
    if args.run.check_config {
        return show(&config, config.faults());
    }
    config.validate()?;
    if args.demo && config.grpc.speaks_tls() {
        bail!("data contoh dimuat tanpa TLS; kosongkan grpc.tls_certificate, atau jalankan tanpa --demo");
    }
    folder::keep_files_private();
    folder::make_private(data)?;
    // The locks are taken before anything is written. The directory has a lock of its own, because the databases may be
    // elsewhere.
    let mut locks = vec![Lock::take(&data.join(folder::LOCK))?];
    locks.extend(Host::lock(&config, &SPECS)?);
    let token = token::local(&mut config, data)?;
    local_keys(&mut config, data)?;
    publication::prepare(&mut config, data, args.demo)?;
    let demo = match (args.demo, &token) {
        (true, Some(file)) => {
            Some(fs::read_to_string(file).with_context(|| format!("token {}", file.display()))?)
        }
        (true, None) => bail!("data contoh memerlukan kunci lokal; kosongkan auth.public_key"),
        (false, _) => None,
    };
    let running = start(config, &SPECS, "prima-up", locks).await?;
    println!(
        "Prima melayani gRPC di {}; data di {}",
        running.address,
        data.display()
    );
    if let Some(file) = &token {
        println!("Token admin: {}", file.display());
    }
    println!(
        "Kunci publik log publikasi: {}",
        data.join(publication::PUBLIC).display()
    );
    if let Some(token) = demo {
        let (address, data, soft) = (running.address, data.clone(), running.tasks.soft().clone());
        running.tasks.spawn_short(async move {
            // A stop cancels the loading; the next start loads what is missing.
            let shown = soft.run_until_cancelled(show_demo(address, &token, &data)).await;
            if let Some(Err(error)) = shown {
                for line in client::fault::lines(&error.context("data contoh")) {
                    print::note(&line);
                }
            }
        });
    }
    running.serve().await
}

struct Running {
    config: Config,
    services: service::Running,
    tasks: Tasks,
    listener: TcpListener,
    address: SocketAddr,
    telemetry: telemetry::Guard,
}

/// Starts services on the configured port.
async fn start(config: Config, specs: &[Spec], name: &str, locks: Vec<Lock>) -> anyhow::Result<Running> {
    let telemetry = telemetry::init(&config.telemetry, name)?;
    let tasks = Tasks::default();
    let started = async {
        let served: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
        let host = Host::new(config.clone(), tasks.clone(), locks)
            .revocations(prima_directory::REVOCATIONS)
            .documents(api::documents(&served)?);
        let (listener, address) = host.bind().await?;
        stop_on_signal(&tasks).context("sinyal berhenti tidak dapat diterima")?;
        let services = host.start(specs, prima_proto::FILE_DESCRIPTOR_SET).await;
        Ok((services.map_err(with_target(&config))?, listener, address))
    };
    match started.await {
        Ok((services, listener, address)) => Ok(Running {
            config,
            services,
            tasks,
            listener,
            address,
            telemetry,
        }),
        Err(error) => {
            telemetry.shutdown().await;
            Err(error)
        }
    }
}

impl Running {
    /// Serves until a signal. The telemetry is flushed in every case.
    async fn serve(self) -> anyhow::Result<ExitCode> {
        let report = report_bus_outage(self.services.connection(), self.config.bus.url.clone());
        let soft = self.tasks.soft().clone();
        self.tasks.spawn_short(async move {
            let _stopped = soft.run_until_cancelled(report).await;
        });
        let ended = self.services.serve(self.listener).await;
        self.telemetry.shutdown().await;
        ended.map_err(with_target(&self.config))?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn show_demo(address: SocketAddr, token: &str, data: &Path) -> anyhow::Result<()> {
    let endpoint = format!("http://127.0.0.1:{}", address.port());
    demo::load(&endpoint, token.trim(), data).await?;
    demo::show(&endpoint, token.trim(), DEMO_DEADLINE).await?;
    demo::publish(&endpoint, token.trim(), data).await
}

/// Creates the local keys that encrypt complaints and the texts of respondents at the first start. Unless others are
/// configured, the keys in the file of each are used, one per line.
fn local_keys(config: &mut Config, data: &Path) -> anyhow::Result<()> {
    for (service, keys) in [
        ("complaint", &mut config.complaint.keys),
        ("survey", &mut config.survey.keys),
    ] {
        if keys.is_empty() {
            *keys = keys_of_file(&data.join(service).with_extension("key"))?;
        }
    }
    Ok(())
}

/// The keys of a file, which is created with one key when it is absent.
fn keys_of_file(path: &Path) -> anyhow::Result<Vec<String>> {
    let name = || format!("kunci {}", path.display());
    if !path.exists() {
        private_file::replace(path, &format!("{}\n", token::new_key("k1")?)).with_context(name)?;
    }
    let text = fs::read_to_string(path).with_context(name)?;
    let keys: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if let Err(faults) = Keyring::parse(&keys) {
        bail!("kunci {}: {}", path.display(), faults.join("; "));
    }
    Ok(keys)
}

/// Runs one service until a signal.
pub async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = configure(&args.run)?;
    let faults = service_faults(&config, args.service);
    if args.run.check_config {
        return show(&config, faults);
    }
    fail_on(faults)?;
    let specs = [spec(args.service)];
    let locks = Host::lock(&config, &specs)?;
    let name = args.service.name();
    let running = start(config, &specs, &format!("prima-{name}"), locks).await?;
    tracing::info!(service = name, address = %running.address, "serving");
    running.serve().await
}

/// The first SIGINT or SIGTERM requests a soft stop; the second ends the process at once.
fn stop_on_signal(tasks: &Tasks) -> anyhow::Result<()> {
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let soft = tasks.soft().clone();
    #[expect(clippy::disallowed_methods, reason = "it outlives the tasks that it stops")]
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
        tracing::info!("stopping");
        soft.cancel();
        tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
        std::process::exit(130);
    });
    Ok(())
}

/// The configuration of a command that works on the database of one service.
fn database(args: MigrateArgs) -> anyhow::Result<(Config, Spec)> {
    Ok((database_config(args.database)?, spec(args.service)))
}

fn database_config(database: DatabaseArgs) -> anyhow::Result<Config> {
    let flags = RunArgs {
        database,
        ..RunArgs::default()
    };
    let config = configure(&flags)?;
    config.validate()?;
    Ok(config)
}

/// Migrates the database of one service to the schema of this release. On SQLite the service must not be running.
pub async fn migrate(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let (config, spec) = database(args)?;
    let _locks = Host::lock(&config, &[spec])?;
    let migrated = Host::migrate(&config, &spec, true).await;
    migrated.map_err(with_target(&config))?.close().await;
    println!("Skema {} mutakhir", spec.name);
    Ok(ExitCode::SUCCESS)
}

/// Opens the database of one service for single transactions. They need no lock beside a running service, because its
/// relay and its workers look for such changes.
async fn open(config: &Config, spec: &Spec) -> anyhow::Result<Database> {
    let file = config.database.file(spec.name);
    if let Some(file) = file.filter(|file| !file.exists()) {
        bail!("basis data {}: tidak ada", file.display());
    }
    Host::migrate(config, spec, false)
        .await
        .map_err(with_target(config))
}

/// Changes what the outbox of a service will do, whether it runs or not: publish everything again, take over the
/// stream, or give a copy of a database an identity of its own.
pub async fn reconcile(args: ReconcileArgs) -> anyhow::Result<ExitCode> {
    let (config, spec) = database(args.migrate)?;
    let failed = |error| with_target(&config)(service::Error::Database(spec.name, error));
    let db = open(&config, &spec).await?;
    let name = spec.name;
    let done = if args.action.adopt {
        outbox::adopt(&db).await.map_err(failed)?;
        format!("Basis data ini akan menjadi pemilik aliran layanan {name}")
    } else if args.action.new_identity {
        let identity = outbox::new_identity(&db).await.map_err(failed)?;
        format!("Identitas baru basis data layanan {name}: {identity}")
    } else {
        let staged = outbox::restage_all(&db, Clock::system().now().timestamp_millis()).await;
        format!(
            "{} keadaan layanan {name} akan diterbitkan ulang",
            staged.map_err(failed)?
        )
    };
    db.close().await;
    println!("{done}");
    Ok(ExitCode::SUCCESS)
}

/// Lists the dead letters of one service, or requests that they are tried again.
pub async fn dead_letters(args: DeadLettersArgs) -> anyhow::Result<ExitCode> {
    let (config, spec) = database(args.migrate)?;
    let failed = |error| with_target(&config)(service::Error::Database(spec.name, error));
    let db = open(&config, &spec).await?;
    if args.retry {
        let asked = consume::dead_letters_retry(&db).await.map_err(failed)?;
        println!("{asked} peristiwa akan dicoba lagi");
    }
    for letter in consume::dead_letters(&db).await.map_err(failed)? {
        let at = clock::from_micros(letter.failed_at).to_rfc3339();
        println!(
            "{at}  {}  {} v{}: {}",
            letter.consumer, letter.subject, letter.version, letter.reason
        );
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
