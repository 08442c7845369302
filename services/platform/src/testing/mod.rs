//! Test harness: real servers that end with the test, a chaos proxy, a service inside the test process, and the suite
//! that every bus must pass.
//!
//! It needs the feature `testing`, so that no shipped binary contains it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a harness that can't work must fail the test"
)]

pub mod attack;
pub mod bus_suite;
pub mod certificates;
pub mod http;
pub mod nats;
pub mod postgres;
pub mod proxy;
pub mod served;

use std::{
    ffi::OsStr,
    future::Future,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{OnceLock, mpsc},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbBackend};
use tempfile::TempDir;
use tokio::time::Instant;

/// Evaluates `condition` repeatedly until it returns a value; `None` after `deadline`.
pub async fn eventually<T, F>(deadline: Duration, mut condition: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        if let Some(met) = condition().await {
            return Some(met);
        }
        if Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Removes the guards of a table (`db::AppendOnly`), as whoever owns the database can.
pub async fn unguard(conn: &impl ConnectionTrait, table: &str) {
    for guard in ["not_changed", "not_deleted"] {
        let text = match conn.get_database_backend() {
            DbBackend::Postgres => format!("DROP TRIGGER {table}_{guard} ON {table}"),
            _ => format!("DROP TRIGGER {table}_{guard}"),
        };
        conn.execute_unprepared(&text).await.unwrap();
    }
}

const SCRATCH: &str = "prima-test-";

/// A temporary directory, removed when it is dropped. The first call also removes those of test processes that were
/// killed.
fn scratch() -> TempDir {
    static SWEPT: OnceLock<()> = OnceLock::new();
    SWEPT.get_or_init(sweep);
    tempfile::Builder::new()
        .prefix(&format!("{SCRATCH}{}-", std::process::id()))
        .tempdir()
        .unwrap()
}

fn sweep() {
    let proc = Path::new("/proc");
    if !proc.join("self").exists() {
        return;
    }
    for entry in std::fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|n| n.strip_prefix(SCRATCH))
            .and_then(|n| n.split('-').next());
        if pid.is_some_and(|pid| !proc.join(pid).exists()) {
            // Another test process may be removing it at the same time.
            let _removed = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A port of 127.0.0.1 that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The path of `program` in the first of `dirs` that contains it.
fn find(program: &str, dirs: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    dirs.into_iter()
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

fn path_dirs() -> Vec<PathBuf> {
    std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default()
}

type Spawned = std::io::Result<Child>;

/// Starts `command` from a thread that lives as long as the process: the kernel sends a child its death signal when the
/// *thread* that started it ends, and each test has a thread of its own.
pub fn spawn(command: Command) -> Child {
    static SPAWNER: OnceLock<mpsc::Sender<(Command, mpsc::Sender<Spawned>)>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<(Command, mpsc::Sender<Spawned>)>();
        std::thread::spawn(move || {
            for (mut command, answer) in requests {
                answer.send(command.spawn()).unwrap();
            }
        });
        sender
    });
    let program = command.get_program().to_owned();
    let (answer, spawned) = mpsc::channel();
    spawner.send((command, answer)).unwrap();
    spawned
        .recv()
        .unwrap()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// A command whose process gets `signal` when this process ends, in whatever way.
pub fn killed_with_parent(program: impl AsRef<OsStr>, signal: &str, user: Option<&str>) -> Command {
    let Some(setpriv) = find("setpriv", path_dirs()) else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.arg(format!("--pdeathsig={signal}"));
    if let Some(user) = user {
        command
            .arg(format!("--reuid={user}"))
            .arg("--init-groups")
            .arg(format!("--regid={}", group(user)));
    }
    command.arg("--").arg(program);
    command
}

fn group(user: &str) -> u32 {
    nix::unistd::User::from_name(user).unwrap().unwrap().gid.as_raw()
}

fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, signal).unwrap();
}

/// Waits, blocking, until `condition` is true; panics with `what` after ten seconds.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(std::time::Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
