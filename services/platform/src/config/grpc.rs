//! Configuration of the gRPC server and of its limits.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::list;

/// The gRPC server.
///
/// No peer, connection, token or class of methods can use up a limit: each of them gets at most a share of every limit.
/// A share of a small limit, of 64 places or fewer, is the whole of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grpc {
    /// Address and port; port 0 selects a free one. An address that other machines reach needs a certificate, or
    /// `tls_proxy`.
    pub listen: String,
    /// File of the certificate with which the listener speaks TLS (1.2 or 1.3), PEM, those of intermediate CAs behind it;
    /// empty for no TLS. It and the two files below are read again when they change; a version that can't be used is
    /// logged, and the one before stays in use. New connections use the new ones.
    pub tls_certificate: PathBuf,
    /// File of its private key, PEM.
    pub tls_key: PathBuf,
    /// File of the CAs that sign the certificates of clients, PEM: only clients with such a certificate are served.
    /// Empty when clients need none.
    pub tls_client_ca: PathBuf,
    /// Whether clients without a certificate are served although `tls_client_ca` is set; one that is presented is
    /// verified.
    pub tls_client_optional: bool,
    /// Whether a proxy or a service mesh in front of the listener speaks TLS for it, on every way to it.
    pub tls_proxy: bool,
    /// Longest message accepted, bytes.
    pub max_message_bytes: usize,
    /// Most calls in progress, each until its response was received; further calls are shed with `RESOURCE_EXHAUSTED`.
    /// An eighth is reserved for each class: calls with a token, calls without one, streams of requests, and the
    /// opening of watches.
    pub max_concurrent_requests: usize,
    /// Most open `Watch…` streams per service; further ones are refused with `RESOURCE_EXHAUSTED`.
    pub max_watchers: usize,
    /// Most connections; further ones are closed at once.
    pub max_connections: usize,
    /// Most open calls and streams on one connection; clients delay further ones.
    pub max_streams_per_connection: u32,
    /// Most bytes of requests that are not complete yet, in the whole process; a request beyond that is refused with
    /// `RESOURCE_EXHAUSTED`. The first 16 KiB of each call do not count.
    pub max_bytes_in_flight: usize,
    /// Share of each limit for one address of callers (in IPv6: one /64 network), percent.
    pub peer_percent: usize,
    /// Share of each limit for one connection, percent.
    pub connection_percent: usize,
    /// Share of each limit for the callers of one token, percent.
    pub token_percent: usize,
    /// Most calls without a token from one address per second, which is also the size of a burst; 0 for no limit.
    pub calls_per_second_per_peer: u32,
    /// Most calls with one token per second, which is also the size of a burst; 0 for no limit.
    pub calls_per_second_per_token: u32,
    /// How long the server waits for a request, seconds: for the whole of it, or for each message of a stream; also how
    /// long a new connection may take to begin HTTP/2, or to send the head of its first request by HTTP/1.1.
    pub receive_seconds: u64,
    /// How long a `Watch…` client may leave a message unread, seconds.
    pub watch_stall_seconds: u64,
    /// Maximum age of a connection, seconds, a tenth more or less; then the client gets GOAWAY and opens a new one, so
    /// that clients are distributed over the replicas. Calls and streams in progress continue to their end.
    pub max_connection_age_seconds: u64,
    /// Interval of keepalive pings on an idle connection, and the time after which a connection without a response is
    /// dropped, seconds.
    pub keepalive_seconds: u64,
    /// How long calls may continue after a stop was requested, seconds.
    pub shutdown_grace_seconds: u64,
    /// Addresses and networks (`10.0.0.7`, `10.0.0.0/8`) of proxies whose header with the caller's address is trusted.
    /// Their connections have no share of their own, neither by connection nor by peer. The header is ignored from
    /// other addresses.
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<String>,
    /// Name of that header; its last address that is not a trusted proxy is the peer.
    pub forwarded_header: String,
    /// Whether to serve reflection.
    pub reflection: bool,
}

impl Default for Grpc {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:50051".into(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            tls_client_ca: PathBuf::new(),
            tls_client_optional: false,
            tls_proxy: false,
            max_message_bytes: 4 << 20,
            max_concurrent_requests: 1024,
            max_watchers: 1024,
            max_connections: 1024,
            max_streams_per_connection: 256,
            max_bytes_in_flight: 128 << 20,
            peer_percent: 50,
            connection_percent: 25,
            token_percent: 50,
            calls_per_second_per_peer: 2000,
            calls_per_second_per_token: 50_000,
            receive_seconds: 30,
            watch_stall_seconds: 30,
            max_connection_age_seconds: 300,
            keepalive_seconds: 20,
            shutdown_grace_seconds: 10,
            trusted_proxies: Vec::new(),
            forwarded_header: "x-forwarded-for".into(),
            reflection: true,
        }
    }
}

/// Parses a network; an address is a network with one address.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).ok()
}

impl Grpc {
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, zero) in [
            ("max_concurrent_requests", self.max_concurrent_requests == 0),
            ("max_connections", self.max_connections == 0),
            ("max_streams_per_connection", self.max_streams_per_connection == 0),
            ("receive_seconds", self.receive_seconds == 0),
            ("max_connection_age_seconds", self.max_connection_age_seconds == 0),
            ("keepalive_seconds", self.keepalive_seconds == 0),
        ] {
            if zero {
                faults.push(format!("grpc.{name} paling sedikit 1"));
            }
        }
        for (name, percent) in [
            ("peer_percent", self.peer_percent),
            ("connection_percent", self.connection_percent),
            ("token_percent", self.token_percent),
        ] {
            if !(1..=100).contains(&percent) {
                faults.push(format!("grpc.{name} harus 1 sampai 100"));
            }
        }
        if self.max_bytes_in_flight < self.max_message_bytes {
            faults.push("grpc.max_bytes_in_flight paling sedikit grpc.max_message_bytes".to_owned());
        }
        for text in self.trusted_proxies.iter().filter(|text| network(text).is_none()) {
            faults.push(format!(
                "grpc.trusted_proxies: `{text}` bukan alamat atau jaringan IP, misalnya 10.0.0.7 atau 10.0.0.0/8"
            ));
        }
        if http::HeaderName::try_from(&self.forwarded_header).is_err() {
            faults.push(format!(
                "grpc.forwarded_header `{}` bukan nama header, misalnya x-forwarded-for",
                self.forwarded_header
            ));
        }
        match self.listen.parse::<SocketAddr>() {
            Ok(address) if self.is_open(address) => faults.push(format!(
                "grpc.listen {address} dapat dijangkau mesin lain tanpa TLS; isi grpc.tls_certificate dan grpc.tls_key, \
                 atau grpc.tls_proxy=true bila proksi di depannya yang mengenkripsi (other machines reach it without TLS)"
            )),
            Ok(_) => {}
            Err(_) => faults.push(format!(
                "grpc.listen `{}` tidak berbentuk ALAMAT:PORTA, misalnya 127.0.0.1:50051",
                self.listen
            )),
        }
        let [certificate, key, client_ca] = [&self.tls_certificate, &self.tls_key, &self.tls_client_ca]
            .map(|file| !file.as_os_str().is_empty());
        if certificate != key {
            faults.push("grpc.tls_certificate dan grpc.tls_key harus diisi keduanya".to_owned());
        }
        if client_ca && !certificate {
            faults.push("grpc.tls_client_ca memerlukan grpc.tls_certificate".to_owned());
        }
        if self.tls_client_optional && !client_ca {
            faults.push("grpc.tls_client_optional memerlukan grpc.tls_client_ca".to_owned());
        }
        faults
    }

    /// Whether the listener speaks TLS itself.
    pub fn speaks_tls(&self) -> bool {
        !self.tls_certificate.as_os_str().is_empty()
    }

    /// Whether other machines reach `address`, and what they send can be read and changed on the way.
    fn is_open(&self, address: SocketAddr) -> bool {
        !(address.ip().to_canonical().is_loopback() || self.speaks_tls() || self.tls_proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_can_not_work_are_named() {
        let config = Grpc {
            max_connections: 0,
            peer_percent: 101,
            token_percent: 0,
            max_bytes_in_flight: 1,
            trusted_proxies: vec!["10.0.0.0/8".into(), "fd00::1".into(), "ingress".into()],
            forwarded_header: "x forwarded".into(),
            ..Grpc::default()
        };
        let faults = config.faults();
        for name in [
            "grpc.max_connections",
            "grpc.peer_percent",
            "grpc.token_percent",
            "grpc.max_bytes_in_flight",
            "grpc.trusted_proxies: `ingress`",
            "grpc.forwarded_header",
        ] {
            assert!(faults.iter().any(|f| f.starts_with(name)), "{name}: {faults:?}");
        }
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert!(Grpc::default().faults().is_empty());
    }
    fn listening(listen: &str) -> Grpc {
        Grpc {
            listen: listen.into(),
            ..Grpc::default()
        }
    }

    #[test]
    fn an_address_that_other_machines_reach_needs_tls_or_the_word_of_a_proxy() {
        for open in [
            "0.0.0.0:50051",
            "[::]:50051",
            "10.0.0.7:1",
            "[fd00::7]:1",
            "[::ffff:10.0.0.7]:1",
        ] {
            let plain = listening(open);
            let faults = plain.faults();
            assert!(
                faults.len() == 1 && faults[0].starts_with("grpc.listen"),
                "{open}: {faults:?}"
            );
            for word in [
                "tanpa TLS",
                "without TLS",
                "grpc.tls_certificate",
                "grpc.tls_proxy",
            ] {
                assert!(faults[0].contains(word), "{word}: {faults:?}");
            }
            let proxied = Grpc {
                tls_proxy: true,
                ..plain.clone()
            };
            assert!(proxied.faults().is_empty(), "{open}");
            let tls = Grpc {
                tls_certificate: "a.crt".into(),
                tls_key: "a.key".into(),
                ..plain
            };
            assert!(tls.faults().is_empty(), "{open}");
        }
        for local in [
            "127.0.0.1:0",
            "127.0.0.2:1",
            "[::1]:50051",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(listening(local).faults().is_empty(), "{local}");
        }
    }

    #[test]
    fn files_of_tls_that_lack_another_one_are_named() {
        for (config, name) in [
            (
                Grpc {
                    tls_certificate: "a".into(),
                    ..Grpc::default()
                },
                "grpc.tls_certificate",
            ),
            (
                Grpc {
                    tls_key: "a".into(),
                    ..Grpc::default()
                },
                "grpc.tls_certificate",
            ),
            (
                Grpc {
                    tls_client_ca: "a".into(),
                    ..Grpc::default()
                },
                "grpc.tls_client_ca",
            ),
            (
                Grpc {
                    tls_client_optional: true,
                    ..Grpc::default()
                },
                "grpc.tls_client_optional",
            ),
        ] {
            let faults = config.faults();
            assert!(faults.len() == 1 && faults[0].starts_with(name), "{faults:?}");
        }
    }
}
