//! PostgreSQL and NATS with TLS: only the server with the expected name and authority is used.

use std::{fs, path::Path};

use prima_platform::{
    bus::{Bus, jetstream::JetStream},
    config,
    db::{Database, sql},
    testing::{
        certificates::{Authority, Pair},
        eventually,
        nats::Nats,
        postgres::Postgres,
    },
};
use sea_orm::{ConnectionTrait, DbErr};
use tempfile::TempDir;

use crate::world::LONG;

/// Writes a file of this name, and returns its path.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Makes the server use TLS with this certificate.
async fn encrypt(postgres: &Postgres, url: &str, pair: &Pair) {
    for (name, text) in [("server.crt", &pair.certificate), ("server.key", &pair.key)] {
        let path = postgres.dir().join("data").join(name);
        fs::write(&path, text).unwrap();
        postgres.own(&path);
    }
    let admin = sea_orm::Database::connect(url).await.unwrap();
    admin
        .execute_unprepared("ALTER SYSTEM SET ssl = on")
        .await
        .unwrap();
    admin.close().await.unwrap();
    postgres.restart();
}

/// Connects, and returns whether the connection is encrypted.
async fn encrypted(url: &str) -> Result<bool, DbErr> {
    let config = config::Database {
        url: url.to_owned(),
        ..config::Database::default()
    };
    let db = Database::connect(&config, "survey").await?;
    let reader = db.reader();
    let text = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = reader.query_one_raw(sql(reader, text, [])).await?.unwrap();
    let encrypted = row.try_get("", "ssl")?;
    db.close().await;
    Ok(encrypted)
}

#[tokio::test]
async fn postgres_is_used_only_with_the_expected_name_and_authority() {
    let (ca, other) = (Authority::new("CA"), Authority::new("CA"));
    let folder = tempfile::tempdir().unwrap();
    let ca_file = file(folder.path(), "ca.crt", ca.certificate());
    let other_file = file(folder.path(), "other.crt", other.certificate());
    let postgres = Postgres::start();
    let url = postgres.fresh_database().await;
    let verified = format!("{url}?sslmode=verify-full&sslrootcert={ca_file}");
    assert!(!encrypted(&url).await.unwrap());
    let refused = |result: Result<bool, DbErr>, what: &str| assert!(result.is_err(), "{what}");
    refused(encrypted(&verified).await, "a server without TLS");

    encrypt(&postgres, &url, &ca.server(&["127.0.0.1"])).await;
    assert!(encrypted(&verified).await.unwrap());
    let wrong = format!("{url}?sslmode=verify-full&sslrootcert={other_file}");
    refused(encrypted(&wrong).await, "another authority");
    refused(
        encrypted(&format!("{url}?sslmode=verify-full")).await,
        "an authority of the public ones",
    );

    encrypt(&postgres, &url, &ca.server(&["other.test", "127.0.0.2"])).await;
    refused(encrypted(&verified).await, "another name");
    encrypt(&postgres, &url, &other.server(&["127.0.0.1"])).await;
    refused(encrypted(&verified).await, "a certificate of another authority");
    assert!(encrypted(&wrong).await.unwrap());
}

/// A server with TLS, which asks clients for a certificate of the authority `clients` if there is one.
fn nats(folder: &TempDir, pair: &Pair, clients: Option<&Authority>) -> Nats {
    let path = folder.path();
    let (certificate, key) = (
        file(path, "nats.crt", &pair.certificate),
        file(path, "nats.key", &pair.key),
    );
    let verify = clients.map(|clients| {
        let ca = file(path, "clients.crt", clients.certificate());
        format!("verify: true, ca_file: {ca:?},")
    });
    Nats::start_with(&format!(
        "jetstream {{\n  store_dir: /data\n}}\ntls {{ {} cert_file: {certificate:?}, key_file: {key:?} }}\n",
        verify.unwrap_or_default()
    ))
}

/// Connects to the server at the URL with this scheme.
async fn connect(nats: &Nats, scheme: &str, config: config::Bus) -> JetStream {
    let url = nats.url().replace("nats://", scheme);
    let config = config::Bus { url, ..config };
    JetStream::connect(&config, "survey").await.unwrap()
}

/// Asserts that the connection works.
async fn works(bus: &JetStream) {
    let mut connection = bus.connection();
    tokio::time::timeout(LONG, connection.wait_for(|c| c.up))
        .await
        .unwrap()
        .unwrap();
    bus.ensure_stream("survey").await.unwrap();
}

/// Waits until the server has seen an attempt fail for this reason; then asserts that the connection was never there.
async fn fails(nats: &Nats, bus: &JetStream, reason: &str, what: &str) {
    let seen = eventually(LONG, || async { nats.log().contains(reason).then_some(()) }).await;
    assert!(seen.is_some(), "{what}: {}", nats.log());
    assert_eq!(bus.connection().borrow().epoch, 0, "{what}");
}

const HANDSHAKE: &str = "TLS handshake error";

#[tokio::test]
async fn nats_is_used_only_with_the_expected_name_and_authority() {
    let (ca, other) = (Authority::new("CA"), Authority::new("CA"));
    let folder = tempfile::tempdir().unwrap();
    let trusting = |authority: &Authority| config::Bus {
        ca: file(folder.path(), "ca.crt", authority.certificate()).into(),
        ..config::Bus::default()
    };
    let server = nats(&folder, &ca.server(&["127.0.0.1"]), None);
    works(&connect(&server, "tls://", trusting(&ca)).await).await;
    let wrong = connect(&server, "tls://", trusting(&other)).await;
    fails(&server, &wrong, HANDSHAKE, "another authority").await;

    let server = nats(&folder, &ca.server(&["other.test", "127.0.0.2"]), None);
    let wrong = connect(&server, "tls://", trusting(&ca)).await;
    fails(&server, &wrong, HANDSHAKE, "another name").await;

    // A server that speaks no TLS, as somebody in between would pretend.
    let server = Nats::start();
    let wrong = connect(&server, "tls://", trusting(&ca)).await;
    fails(&server, &wrong, "parser ERROR", "a server without TLS").await;
}

#[tokio::test]
async fn nats_gets_the_certificate_of_the_client() {
    let (ca, clients) = (Authority::new("CA"), Authority::new("clients"));
    let folder = tempfile::tempdir().unwrap();
    let server = nats(&folder, &ca.server(&["127.0.0.1"]), Some(&clients));
    let own = clients.client("survey");
    let config = config::Bus {
        ca: file(folder.path(), "ca.crt", ca.certificate()).into(),
        ..config::Bus::default()
    };
    let without = connect(&server, "tls://", config.clone()).await;
    fails(&server, &without, HANDSHAKE, "no certificate").await;
    let with = config::Bus {
        certificate: file(folder.path(), "own.crt", &own.certificate).into(),
        key: file(folder.path(), "own.key", &own.key).into(),
        ..config
    };
    works(&connect(&server, "tls://", with).await).await;
}
