//! TLS of the listener: who is served, how the certificate changes, and clients that never finish a handshake.

use std::{fs, path::Path, sync::Arc};

use prima_platform::{
    config,
    testing::{
        attack::connect,
        certificates::{Authority, Pair},
        eventually,
    },
};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{
    Code,
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity},
};

use crate::{
    limits::{ATTACKER, CITIZEN, Caller, SAY, TestServer, without_rates},
    world::LONG,
};

const NAME: &str = "prima.test";

fn write(folder: &Path, pair: &Pair) {
    fs::write(folder.join("tls.crt"), &pair.certificate).unwrap();
    fs::write(folder.join("tls.key"), &pair.key).unwrap();
}

/// A listener with a certificate of `ca`, and the folder of its files.
async fn listener(ca: &Authority, change: impl FnOnce(&mut config::Grpc, &Path)) -> (TestServer, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &ca.server(&[NAME]));
    let mut config = config::Grpc {
        tls_certificate: folder.path().join("tls.crt"),
        tls_key: folder.path().join("tls.key"),
        ..without_rates()
    };
    change(&mut config, folder.path());
    (TestServer::start(config).await, folder)
}

/// A client that trusts `ca`, expects the server to be called `name`, and may have a certificate.
fn client(server: &TestServer, from: [u8; 4], ca: &Authority, name: &str, own: Option<&Pair>) -> Caller {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(ca.certificate()))
        .domain_name(name);
    if let Some(own) = own {
        tls = tls.identity(Identity::from_pem(&own.certificate, &own.key));
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", server.address)).unwrap();
    let endpoint = endpoint.tls_config(tls).unwrap().local_address(Some(from.into()));
    Caller {
        channel: endpoint.connect_lazy(),
        headers: Vec::new(),
    }
}

/// Asserts that no call gets through.
async fn refused(caller: Caller, what: &str) {
    let status = caller.call(SAY, 10).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{what}: {status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_client_that_knows_the_server_calls_it() {
    let (ca, other) = (Authority::new("CA"), Authority::new("CA"));
    let (server, _folder) = listener(&ca, |_, _| {}).await;
    let caller = client(&server, CITIZEN, &ca, NAME, None);
    caller.call(SAY, 10).await.unwrap();
    let mut watch = caller.watch().await.unwrap();
    refused(client(&server, CITIZEN, &other, NAME, None), "another authority").await;
    refused(client(&server, CITIZEN, &ca, "other.test", None), "another name").await;
    let plain = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let plain = Caller {
        channel: plain.connect_lazy(),
        headers: Vec::new(),
    };
    assert!(plain.call(SAY, 10).await.is_err(), "without TLS");
    drop(server);
    assert!(watch.message().await.is_err());
}

/// A handshake below the level of calls.
async fn handshake(
    server: &TestServer,
    ca: &Authority,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(ca.certificate().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tcp = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_speaks_both_versions_of_http_over_tls_1_2_and_1_3() {
    let ca = Authority::new("CA");
    let (server, _folder) = listener(&ca, |_, _| {}).await;
    for version in [&TLS12, &TLS13] {
        let stream = handshake(&server, &ca, &[version], &["h2", "http/1.1"])
            .await
            .unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(session.alpn_protocol(), Some(&b"h2"[..]));
        let stream = handshake(&server, &ca, &[version], &["http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(handshake(&server, &ca, &[version], &["spdy/3"]).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_serves_new_connections_and_open_ones_continue() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let (server, folder) = listener(&old, |_, _| {}).await;
    let open = client(&server, CITIZEN, &old, NAME, None);
    let mut watch = open.watch().await.unwrap();
    // One file after the other, as an operator copies them.
    let next = new.server(&[NAME]);
    fs::write(folder.path().join("tls.crt"), &next.certificate).unwrap();
    fs::write(folder.path().join("tls.key"), &next.key).unwrap();
    let served = eventually(LONG, || async {
        client(&server, ATTACKER, &new, NAME, None)
            .call(SAY, 10)
            .await
            .ok()
    });
    served.await.expect("the new certificate is used");
    refused(client(&server, ATTACKER, &old, NAME, None), "the old authority").await;
    open.call(SAY, 10).await.unwrap();
    // The stream has not ended either: it has nothing to say.
    use futures::FutureExt;
    assert!(watch.message().now_or_never().is_none());

    // A file that can't be used changes nothing; the next good one is used.
    fs::write(folder.path().join("tls.key"), "no key").unwrap();
    client(&server, ATTACKER, &new, NAME, None)
        .call(SAY, 10)
        .await
        .unwrap();
    write(folder.path(), &old.server(&[NAME]));
    let served = eventually(LONG, || async {
        client(&server, ATTACKER, &old, NAME, None)
            .call(SAY, 10)
            .await
            .ok()
    });
    served.await.expect("the certificate is read again after a fault");
    open.call(SAY, 10).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_need_a_certificate_of_the_authority_where_one_is_named() {
    let (ca, other) = (Authority::new("CA"), Authority::new("CA"));
    let clients = Authority::new("clients");
    for optional in [false, true] {
        let (server, _folder) = listener(&ca, |config, folder| {
            config.tls_client_ca = folder.join("ca.crt");
            config.tls_client_optional = optional;
            fs::write(&config.tls_client_ca, clients.certificate()).unwrap();
        })
        .await;
        let known = clients.client("survey");
        client(&server, CITIZEN, &ca, NAME, Some(&known))
            .call(SAY, 10)
            .await
            .unwrap();
        let unknown = client(&server, CITIZEN, &ca, NAME, None);
        if optional {
            unknown.call(SAY, 10).await.unwrap();
        } else {
            assert!(unknown.call(SAY, 10).await.is_err(), "no certificate");
        }
        for (pair, what) in [
            (other.client("survey"), "another authority"),
            (ca.client("survey"), "the authority of servers"),
            (clients.server(&["survey"]), "a certificate for a server"),
        ] {
            let caller = client(&server, CITIZEN, &ca, NAME, Some(&pair));
            assert!(
                caller.call(SAY, 10).await.is_err(),
                "{what}, optional: {optional}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_never_end_leave_room_for_other_peers() {
    let ca = Authority::new("CA");
    let (server, _folder) = listener(&ca, |config, _| {
        config.max_connections = 200;
        config.receive_seconds = 2;
    })
    .await;
    // The header of a handshake record whose 512 bytes never come, one that stops after its first bytes, and nothing.
    let beginnings: [&[u8]; 3] = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3], &[22, 3], &[]];
    let mut silent = Vec::new();
    for n in 0..150 {
        let mut tcp = connect(server.address, ATTACKER.into()).await.unwrap();
        // Beyond its share the server closes the connection, perhaps before this is sent.
        let _sent = tcp.write_all(beginnings[n % beginnings.len()]).await;
        silent.push(tcp);
    }
    let citizen = client(&server, CITIZEN, &ca, NAME, None);
    citizen.call(SAY, 10).await.unwrap();
    // Some have finished the handshake and do not begin HTTP/2.
    for _ in 0..10 {
        silent.extend(handshake_from(&server, &ca).await);
    }
    for (n, mut tcp) in silent.into_iter().enumerate() {
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(LONG, tcp.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "connection {n} is closed");
    }
    client(&server, ATTACKER, &ca, NAME, None)
        .call(SAY, 10)
        .await
        .unwrap();
    citizen.call(SAY, 10).await.unwrap();
}

/// A connection from this machine that ends its handshake and then says nothing.
async fn handshake_from(server: &TestServer, ca: &Authority) -> Option<TcpStream> {
    let stream = handshake(server, ca, &[&TLS13], &["h2"]).await.ok()?;
    Some(stream.into_inner().0)
}
