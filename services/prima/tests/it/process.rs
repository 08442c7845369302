//! Runs `prima up` on a free port, and commands that call it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

/// All services in one process, which ends when this value is dropped.
pub struct Up {
    child: Child,
    endpoint: String,
    data: TempDir,
    /// The pipe is kept open, because a process that prints into a closed pipe ends.
    _stdout: BufReader<ChildStdout>,
}

impl Up {
    /// Starts the process and waits for its port.
    pub fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_prima"))
            .args(["up", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let (_, rest) = line.split_once("gRPC di ").unwrap();
        let endpoint = format!("http://{}", rest.split(';').next().unwrap());
        Self {
            child,
            endpoint,
            data,
            _stdout: stdout,
        }
    }

    /// Builds a command that calls the process as its administrator.
    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = self.anyone(line);
        if !line.contains(&"--token-file") && line.first() != Some(&"token") {
            command.arg("--token-file").arg(self.data.path().join("token"));
        }
        command
    }

    /// Builds a command that calls the process without a token.
    pub fn anyone(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prima"));
        command.args(line).env("PRIMA_ENDPOINT", &self.endpoint);
        command
    }

    /// Makes a token for another caller, and returns its file.
    pub fn token(&self, subject: &str, role: &str) -> String {
        let key = self.data.path().join("key.pem").display().to_string();
        let made = self.run(&["token", "--key", &key, "--subject", subject, "--roles", role]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        let path = self.data.path().join(subject);
        std::fs::write(&path, made.stdout).unwrap();
        path.display().to_string()
    }

    pub fn run(&self, line: &[&str]) -> Ran {
        Ran::of(&self.command(line).output().unwrap())
    }

    /// Calls a method and returns its response.
    pub fn call(&self, line: &[&str]) -> serde_json::Value {
        let ran = self.run(&[&["call"], line].concat());
        assert_eq!(ran.code, Some(0), "{line:?}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The output of a command.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
