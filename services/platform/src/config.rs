//! Configuration in sections: defaults < file < environment (`PRIMA_SECTION__KEY`) < flags.

pub(crate) mod auth;
mod bus;
mod complaint;
mod database;
mod fault;
pub(crate) mod grpc;
mod keys;
mod publication;
mod secret;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Deserializer, Serialize};

pub use auth::{Auth, Holder, Issuer};
pub use bus::Bus;
pub use complaint::Complaint;
pub use database::Database;
pub use grpc::Grpc;
pub use publication::Publication;
use secret::Secret as _;
pub use secret::mask;

/// All settings.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The gRPC server.
    pub grpc: Grpc,
    /// The database of each service.
    pub database: Database,
    /// The bus between services.
    pub bus: Bus,
    /// The storage of files.
    pub objects: Objects,
    /// Publishing of the outbox to the bus.
    pub relay: Relay,
    /// Authentication of callers.
    pub auth: Auth,
    /// Logs, traces, metrics.
    pub telemetry: Telemetry,
    /// Survey intake.
    pub survey: Survey,
    /// League tables.
    pub ranking: Ranking,
    /// Official publication of league tables.
    pub publication: Publication,
    /// Complaints and consultation.
    pub complaint: Complaint,
}

/// The storage of files; only services with files open it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objects {
    /// `file:DIR` (a folder, on a volume that all replicas share) or `s3://BUCKET/PREFIX` (S3 or a compatible service).
    pub url: String,
    /// Address of the S3-compatible service, `https://…` or `http://…`; empty for AWS.
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

/// Publishing of the outbox to the bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// Most publishes in flight.
    pub window: usize,
    /// Most publishes of one aggregate per second; of the states in between only the last one is published.
    pub rate_per_subject: u32,
    /// How often the relay polls for rows that another replica has committed, milliseconds.
    pub poll_millis: u64,
    /// Duration of the lease, milliseconds: a replica that stops renewing it keeps the relay for so long.
    pub lease_millis: u64,
    /// How often outbox and bus are compared in full, seconds.
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

/// Logs, traces, metrics.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// `pretty` or `json`.
    pub log: LogFormat,
    /// Filter of the log, as in `RUST_LOG`.
    pub level: String,
    /// OTLP/gRPC endpoint of traces and metrics, such as `http://127.0.0.1:4317`; empty to export none.
    pub otlp_endpoint: String,
    /// Ratio of traces that are sampled, 0 to 1.
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

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Survey intake and the texts of respondents.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Survey {
    /// Keys that encrypt the suggestions and criticism of respondents, in the form of `complaint.keys`.
    #[serde(deserialize_with = "list")]
    pub keys: Vec<String>,
    /// Days from the day of a response until its suggestion and criticism are erased.
    pub text_days: u32,
    /// How often texts are looked for that must be erased or encrypted, milliseconds.
    pub sweep_millis: u64,
    /// Most responses in one transaction.
    pub batch_rows: usize,
    /// How long a transaction may hold its locks, milliseconds: its number of responses is the one that the last
    /// transactions could store in this time.
    pub batch_millis: u64,
    /// Most queued requests of each kind, with one response and with many. Further requests with one response are shed;
    /// those with many wait for room in the queue.
    pub queue: usize,
    /// Most concurrent bulk transactions on PostgreSQL, each of which uses a connection; one more is kept for single
    /// responses. On SQLite they run one by one, and more than 3 have no effect.
    pub writers: usize,
    /// Number of people by whose responses the figures of an open survey move; figures per profile group move by four times
    /// as many. With 1, all move at once.
    pub disclosure_step: u32,
    /// The same for responses through the open link, of which one sender can give many. They come from at least as many networks as
    /// `disclosure_step`.
    pub disclosure_step_link: u32,
    /// Least number of respondents of a figure. A survey that is closed with fewer has no figures.
    pub minimum_respondents: u32,
    /// Day of the month, 1 to 28, on which the figures of closed surveys are corrected by changes of fewer people than
    /// `minimum_respondents`; more change them at once.
    pub correction_day: u32,
    /// Least number of respondents of a group whose figures are published; 1 publishes every group.
    pub minimum_cell: u32,
    /// Hours after the end of a survey in which responses that were given before it are still accepted from operators
    /// and kiosks, which may have been offline. They are refused once the result is published; with 0 all are.
    pub late_hours: u32,
    /// Most responses a minute that one process takes through the open link of one survey; 0 for no limit.
    pub link_rate: u32,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            text_days: 730,
            sweep_millis: 60_000,
            batch_rows: 2000,
            batch_millis: 50,
            queue: 4096,
            writers: 4,
            disclosure_step: 5,
            disclosure_step_link: 20,
            minimum_respondents: 5,
            correction_day: 1,
            minimum_cell: 5,
            late_hours: 72,
            link_rate: 600,
        }
    }
}

/// League tables.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ranking {
    /// Services whose scores are ranked; the directory is always followed as well.
    pub sources: Vec<String>,
    /// Minimum interval between two messages of one `WatchLeagueTable`, milliseconds. It is longer when the streams that an
    /// address has open would together be sent more than 64 MiB a second.
    pub watch_interval_millis: u64,
    /// Length of a step of the history, seconds: of each subject it keeps the last state of every step.
    pub history_step_seconds: u32,
    /// How many days back the history keeps every step; of older times, only the newest state of each subject. 0 means for ever.
    pub history_days: u32,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            sources: ["survey", "innovation", "index", "complaint"]
                .map(String::from)
                .into(),
            watch_interval_millis: 20,
            history_step_seconds: 60,
            history_days: 0,
        }
    }
}

/// Why the configuration can't be used, in Indonesian, for the operator who started the process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("berkas konfigurasi {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// A key is unknown or its value is malformed; the text says where it was read.
    #[error("konfigurasi: {0}")]
    Form(String),
    /// Values that are not valid; all of them are listed.
    #[error("konfigurasi: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

impl Config {
    /// Reads the defaults, then `file`, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Error> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            let text = std::fs::read_to_string(file).map_err(|error| Error::File(file.into(), error))?;
            figment = figment.merge(Toml::string(&text));
        }
        // PRIMA_TOKEN and PRIMA_ENDPOINT belong to the client and have no section.
        figment = figment.merge(
            Env::prefixed("PRIMA_")
                .filter(|key| key.as_str().contains("__"))
                .split("__"),
        );
        let config = figment
            .extract()
            .map_err(|error| Error::Form(fault::form(error, file)))?;
        let faults = fault::near_misses(&Self::default());
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// All values that are not valid although their types are, in Indonesian.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        faults.extend(self.database.faults());
        faults.extend(self.bus.faults());
        faults.extend(self.telemetry.faults());
        faults.extend(self.publication.faults());
        for (name, value) in [
            ("relay.window", self.relay.window),
            ("relay.rate_per_subject", self.relay.rate_per_subject as usize),
            ("survey.batch_rows", self.survey.batch_rows),
            ("survey.batch_millis", self.survey.batch_millis as usize),
            ("survey.queue", self.survey.queue),
            ("survey.writers", self.survey.writers),
            ("survey.disclosure_step", self.survey.disclosure_step as usize),
            (
                "survey.disclosure_step_link",
                self.survey.disclosure_step_link as usize,
            ),
            (
                "survey.minimum_respondents",
                self.survey.minimum_respondents as usize,
            ),
            ("survey.minimum_cell", self.survey.minimum_cell as usize),
            ("survey.text_days", self.survey.text_days as usize),
            ("survey.sweep_millis", self.survey.sweep_millis as usize),
            (
                "ranking.history_step_seconds",
                self.ranking.history_step_seconds as usize,
            ),
            ("bus.replicas", self.bus.replicas),
            (
                "database.statement_seconds",
                usize::try_from(self.database.statement_seconds).unwrap_or(usize::MAX),
            ),
        ] {
            if value == 0 {
                faults.push(format!("{name} paling sedikit 1"));
            }
        }
        if !(1..=28).contains(&self.survey.correction_day) {
            faults.push("survey.correction_day harus 1 sampai 28".to_owned());
        }
        faults.extend(self.objects.faults());
        faults.extend(keys::faults("survey.keys", &self.survey.keys));
        faults.extend(self.complaint.faults());
        faults.extend(self.auth.faults());
        faults.extend(self.grpc.faults());
        faults
    }

    /// Fails with all [`Self::faults`] when there are any.
    pub fn validate(&self) -> Result<(), Error> {
        let faults = self.faults();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// The effective configuration as JSON, with passwords redacted.
    pub fn masked(&self) -> serde_json::Value {
        let mut shown = self.clone();
        shown.redact();
        serde_json::to_value(shown).unwrap_or_default()
    }
}

/// Deserialises a list; in the environment it is one text with commas.
fn list<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "harus daftar, atau teks dengan koma di antaranya")]
    enum Form {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Form::deserialize(input)? {
        Form::List(list) => list,
        Form::Text(text) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

/// Whether a host is this machine: a socket in the file system, `localhost`, or an address of the loopback interface.
fn on_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

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
