//! Processes of the one binary.

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
use prima_platform::testing::{eventually, mortal, spawn};
use tempfile::NamedTempFile;

/// A service of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Agencies and units.
    Directory,
    /// Survey intake.
    Survey,
    /// Innovations.
    Innovation,
    /// Complaints and consultation.
    Complaint,
    /// The index.
    Index,
    /// League tables.
    Ranking,
    /// All of them in one process.
    Up,
}

impl Service {
    /// Its name on the command line.
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
    // target/<profile>/deps/<test>
    let path = test.ancestors().nth(2).expect("target directory").join("prima");
    assert!(
        path.exists(),
        "{} is missing; build it: cargo build --bin prima",
        path.display()
    );
    path
}

/// A free port of 127.0.0.1. Taken from below the range of outgoing connections, so that none grabs it meanwhile.
pub fn free_port() -> u16 {
    // Tests of one process must not be given one port before either has bound it.
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

/// How to start a process.
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

    /// The data directory of `up`.
    pub fn data(mut self, dir: &std::path::Path) -> Self {
        self.data = Some(dir.to_owned());
        self
    }

    /// Lets `up` load the demo data.
    pub fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// Lets [`Process::limit_files`] refuse writes instead of ending the process with a signal.
    pub fn limited(mut self) -> Self {
        self.limited = true;
        self
    }

    /// The database.
    pub fn database(self, url: &str) -> Self {
        self.env("PRIMA_DATABASE__URL", url)
    }

    /// The bus.
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

    /// Starts it and waits until its port answers.
    pub async fn start(self) -> Process {
        let mut process = Process::spawn(self);
        process.wait_for_port().await;
        process
    }

    /// Starts it without waiting.
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
        // Dies with the test, however that dies.
        let mut child = if command.limited {
            let mut shell = mortal("sh", "KILL", None);
            shell
                .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
                .arg(binary());
            shell
        } else {
            mortal(binary(), "KILL", None)
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

    /// Whether it answers health checks as alive; readiness may come later.
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

    /// Whether it is ready.
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

    /// Waits until it is ready.
    pub async fn wait_ready(&self) {
        let ready = eventually(crate::DEADLINE, || async { self.ready().await.then_some(()) }).await;
        assert!(
            ready.is_some(),
            "{} is not ready\n{}",
            self.command.service.name(),
            self.tail()
        );
    }

    /// Its address for clients.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.command.port)
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("pid"))
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("signal");
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        self.child.wait().expect("end");
    }

    /// SIGTERM, and waits for the end; returns the exit code.
    pub async fn stop(&mut self) -> i32 {
        self.signal(Signal::SIGTERM);
        self.wait().await
    }

    /// Waits until it has ended by itself; returns the exit code, -1 for a signal.
    pub async fn wait(&mut self) -> i32 {
        for _ in 0..3000 {
            if let Some(status) = self.child.try_wait().expect("status") {
                return status.code().unwrap_or(-1);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} does not end\n{}", self.command.service.name(), self.tail());
    }

    /// From now on none of its files grows beyond this many bytes; `None` lets them grow again.
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

    /// SIGINT, as Ctrl-C sends it, without waiting.
    pub fn interrupt(&self) {
        self.signal(Signal::SIGINT);
    }

    /// SIGTERM, without waiting.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Starts it again on the same port, with the same log.
    pub async fn restart(&mut self) {
        self.relaunch();
        self.wait_for_port().await;
    }

    /// The same without waiting until it serves: it may end before.
    pub fn relaunch(&mut self) {
        self.kill();
        self.child = Self::launch(&self.command, &self.log);
    }

    /// Sets an environment variable for its next start; `None` removes it.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.command.env.insert(name.to_owned(), value.to_owned()),
            None => self.command.env.remove(name),
        };
    }

    /// Starts it again with another value of an environment variable; `None` removes it.
    pub async fn restart_with(&mut self, name: &str, value: Option<&str>) {
        self.set(name, value);
        self.restart().await;
    }

    /// Its log so far.
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
