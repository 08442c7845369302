//! Processes of the `prima` binary.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use prima_platform::testing::{eventually, killed_with_parent, spawn};
use tempfile::NamedTempFile;

/// A service of Prima.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The directory service.
    Directory,
    /// The survey service.
    Survey,
    /// The innovation service.
    Innovation,
    /// The complaint service.
    Complaint,
    /// The index service.
    Index,
    /// The ranking service.
    Ranking,
    /// All services in one process.
    Up,
}

impl Service {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Survey => "survey",
            Self::Innovation => "innovation",
            Self::Complaint => "complaint",
            Self::Index => "index",
            Self::Ranking => "ranking",
            Self::Up => "up",
        }
    }
}

/// The binary under test: `PRIMA_BIN`, or the one that cargo built beside this test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("PRIMA_BIN") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("path of the test");
    // The path of a test is target/<profile>/deps/<test>.
    let path = test.ancestors().nth(2).expect("target directory").join("prima");
    assert!(
        path.exists(),
        "{} is missing; build it: cargo build --bin prima",
        path.display()
    );
    path
}

/// A free port of 127.0.0.1. It is below the range of outgoing connections, so that none of these takes it meanwhile.
pub fn free_port() -> u16 {
    // Two tests of one process must not get the same port before either has bound it.
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = 10_000 + (std::process::id() % 1000) as u16 * 18;
    let port = (start..start + 18)
        .chain(28_000..32_000)
        .find(|port| !given.contains(port) && TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port");
    given.insert(port);
    port
}

/// The command line and environment of a process.
#[derive(Debug, Clone)]
pub struct Command {
    service: Service,
    port: u16,
    data: Option<PathBuf>,
    demo: bool,
    limited: bool,
    env: BTreeMap<String, String>,
}

impl Command {
    /// A process of `service` on a free port.
    pub fn new(service: Service) -> Self {
        let command = Self {
            service,
            port: free_port(),
            data: None,
            demo: false,
            limited: false,
            env: BTreeMap::new(),
        };
        command.env("PRIMA_TELEMETRY__LOG", "json")
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the data directory of `up`.
    pub fn data(mut self, dir: &std::path::Path) -> Self {
        self.data = Some(dir.to_owned());
        self
    }

    /// Makes `up` load the demo data.
    pub fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// Lets [`Process::limit_files`] make writes fail instead of ending the process with a signal.
    pub fn limited(mut self) -> Self {
        self.limited = true;
        self
    }

    /// Sets the URL of the database.
    pub fn database(self, url: &str) -> Self {
        self.env("PRIMA_DATABASE__URL", url)
    }

    /// Sets the URL of the bus.
    pub fn bus(self, url: &str) -> Self {
        self.env("PRIMA_BUS__URL", url)
    }

    fn arguments(&self) -> Vec<String> {
        let listen = ["--listen".to_owned(), format!("127.0.0.1:{}", self.port)];
        let what = match (&self.data, self.service) {
            (Some(dir), Service::Up) => vec!["up".into(), "--data".into(), dir.display().to_string()],
            (_, service) => vec!["serve".into(), service.name().into()],
        };
        let demo = self.demo.then(|| "--demo".to_owned());
        what.into_iter().chain(listen).chain(demo).collect()
    }

    /// Starts the process and waits until its port answers.
    pub async fn start(self) -> Process {
        let mut process = Process::spawn(self);
        process.wait_for_port().await;
        process
    }

    /// Starts the process without waiting.
    pub fn spawn(self) -> Process {
        Process::spawn(self)
    }
}

/// A running process; killed on drop.
pub struct Process {
    command: Command,
    child: Child,
    log: NamedTempFile,
}

impl Process {
    fn spawn(command: Command) -> Self {
        let log = NamedTempFile::new().expect("log file");
        let child = Self::launch(&command, &log);
        Self { command, child, log }
    }

    fn launch(command: &Command, log: &NamedTempFile) -> Child {
        let out = File::options().append(true).open(log.path()).expect("log file");
        // The process ends with the test, even when the test is killed.
        let mut child = if command.limited {
            let mut shell = killed_with_parent("sh", "KILL", None);
            shell
                .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
                .arg(binary());
            shell
        } else {
            killed_with_parent(binary(), "KILL", None)
        };
        child
            .args(command.arguments())
            .env_remove("PRIMA_FAILPOINTS")
            .envs(&command.env)
            .stdin(Stdio::null())
            .stdout(out.try_clone().expect("log file"))
            .stderr(out)
            .process_group(0);
        spawn(child)
    }

    async fn wait_for_port(&mut self) {
        let address = format!("127.0.0.1:{}", self.command.port);
        for _ in 0..1500 {
            if let Some(status) = self.child.try_wait().expect("status") {
                panic!(
                    "{} ended at its start: {status}\n{}",
                    self.command.service.name(),
                    self.tail()
                );
            }
            if tokio::net::TcpStream::connect(&address).await.is_ok() && self.serves().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} does not serve\n{}", self.command.service.name(), self.tail());
    }

    /// Whether the process answers health checks. It may not be ready yet.
    async fn serves(&self) -> bool {
        let Ok(channel) = tonic::transport::Endpoint::from_shared(self.url())
            .expect("url")
            .connect()
            .await
        else {
            return false;
        };
        let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
        let request = tonic_health::pb::HealthCheckRequest {
            service: "live".into(),
        };
        health
            .check(request)
            .await
            .is_ok_and(|r| r.into_inner().status == 1)
    }

    /// Whether the process is ready.
    pub async fn ready(&self) -> bool {
        let Ok(channel) = tonic::transport::Endpoint::from_shared(self.url())
            .expect("url")
            .connect()
            .await
        else {
            return false;
        };
        let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
        let request = tonic_health::pb::HealthCheckRequest {
            service: String::new(),
        };
        health
            .check(request)
            .await
            .is_ok_and(|r| r.into_inner().status == 1)
    }

    /// Waits until the process is ready.
    pub async fn wait_ready(&self) {
        let ready = eventually(crate::DEADLINE, || async { self.ready().await.then_some(()) }).await;
        assert!(
            ready.is_some(),
            "{} is not ready\n{}",
            self.command.service.name(),
            self.tail()
        );
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.command.port)
    }

    /// The process id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("pid"))
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("signal");
    }

    /// Sends SIGKILL and waits until the process has ended.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        self.child.wait().expect("end");
    }

    /// Sends SIGTERM and waits until the process has ended; returns the exit code.
    pub async fn stop(&mut self) -> i32 {
        self.signal(Signal::SIGTERM);
        self.wait().await
    }

    /// Waits until the process has ended by itself; returns the exit code, or -1 for a signal.
    pub async fn wait(&mut self) -> i32 {
        for _ in 0..3000 {
            if let Some(status) = self.child.try_wait().expect("status") {
                return status.code().unwrap_or(-1);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} does not end\n{}", self.command.service.name(), self.tail());
    }

    /// Prevents the files of the process from growing beyond this many bytes; `None` lifts the limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let bytes = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let done = std::process::Command::new("prlimit")
            .args([
                "--pid",
                &self.pid().to_string(),
                &format!("--fsize={bytes}:unlimited"),
            ])
            .status();
        assert!(done.expect("prlimit").success(), "prlimit");
    }

    /// Sends SIGINT, as Ctrl-C does, without waiting.
    pub fn interrupt(&self) {
        self.signal(Signal::SIGINT);
    }

    /// Sends SIGTERM without waiting.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Sends SIGSTOP.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Starts the process again on the same port, with the same log.
    pub async fn restart(&mut self) {
        self.relaunch();
        self.wait_for_port().await;
    }

    /// Starts the process again without waiting until it serves, because it may end before.
    pub fn relaunch(&mut self) {
        self.kill();
        self.child = Self::launch(&self.command, &self.log);
    }

    /// Sets an environment variable for the next start; `None` removes it.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.command.env.insert(name.to_owned(), value.to_owned()),
            None => self.command.env.remove(name),
        };
    }

    /// Starts the process again with another value of an environment variable; `None` removes it.
    pub async fn restart_with(&mut self, name: &str, value: Option<&str>) {
        self.set(name, value);
        self.restart().await;
    }

    /// The log written so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }

    fn tail(&self) -> String {
        let file = File::open(self.log.path()).expect("log file");
        let lines: Vec<String> = BufReader::new(file).lines().map_while(Result::ok).collect();
        lines
            .iter()
            .rev()
            .take(30)
            .rev()
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
