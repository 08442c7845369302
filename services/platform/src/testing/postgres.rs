//! A PostgreSQL server for one test process.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use nix::sys::signal::Signal;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use super::{find, free_port, killed_with_parent, path_dirs, scratch, signal, spawn, wait_until};

/// A PostgreSQL server on 127.0.0.1, shared by the tests that run at the same time in this process; it is stopped with
/// the last of them, or when the process ends.
#[derive(Debug, Clone)]
pub struct Postgres(Arc<Cluster>);

#[derive(Debug)]
struct Cluster {
    port: u16,
    dir: TempDir,
    bin: PathBuf,
    user: Option<&'static str>,
    settings: &'static [&'static str],
    child: Mutex<Option<Child>>,
    databases: AtomicU64,
}

const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=16MB",
    "max_connections=100",
    "fsync=on",
    // After a crash, one sync of the file system instead of one per file.
    "recovery_init_sync_method=syncfs",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=256MB",
    "autovacuum_naptime=1h",
    // A connection during the shutdown delays it until the client has authenticated.
    "authentication_timeout=5s",
];

/// The directory of the server's programs: `PRIMA_PG_BIN`, else the one in `PATH`, else the newest of Debian's.
fn bin() -> PathBuf {
    if let Some(dir) = std::env::var_os("PRIMA_PG_BIN") {
        return PathBuf::from(dir);
    }
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut debian: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    debian.sort();
    let found = find("initdb", path_dirs().into_iter().chain(debian.into_iter().rev()));
    let found = found
        .unwrap_or_else(|| panic!("no PostgreSQL: install it, or set PRIMA_PG_BIN to its bin directory"));
    // A link in PATH points to the directory with all programs.
    found.canonicalize().unwrap().parent().unwrap().to_owned()
}

/// The user to run the server as when the tests run as root, which the server refuses.
fn unprivileged() -> Option<&'static str> {
    let exists = |name: &&str| matches!(nix::unistd::User::from_name(name), Ok(Some(_)));
    nix::unistd::geteuid().is_root().then(|| {
        ["postgres", "nobody"]
            .into_iter()
            .find(exists)
            .unwrap_or_else(|| panic!("no user to run PostgreSQL as"))
    })
}

impl Postgres {
    /// The cluster of this process, which is started if there is none.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more settings, `name=value`, which are used only if this call starts the cluster.
    pub fn start_with(settings: &'static [&'static str]) -> Self {
        static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = running.upgrade() {
            return Self(cluster);
        }
        let cluster = Arc::new(Cluster::create(settings));
        *running = Arc::downgrade(&cluster);
        Self(cluster)
    }

    /// Creates an empty database and returns its URL.
    pub async fn fresh_database(&self) -> String {
        let number = self.0.databases.fetch_add(1, Ordering::Relaxed);
        let admin = sea_orm::Database::connect(self.url("postgres")).await.unwrap();
        admin
            .execute_unprepared(&format!("CREATE DATABASE test_{number}"))
            .await
            .unwrap();
        admin.close().await.unwrap();
        self.url(&format!("test_{number}"))
    }

    /// A command with a program of its installation, such as `psql`.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.0.bin.join(name));
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.0.port.to_string());
        command
    }

    /// The directory of its programs.
    pub fn programs(&self) -> &Path {
        &self.0.bin
    }

    /// Directory for files that the server reads, such as certificates; its user owns what [`Self::own`] was called for.
    pub fn dir(&self) -> &Path {
        self.0.dir.path()
    }

    /// Gives a file to the user that the server runs as, who alone may read it.
    pub fn own(&self, file: &Path) {
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        if let Some(user) = self
            .0
            .user
            .and_then(|name| nix::unistd::User::from_name(name).unwrap())
        {
            std::os::unix::fs::chown(file, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
    }

    /// Address on which it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.0.port).into()
    }

    /// Stops it at once, without a checkpoint, as a crash does: all connections break.
    pub fn kill(&self) {
        self.0.kill();
    }

    /// Starts it again with the same port and data; stops it first if it runs.
    pub fn restart(&self) {
        self.0.kill();
        if let Err(log) = self.0.launch() {
            panic!("PostgreSQL does not start again: {log}");
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://prima@127.0.0.1:{}/{database}", self.0.port)
    }
}

impl Cluster {
    fn create(settings: &'static [&'static str]) -> Self {
        let (dir, bin, user) = (scratch(), bin(), unprivileged());
        if let Some(user) = user.and_then(|name| nix::unistd::User::from_name(name).unwrap()) {
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut cluster = Self {
            port: 0,
            dir,
            bin,
            user,
            settings,
            child: Mutex::new(None),
            databases: AtomicU64::new(0),
        };
        // The collation is that of a language, so that a query that needs the order of bytes fails unless it says so.
        let initdb = cluster
            .command("initdb")
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=prima",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .args(["--locale-provider=icu", "--icu-locale=id", "-D"])
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        let mut last = String::new();
        // The port may be taken between finding and using it.
        for _ in 0..5 {
            cluster.port = free_port();
            match cluster.launch() {
                Ok(()) => return cluster,
                Err(log) => last = log,
            }
        }
        panic!("PostgreSQL does not start: {last}");
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        // SIGQUIT stops it at once and lets it release its shared memory.
        let mut command = killed_with_parent(self.bin.join(program), "QUIT", self.user);
        command.current_dir(self.dir.path()).env_remove("PGDATA");
        command
    }

    fn launch(&self) -> Result<(), String> {
        let log = self.dir.path().join("log");
        let file = File::create(&log).unwrap();
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()]);
        for setting in SETTINGS.iter().chain(self.settings) {
            command.args(["-c", setting]);
        }
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let mut child = spawn(command);
        let mut ended = false;
        wait_until("PostgreSQL does not become ready", || {
            ended = child.try_wait().unwrap().is_some();
            ended || ready(&self.data())
        });
        if ended {
            return Err(std::fs::read_to_string(&log).unwrap_or_default());
        }
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            signal(&child, Signal::SIGQUIT);
            child.wait().unwrap();
        }
    }
}

/// Whether the server accepts connections, which it records in its lock file.
fn ready(data: &Path) -> bool {
    let lock = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    lock.lines().nth(7).is_some_and(|line| line.trim() == "ready")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}
