//! Faults of a configuration, in Indonesian, with the names of keys as they are written in the file or the environment.

use std::path::Path;

use figment::error::Kind;
use tracing_subscriber::EnvFilter;

use super::{Config, Objects, Telemetry, mask};

/// The message for keys that can't be parsed, in `file` or in the environment.
pub(super) fn form(error: figment::Error, file: Option<&Path>) -> String {
    let texts: Vec<String> = error.into_iter().map(|error| one(&error, file)).collect();
    texts.join("; ")
}

fn one(error: &figment::Error, file: Option<&Path>) -> String {
    let from_environment = error
        .metadata
        .as_ref()
        .is_some_and(|metadata| metadata.name.contains("environment"));
    let key = error.path.join(".");
    let place = match file {
        _ if from_environment => format!("PRIMA_{}", error.path.join("__").to_uppercase()),
        Some(file) if key.is_empty() => file.display().to_string(),
        Some(file) => format!("{key} di {}", file.display()),
        None => key,
    };
    let choices = |names: &[&str]| format!("pilihannya: {}", names.join(", "));
    let text = match &error.kind {
        Kind::UnknownField(_, known) => format!("tidak dikenal; {}", choices(known)),
        Kind::UnknownVariant(_, known) => format!("tidak dikenal nilainya; {}", choices(known)),
        // The value is left out, since it may be a secret.
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("harus {}", expectation(expected))
        }
        Kind::Message(text) => format!("tidak dapat dibaca ({})", flat(text)),
        Kind::InvalidLength(..)
        | Kind::MissingField(_)
        | Kind::DuplicateField(_)
        | Kind::ISizeOutOfRange(_)
        | Kind::USizeOutOfRange(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..) => format!("tidak dapat dipakai ({})", error.kind),
    };
    format!("{place} {text}")
}

/// What serde expects, in Indonesian.
fn expectation(expected: &str) -> String {
    match expected {
        "usize" | "u64" | "u32" | "u16" => "bilangan bulat, 0 atau lebih".to_owned(),
        "isize" | "i64" | "i32" => "bilangan bulat".to_owned(),
        "f64" => "bilangan".to_owned(),
        "a boolean" => "true atau false".to_owned(),
        "a string" => "teks".to_owned(),
        "a sequence" => "daftar, misalnya [\"a\",\"b\"]".to_owned(),
        other if other.starts_with("struct ") => "bagian dengan kunci-kuncinya".to_owned(),
        other => format!("berbentuk lain ({other})"),
    }
}

/// A message of the TOML parser on one line, without the line of the file that it quotes, which may contain a secret.
fn flat(text: &str) -> String {
    let quotes = |line: &str| {
        line.split_once('|')
            .is_some_and(|(number, _)| number.trim().parse::<u32>().is_ok() || number.trim().is_empty())
    };
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !quotes(line));
    lines.collect::<Vec<_>>().join(", ")
}

/// Faults of environment variables that have one underscore instead of two and would be ignored.
pub(super) fn near_misses(defaults: &Config) -> Vec<String> {
    let all = serde_json::to_value(defaults).unwrap_or_default();
    let sections = all.as_object().into_iter().flatten();
    let keys = sections.flat_map(|(section, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, _)| (section.to_uppercase(), key.to_uppercase()))
    });
    let missed = keys.filter(|(section, key)| std::env::var_os(format!("PRIMA_{section}_{key}")).is_some());
    missed
        .map(|(section, key)| {
            format!("PRIMA_{section}_{key} tidak dikenal; maksudnya PRIMA_{section}__{key}?")
        })
        .collect()
}

impl Objects {
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.url.strip_prefix("file:").is_some_and(|dir| !dir.is_empty()) {
            return faults;
        }
        let bucket = self
            .url
            .strip_prefix("s3://")
            .and_then(|rest| rest.split('/').next());
        if bucket.is_none_or(str::is_empty) {
            faults.push("objects.url harus file:DIREKTORI atau s3://BUCKET/AWALAN".to_owned());
            return faults;
        }
        let web = ["https://", "http://"];
        if !self.endpoint.is_empty() && !web.iter().any(|scheme| self.endpoint.starts_with(scheme)) {
            faults.push("objects.endpoint harus diawali https:// atau http://".to_owned());
        }
        for (name, value) in [
            ("region", &self.region),
            ("access_key_id", &self.access_key_id),
            ("secret_access_key", &self.secret_access_key),
        ] {
            if value.is_empty() {
                faults.push(format!("objects.{name} wajib diisi untuk s3://"));
            }
        }
        faults
    }
}

impl Telemetry {
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(error) = EnvFilter::try_new(&self.level) {
            faults.push(format!(
                "telemetry.level bukan saringan log, misalnya info ({error})"
            ));
        }
        if !self.otlp_endpoint.is_empty()
            && let Err(error) = self.otlp_endpoint.parse::<http::Uri>()
        {
            faults.push(format!(
                "telemetry.otlp_endpoint `{}` bukan alamat ({error})",
                mask(&self.otlp_endpoint)
            ));
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            faults.push("telemetry.sample_ratio harus antara 0 dan 1".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use figment::Jail;

    use crate::config::Config;

    fn fault(file: Option<&str>) -> String {
        Config::load(file.map(AsRef::as_ref)).unwrap_err().to_string()
    }

    #[test]
    fn a_mistyped_key_or_value_is_named_with_its_file() {
        Jail::expect_with(|jail| {
            for (text, message) in [
                (
                    "[grpc]\nlisen = 'x'",
                    "konfigurasi: grpc.lisen di p.toml tidak dikenal; pilihannya: listen, ",
                ),
                (
                    "[grcp]\nlisten = 'x'",
                    "konfigurasi: grcp di p.toml tidak dikenal; pilihannya: grpc, ",
                ),
                (
                    "grpc.max_watchers = 'x'",
                    "konfigurasi: grpc.max_watchers di p.toml harus bilangan bulat, 0 atau lebih",
                ),
                (
                    "grpc = 'x'",
                    "konfigurasi: grpc di p.toml harus bagian dengan kunci-kuncinya",
                ),
                (
                    "telemetry.log = 'x'",
                    "konfigurasi: telemetry.log di p.toml tidak dikenal nilainya; pilihannya: pretty, json",
                ),
                ("complaint.keys = 7", "konfigurasi: complaint.keys di p.toml "),
            ] {
                jail.create_file("p.toml", text)?;
                let found = fault(Some("p.toml"));
                assert!(found.starts_with(message), "{text}: {found}");
                assert!(!found.contains('\n') && !found.contains("expected"), "{found}");
            }
            jail.create_file("p.toml", "[auth]\npublic_key = rahasia")?;
            let found = fault(Some("p.toml"));
            assert!(
                found.starts_with("konfigurasi: p.toml tidak dapat dibaca (TOML parse error at line 2"),
                "{found}"
            );
            assert!(!found.contains("rahasia") && !found.contains('\n'), "{found}");
            Ok(())
        });
    }

    #[test]
    fn a_mistyped_variable_is_named_as_it_was_written() {
        Jail::expect_with(|jail| {
            for (name, value, message) in [
                (
                    "PRIMA_GRPC__LISEN",
                    "x",
                    "konfigurasi: PRIMA_GRPC__LISEN tidak dikenal; pilihannya: listen, ",
                ),
                (
                    "PRIMA_GRCP__LISTEN",
                    "x",
                    "konfigurasi: PRIMA_GRCP tidak dikenal; pilihannya: grpc, ",
                ),
                (
                    "PRIMA_GRPC__MAX_WATCHERS",
                    "x",
                    "konfigurasi: PRIMA_GRPC__MAX_WATCHERS harus bilangan bulat, 0 atau lebih",
                ),
                (
                    "PRIMA_DATABASE__MIGRATE",
                    "ya",
                    "konfigurasi: PRIMA_DATABASE__MIGRATE harus true atau false",
                ),
                (
                    "PRIMA_OBJECTS__SECRET_ACCESS_KEY",
                    "4711",
                    "konfigurasi: PRIMA_OBJECTS__SECRET_ACCESS_KEY harus teks",
                ),
                (
                    "PRIMA_GRPC_LISTEN",
                    "x",
                    "konfigurasi: PRIMA_GRPC_LISTEN tidak dikenal; maksudnya PRIMA_GRPC__LISTEN?",
                ),
            ] {
                jail.clear_env();
                jail.set_env(name, value);
                let found = fault(None);
                assert!(found.starts_with(message), "{name}: {found}");
                assert!(!found.contains("4711"), "{found}");
            }
            Ok(())
        });
    }

    #[test]
    fn every_fault_of_the_values_is_named() {
        let mut config = Config::default();
        config.database.url = "postgres://prima:s3cret@db:x/prima".into();
        config.bus.url = "nats://:x:y".into();
        config.auth.public_key = "xyz".into();
        config.telemetry.level = "a=b=c".into();
        config.telemetry.otlp_endpoint = "x y".into();
        config.telemetry.sample_ratio = 2.0;
        config.grpc.listen = "50051".into();
        let faults = config.faults();
        let names = [
            "database.url",
            "bus.url",
            "telemetry.level",
            "telemetry.otlp_endpoint",
            "telemetry.sample_ratio",
            "auth.public_key",
            "grpc.listen",
        ];
        for (fault, name) in faults.iter().zip(names) {
            assert!(fault.starts_with(name) && !fault.contains("s3cret"), "{fault}");
        }
        assert_eq!(faults.len(), names.len(), "{faults:?}");
    }
}
