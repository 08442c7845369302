//! Configuration in sections: defaults < file < environment (`PRIMA_SECTION__KEY`) < flags.

mod complaint;

use std::path::Path;

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

pub use complaint::Complaint;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The gRPC server.
    pub grpc: Grpc,
    /// The database of each service.
    pub database: Database,
    /// The bus between services.
    pub bus: Bus,
    /// Where files are kept.
    pub objects: Objects,
    /// How the outbox reaches the bus.
    pub relay: Relay,
    /// Who may call.
    pub auth: Auth,
    /// Logs, traces, metrics.
    pub telemetry: Telemetry,
    /// Survey intake.
    pub survey: Survey,
    /// League tables.
    pub ranking: Ranking,
    /// Complaints and consultation.
    pub complaint: Complaint,
}

/// The gRPC server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grpc {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Longest message accepted, bytes.
    pub max_message_bytes: usize,
    /// Requests at work at once; more are shed with `RESOURCE_EXHAUSTED`.
    pub max_concurrent_requests: usize,
    /// Open `Watch…` streams per service; more are refused with `RESOURCE_EXHAUSTED`.
    pub max_watchers: usize,
    /// How long a `Watch…` client may leave a message unread, seconds.
    pub watch_stall_seconds: u64,
    /// How long calls may go on after a stop was asked for, seconds.
    pub shutdown_grace_seconds: u64,
    /// Whether to serve reflection.
    pub reflection: bool,
}

impl Default for Grpc {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:50051".into(),
            max_message_bytes: 4 << 20,
            max_concurrent_requests: 1024,
            max_watchers: 1024,
            watch_stall_seconds: 30,
            shutdown_grace_seconds: 10,
            reflection: true,
        }
    }
}

/// The database of each service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:DIR` (one file per service in it) or `postgres://…` (one schema per service in it).
    pub url: String,
    /// Connections per service on PostgreSQL.
    pub max_connections: u32,
    /// Whether to migrate at start; off where a job does it.
    pub migrate: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite:./var".into(),
            max_connections: 16,
            migrate: true,
        }
    }
}

/// The bus between services.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bus {
    /// `memory:` (all services in this process) or `nats://…`.
    pub url: String,
    /// Copies of each stream; 3 in production.
    pub replicas: usize,
    /// Size at which a stream takes no new subjects, bytes.
    pub max_bytes: i64,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            url: "memory:".into(),
            replicas: 1,
            max_bytes: 4 << 30,
        }
    }
}

/// Where files are kept; only services that take files open it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objects {
    /// `file:DIR` (a folder, on a volume that every replica shares) or `s3://BUCKET/PREFIX` (S3 or what speaks like it).
    pub url: String,
    /// Address of the S3-compatible service, `https://…` or `http://…`; that of AWS when empty.
    pub endpoint: String,
    /// Region of the bucket.
    pub region: String,
    /// Id of the access key of S3.
    pub access_key_id: String,
    /// Secret of the access key of S3; never printed.
    pub secret_access_key: String,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            url: "file:./var/objects".into(),
            endpoint: String::new(),
            region: "us-east-1".into(),
            access_key_id: String::new(),
            secret_access_key: String::new(),
        }
    }
}

impl Objects {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.url.strip_prefix("file:").is_some_and(|dir| !dir.is_empty()) {
            return faults;
        }
        let bucket = self
            .url
            .strip_prefix("s3://")
            .and_then(|rest| rest.split('/').next());
        if bucket.is_none_or(str::is_empty) {
            faults.push("objects.url must be file:DIR or s3://BUCKET/PREFIX".to_owned());
            return faults;
        }
        let web = ["https://", "http://"];
        if !self.endpoint.is_empty() && !web.iter().any(|scheme| self.endpoint.starts_with(scheme)) {
            faults.push("objects.endpoint must start with https:// or http://".to_owned());
        }
        for (name, value) in [
            ("region", &self.region),
            ("access_key_id", &self.access_key_id),
            ("secret_access_key", &self.secret_access_key),
        ] {
            if value.is_empty() {
                faults.push(format!("objects.{name} must be given for s3://"));
            }
        }
        faults
    }
}

/// How the outbox reaches the bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// Publishes in flight at once.
    pub window: usize,
    /// Most publishes of one aggregate per second; states in between are merged.
    pub rate_per_subject: u32,
    /// How often to look for rows that another replica committed, milliseconds.
    pub poll_millis: u64,
    /// How long a replica that stopped renewing keeps the relay, milliseconds.
    pub lease_millis: u64,
    /// How often to compare outbox and bus in full, seconds.
    pub reconcile_seconds: u64,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            window: 256,
            rate_per_subject: 20,
            poll_millis: 100,
            lease_millis: 5_000,
            reconcile_seconds: 600,
        }
    }
}

/// Who may call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Ed25519 public key that tokens are verified with, base64. `prima up` makes a key when this is empty.
    pub public_key: String,
}

/// Logs, traces, metrics.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// `pretty` or `json`.
    pub log: LogFormat,
    /// Filter of the log, as in `RUST_LOG`.
    pub level: String,
    /// Where traces and metrics go over OTLP/gRPC, such as `http://127.0.0.1:4317`; nowhere when empty.
    pub otlp_endpoint: String,
    /// Share of traces kept, 0 to 1.
    pub sample_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            log: LogFormat::Pretty,
            level: "info".into(),
            otlp_endpoint: String::new(),
            sample_ratio: 1.0,
        }
    }
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Survey intake.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Survey {
    /// Responses that one transaction takes at most.
    pub batch_rows: usize,
    /// Requests that may wait for a transaction; more are shed.
    pub queue: usize,
    /// Transactions at work at once on PostgreSQL (SQLite has one).
    pub writers: usize,
    /// Responses by which the figures per element of an open survey move at least, and a fourth of those by which figures
    /// per profile group do; 1 moves all at once.
    pub disclosure_step: u32,
    /// Least respondents of a group whose figures are shown; 1 shows every group.
    pub minimum_cell: u32,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            batch_rows: 2000,
            queue: 4096,
            writers: 2,
            disclosure_step: 5,
            minimum_cell: 5,
        }
    }
}

/// League tables.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ranking {
    /// Services whose scores are ranked, beside the directory.
    pub sources: Vec<String>,
    /// Shortest time between two messages of one `WatchLeagueTable`, milliseconds.
    pub watch_interval_millis: u64,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            sources: ["survey", "innovation", "index", "complaint"]
                .map(String::from)
                .into(),
            watch_interval_millis: 50,
        }
    }
}

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value has the wrong form; the text says where it came from.
    #[error("configuration: {0}")]
    Form(#[from] Box<figment::Error>),
    /// Values that can't work; every one is named.
    #[error("configuration: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

impl Config {
    /// Reads defaults, then `file`, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Error> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        // PRIMA_TOKEN and PRIMA_ENDPOINT belong to the client side and have no section.
        figment = figment.merge(
            Env::prefixed("PRIMA_")
                .filter(|key| key.as_str().contains("__"))
                .split("__"),
        );
        Ok(figment.extract().map_err(Box::new)?)
    }

    /// Checks what the types can't say; names every fault.
    pub fn validate(&self) -> Result<(), Error> {
        let mut faults = Vec::new();
        if !self.database.url.starts_with("sqlite:") && !self.database.url.starts_with("postgres") {
            faults.push("database.url must start with sqlite: or postgres://".to_owned());
        }
        if self.bus.url != "memory:"
            && !self.bus.url.starts_with("nats://")
            && !self.bus.url.starts_with("tls://")
        {
            faults.push("bus.url must be memory: or start with nats:// or tls://".to_owned());
        }
        if !(0.0..=1.0).contains(&self.telemetry.sample_ratio) {
            faults.push("telemetry.sample_ratio must be between 0 and 1".to_owned());
        }
        for (name, value) in [
            ("relay.window", self.relay.window),
            ("relay.rate_per_subject", self.relay.rate_per_subject as usize),
            ("survey.batch_rows", self.survey.batch_rows),
            ("survey.queue", self.survey.queue),
            ("survey.writers", self.survey.writers),
            ("survey.disclosure_step", self.survey.disclosure_step as usize),
            ("survey.minimum_cell", self.survey.minimum_cell as usize),
            ("bus.replicas", self.bus.replicas),
            ("grpc.max_concurrent_requests", self.grpc.max_concurrent_requests),
        ] {
            if value == 0 {
                faults.push(format!("{name} must be at least 1"));
            }
        }
        faults.extend(self.objects.faults());
        faults.extend(self.complaint.faults());
        if self.database.max_connections < 3 {
            faults.push("database.max_connections must be at least 3".to_owned());
        }
        if self.grpc.listen.parse::<std::net::SocketAddr>().is_err() {
            faults.push(format!("grpc.listen: `{}` is not ADDRESS:PORT", self.grpc.listen));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// The effective configuration as JSON, passwords masked.
    pub fn masked(&self) -> serde_json::Value {
        let mut shown = self.clone();
        shown.database.url = mask(&shown.database.url);
        shown.bus.url = mask(&shown.bus.url);
        shown.objects.endpoint = mask(&shown.objects.endpoint);
        if !shown.objects.secret_access_key.is_empty() {
            "***".clone_into(&mut shown.objects.secret_access_key);
        }
        shown.complaint.mask();
        serde_json::to_value(shown).unwrap_or_default()
    }
}

/// Hides what stands between `://` and `@` after the user name.
pub fn mask(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let Some((credentials, host)) = rest.rsplit_once('@') else {
        return url.to_owned();
    };
    let user = credentials.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_configuration_shows_no_password() {
        let mut config = Config::default();
        config.database.url = "postgres://prima:s3cret@db/prima".into();
        config.bus.url = "nats://survey:s3cret@nats:4222".into();
        config.objects.secret_access_key = "s3cret".into();
        assert!(!config.masked().to_string().contains("s3cret"));
        assert!(config.masked().to_string().contains("prima:***@db"));
    }

    #[test]
    fn every_fault_of_a_configuration_is_named() {
        let mut config = Config::default();
        config.database.url = "mysql://x".into();
        config.relay.window = 0;
        config.objects.url = "s3://bukti".into();
        let text = config.validate().unwrap_err().to_string();
        for name in ["database.url", "relay.window", "objects.secret_access_key"] {
            assert!(text.contains(name), "{text}");
        }
    }
}
