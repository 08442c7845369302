//! Configuration of the database of each service.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use serde::{Deserialize, Serialize};

use super::{mask, on_this_machine};

/// The database of each service.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:DIR` (one file per service in it) or `postgres://…` (one schema per service in it). A server on another
    /// machine is verified: `?sslmode=verify-full`, and `&sslrootcert=FILE` (PEM) when its CA is not a public one.
    pub url: String,
    /// Whether a server on another machine may be unverified, and the connection plain: where the network itself
    /// encrypts and authenticates, or for development.
    pub insecure: bool,
    /// Connections per service on PostgreSQL.
    pub max_connections: u32,
    /// Timeout of a statement on PostgreSQL, seconds.
    pub statement_seconds: u64,
    /// Whether to migrate at the start; off where a separate job migrates.
    pub migrate: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite:./var".into(),
            insecure: false,
            max_connections: 16,
            statement_seconds: 60,
            migrate: true,
        }
    }
}

impl Database {
    /// The database file of a service on SQLite; `None` on PostgreSQL.
    pub fn file(&self, service: &str) -> Option<PathBuf> {
        let dir = self.url.strip_prefix("sqlite:")?;
        Some(Path::new(dir).join(format!("{service}.db")))
    }

    /// Location of a service's data, for messages: its file, or the server without the password.
    pub fn location(&self, service: &str) -> String {
        let file = self.file(service);
        file.map_or_else(|| mask(&self.url), |file| file.display().to_string())
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            match PgConnectOptions::from_str(&self.url) {
                Ok(options) => faults.extend(self.unverified(&options)),
                Err(error) => faults.push(format!("database.url tidak dapat dibaca ({error})")),
            }
        } else if self.url.strip_prefix("sqlite:").is_none_or(str::is_empty) {
            faults.push("database.url harus sqlite:DIREKTORI atau postgres://…".to_owned());
        }
        if self.max_connections < 3 {
            faults.push("database.max_connections paling sedikit 3".to_owned());
        }
        faults
    }

    /// The fault of a server on another machine that is not verified, although the network may change what it sends.
    fn unverified(&self, options: &PgConnectOptions) -> Option<String> {
        let host = options.get_host();
        let local = options.get_socket().is_some() || on_this_machine(host);
        let verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
        (!local && !verified && !self.insecure).then(|| {
            format!(
                "database.url: peladen {host} tidak diperiksa sertifikatnya; tambahkan ?sslmode=verify-full (CA sendiri: \
                 &sslrootcert=BERKAS), atau isi database.insecure=true bila jaringannya sendiri yang mengamankan (the \
                 server is not verified)"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(url: &str, insecure: bool) -> Vec<String> {
        let url = url.to_owned();
        Database {
            url,
            insecure,
            ..Database::default()
        }
        .faults()
    }

    #[test]
    fn a_server_on_another_machine_is_verified_or_said_to_be_insecure() {
        for plain in [
            "postgres://prima:s3cret@db/prima",
            "postgres://prima@10.0.0.7/prima",
            "postgres://prima@[fd00::7]:5432/prima",
            "postgres://prima@db/prima?sslmode=disable",
            "postgres://prima@db/prima?sslmode=prefer",
            "postgres://prima@db/prima?sslmode=require",
            "postgres://prima@db/prima?sslmode=verify-ca",
            "postgres://prima@localhost/prima?host=db",
            "postgres://prima@127.0.0.1/prima?hostaddr=10.0.0.7",
        ] {
            let found = faults(plain, false);
            assert!(
                found.len() == 1 && found[0].contains("sslmode=verify-full") && !found[0].contains("s3cret"),
                "{plain}: {found:?}"
            );
            assert!(faults(plain, true).is_empty(), "{plain}");
        }
        for good in [
            "postgres://prima@db/prima?sslmode=verify-full",
            "postgres://prima@db/prima?sslmode=verify-full&sslrootcert=/etc/prima/ca.crt",
            "postgres://prima@127.0.0.1:5433/prima",
            "postgres://prima@[::1]/prima",
            "postgres://prima@localhost/prima",
            "postgres://prima@%2Fvar%2Frun%2Fpostgresql/prima",
            "postgres://prima@db/prima?host=/var/run/postgresql",
            "sqlite:./var",
        ] {
            assert!(
                faults(good, false).is_empty(),
                "{good}: {:?}",
                faults(good, false)
            );
        }
    }
}
