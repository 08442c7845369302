//! Configuration of the bus between services.

use std::path::PathBuf;

use async_nats::ServerAddr;
use serde::{Deserialize, Serialize};

use super::on_this_machine;

/// The bus between services.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bus {
    /// `memory:` (all services in this process), `nats://…`, or `tls://…`, which a server on another machine needs;
    /// several addresses of a cluster with commas between.
    pub url: String,
    /// File of the CAs that may have signed the certificate of a `tls://` server, PEM; empty for those of the system.
    pub ca: PathBuf,
    /// File of the client certificate, PEM, for servers that demand one; empty for none.
    pub certificate: PathBuf,
    /// File of its private key, PEM.
    pub key: PathBuf,
    /// Prefix of the JetStream API of other services' streams. `JS.API` with the accounts of `deploy/nats/nats.conf`, where
    /// each service has an account of its own and imports what it may read; the default where all share one account.
    pub api_prefix: String,
    /// Whether connections to a server on another machine may be plain: where the network itself encrypts and
    /// authenticates, or for development.
    pub insecure: bool,
    /// Replicas of each stream; 3 in production.
    pub replicas: usize,
    /// Size from which a stream accepts no new subjects, bytes.
    pub max_bytes: i64,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            url: "memory:".into(),
            ca: PathBuf::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            api_prefix: "$JS.API".into(),
            insecure: false,
            replicas: 1,
            max_bytes: 4 << 30,
        }
    }
}

impl Bus {
    /// The addresses of the server or cluster. Fails when one can't be read.
    pub(crate) fn addresses(&self) -> std::io::Result<Vec<ServerAddr>> {
        self.url
            .split(',')
            .map(|address| address.trim().parse())
            .collect()
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.url == "memory:" {
            return faults;
        }
        let scheme = |address: &str| address.starts_with("nats://") || address.starts_with("tls://");
        if !self.url.split(',').map(str::trim).all(scheme) {
            return vec!["bus.url harus memory:, nats://…, atau tls://…".to_owned()];
        }
        match self.addresses() {
            Ok(addresses) => {
                let plain =
                    |address: &&ServerAddr| !address.tls_required() && !on_this_machine(address.host());
                if let (Some(plain), false) = (addresses.iter().find(plain), self.insecure) {
                    faults.push(format!(
                        "bus.url: sambungan ke {} tidak dienkripsi; pakai tls://, atau isi bus.insecure=true bila \
                         jaringannya sendiri yang mengamankan (the connection is not encrypted)",
                        plain.host()
                    ));
                }
            }
            Err(error) => faults.push(format!("bus.url tidak dapat dibaca ({error})")),
        }
        if self.certificate.as_os_str().is_empty() != self.key.as_os_str().is_empty() {
            faults.push("bus.certificate dan bus.key harus diisi keduanya".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(url: &str, insecure: bool) -> Vec<String> {
        let url = url.to_owned();
        Bus {
            url,
            insecure,
            ..Bus::default()
        }
        .faults()
    }

    #[test]
    fn a_server_on_another_machine_is_reached_by_tls_or_said_to_be_insecure() {
        for plain in [
            "nats://survey:s3cret@nats:4222",
            "nats://10.0.0.7",
            "nats://[fd00::7]:4222",
            "tls://a:4222,nats://b:4222",
            "nats://127.0.0.1:4222, nats://b:4222",
        ] {
            let found = faults(plain, false);
            assert!(
                found.len() == 1 && found[0].contains("tls://") && !found[0].contains("s3cret"),
                "{plain}: {found:?}"
            );
            assert!(faults(plain, true).is_empty(), "{plain}");
        }
        for good in [
            "memory:",
            "tls://survey:s3cret@nats:4222",
            "tls://a:4222,tls://b:4222",
            "nats://127.0.0.1:4222",
            "nats://[::1]:4222",
            "nats://localhost:4222,nats://127.0.0.2:4222",
        ] {
            assert!(
                faults(good, false).is_empty(),
                "{good}: {:?}",
                faults(good, false)
            );
        }
        assert_eq!(faults("tls://a:4222,ws://b", true).len(), 1);
    }
}
