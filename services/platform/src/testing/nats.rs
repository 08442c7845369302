//! A nats-server for one test.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{find, free_port, killed_with_parent, path_dirs, scratch, signal, spawn};
use crate::config;

/// A nats-server with JetStream on 127.0.0.1; it is killed when this value is dropped or the test process ends.
#[derive(Debug)]
pub struct Nats {
    port: u16,
    dir: TempDir,
    child: Option<Child>,
    /// The text of its configuration file, if it has one.
    file: Option<String>,
}

/// The users of `deploy/nats/nats.conf`; here each has its name as its password.
const USERS: [&str; 7] = [
    "directory",
    "survey",
    "innovation",
    "complaint",
    "index",
    "ranking",
    "reader",
];

/// The binary: `PRIMA_NATS_SERVER`, else `.tools/nats-server` of this repository, else the one in `PATH`.
fn binary() -> PathBuf {
    const HOW: &str = "run tests/tools.sh to get nats-server, or set PRIMA_NATS_SERVER";
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools");
    let found = std::env::var_os("PRIMA_NATS_SERVER")
        .map(PathBuf::from)
        .or_else(|| find("nats-server", std::iter::once(tools).chain(path_dirs())))
        .unwrap_or_else(|| panic!("no nats-server: {HOW}"));
    let output = Command::new(&found).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}: {HOW}", found.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut version = text
        .rsplit('v')
        .next()
        .unwrap_or_default()
        .split('.')
        .map(|n| n.trim().parse::<u64>().ok());
    let version = (version.next().flatten(), version.next().flatten());
    assert!(
        version >= (Some(2), Some(12)),
        "{} is {text}, 2.12 or newer is needed: {HOW}",
        found.display()
    );
    found
}

impl Nats {
    /// Starts a server; returns when it accepts connections.
    pub fn start() -> Self {
        Self::start_by(None)
    }

    /// The same with the text of a configuration file, whose addresses and directory of data are replaced.
    pub fn start_with(file: &str) -> Self {
        Self::start_by(Some(file))
    }

    fn start_by(file: Option<&str>) -> Self {
        let mut last = String::new();
        // The port may be taken between finding and using it.
        for _ in 0..5 {
            let mut nats = Self {
                port: free_port(),
                dir: scratch(),
                child: None,
                file: file.map(str::to_owned),
            };
            match nats.launch() {
                Ok(()) => return nats,
                Err(error) => last = error,
            }
        }
        panic!("nats-server does not start: {last}");
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Configuration of the bus for a user whose password is its name.
    pub fn config_of(&self, user: &str) -> config::Bus {
        config::Bus {
            url: format!("nats://{user}:{user}@127.0.0.1:{}", self.port),
            ..self.config()
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Address on which it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Configuration of the bus for this server, with streams of 64 MiB.
    pub fn config(&self) -> config::Bus {
        config::Bus {
            url: self.url(),
            replicas: 1,
            max_bytes: 64 << 20,
            ..config::Bus::default()
        }
    }

    /// Kills it, as a crash does. Its storage stays.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again with the same port and storage; kills it first if it runs.
    pub fn restart(&mut self) {
        self.kill();
        // A connection of the old server may still occupy the port for a moment.
        let mut last = String::new();
        for _ in 0..20 {
            match self.launch() {
                Ok(()) => return,
                Err(error) => last = error,
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("nats-server does not start again: {last}");
    }

    /// Kills it and removes its storage, as a failed disk does; [`Nats::restart`] then starts it empty.
    pub fn wipe_storage(&mut self) {
        self.kill();
        if self.store().exists() {
            std::fs::remove_dir_all(self.store()).unwrap();
        }
    }

    /// Pauses the process without closing its connections.
    pub fn pause(&self) {
        signal(self.child.as_ref().unwrap(), Signal::SIGSTOP);
    }

    /// Continues the process after [`Nats::pause`].
    pub fn resume(&self) {
        signal(self.child.as_ref().unwrap(), Signal::SIGCONT);
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    fn launch(&mut self) -> Result<(), String> {
        let log = self.dir.path().join("log");
        let name = self
            .dir
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut command = killed_with_parent(binary(), "KILL", None);
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-n", &name]);
        match &self.file {
            Some(text) => {
                let file = self.dir.path().join("conf");
                let addresses = |line: &&str| !line.starts_with("listen:") && !line.starts_with("http:");
                let text: Vec<&str> = text.lines().filter(addresses).collect();
                let text = text
                    .join("\n")
                    .replace("store_dir: /data", &format!("store_dir: {:?}", self.store()));
                std::fs::write(&file, text).unwrap();
                let passwords = USERS.map(|user| (format!("PRIMA_{}_PASSWORD", user.to_uppercase()), user));
                command.envs(passwords).arg("-c").arg(file);
            }
            None => {
                command.args(["-js", "-sd"]).arg(self.store());
            }
        }
        command
            .arg("-l")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = spawn(command);
        let end = std::time::Instant::now() + Duration::from_secs(10);
        // The greeting must contain the server's name, because another server may have got the port.
        while !greeting(self.port).is_some_and(|text| text.contains(&name)) {
            let ended = child.try_wait().unwrap().is_some();
            if ended || std::time::Instant::now() > end {
                let _killed = child.kill();
                let _ended = child.wait();
                return Err(std::fs::read_to_string(&log).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
        Ok(())
    }
}

/// The greeting that a server sends to a new connection.
fn greeting(port: u16) -> Option<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    let mut text = String::new();
    BufReader::new(stream).read_line(&mut text).ok()?;
    Some(text)
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
