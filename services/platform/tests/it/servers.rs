//! The test harness itself: its servers work, and end with the test.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use prima_platform::testing::{eventually, nats::Nats, postgres::Postgres, proxy::Proxy};
use sea_orm::ConnectionTrait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

use crate::world::LONG;

/// The test below runs this one in a separate process, which it kills.
#[tokio::test]
async fn holds_servers_until_killed() {
    let Ok(file) = std::env::var("PRIMA_TEST_HOLD_SERVERS") else {
        return;
    };
    let (nats, postgres) = (Nats::start(), Postgres::start());
    std::fs::write(file, format!("{} {}", nats.address(), postgres.address())).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_test_leaves_no_server_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("addresses");
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "servers::holds_servers_until_killed", "--nocapture"])
        .env("PRIMA_TEST_HOLD_SERVERS", &file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = eventually(LONG, || async {
        let addresses = std::fs::read_to_string(&file).ok()?;
        let (nats, postgres) = addresses.split_once(' ')?;
        Some((nats.to_owned(), postgres.to_owned()))
    });
    let (nats, postgres) = started.await.expect("servers start");
    for address in [&nats, &postgres] {
        assert!(
            TcpStream::connect(address).await.is_ok(),
            "{address} does not answer"
        );
    }
    test.kill().unwrap();
    test.wait().unwrap();
    for address in [nats, postgres] {
        let gone = eventually(LONG, || async {
            TcpStream::connect(&address).await.is_err().then_some(())
        });
        gone.await.unwrap_or_else(|| panic!("{address} still answers"));
    }
}

#[tokio::test]
async fn databases_are_fresh_and_survive_a_crash_of_their_server() {
    let postgres = Postgres::start();
    let (one, other) = (postgres.fresh_database().await, postgres.fresh_database().await);
    assert_ne!(one, other);
    let connect = async |url: &str| sea_orm::Database::connect(url).await.unwrap();
    let db = connect(&one).await;
    db.execute_unprepared("CREATE TABLE t (v BIGINT); INSERT INTO t VALUES (7)")
        .await
        .unwrap();
    assert!(
        connect(&other)
            .await
            .execute_unprepared("SELECT v FROM t")
            .await
            .is_err()
    );
    postgres.restart();
    assert_eq!(
        connect(&one)
            .await
            .execute_unprepared("DELETE FROM t WHERE v = 7")
            .await
            .unwrap()
            .rows_affected(),
        1
    );
}

#[tokio::test]
async fn nats_keeps_its_storage_unless_wiped() {
    let mut nats = Nats::start();
    let streams = async |nats: &Nats| {
        let client = async_nats::connect(nats.url()).await.unwrap();
        async_nats::jetstream::new(client)
            .query_account()
            .await
            .unwrap()
            .streams
    };
    let client = async_nats::connect(nats.url()).await.unwrap();
    async_nats::jetstream::new(client)
        .create_stream("KEPT")
        .await
        .unwrap();
    let url = nats.url();
    nats.kill();
    nats.restart();
    assert_eq!((nats.url(), streams(&nats).await), (url, 1));
    nats.wipe_storage();
    nats.restart();
    assert_eq!(streams(&nats).await, 0);
}

/// A server that echoes all data.
async fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn says(stream: &mut TcpStream, word: &[u8]) -> std::io::Result<()> {
    stream.write_all(word).await?;
    let mut heard = vec![0; word.len()];
    stream.read_exact(&mut heard).await?;
    assert_eq!(heard, word);
    Ok(())
}

#[tokio::test]
async fn a_proxy_passes_delays_stalls_forgets_and_cuts() {
    let proxy = Proxy::start(echo().await).await;
    let connect = async || TcpStream::connect(proxy.address()).await.unwrap();
    let mut stream = connect().await;
    says(&mut stream, b"pass").await.unwrap();

    proxy.delay(Duration::from_millis(60));
    let start = Instant::now();
    says(&mut stream, b"delay").await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(120), "there and back");
    proxy.delay(Duration::ZERO);

    proxy.stall();
    stream.write_all(b"stall").await.unwrap();
    let mut heard = [0; 5];
    assert!(
        timeout(Duration::from_millis(100), stream.read_exact(&mut heard))
            .await
            .is_err()
    );
    assert_eq!(proxy.held(), 5);
    proxy.restore();
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"stall");

    proxy.forget();
    stream.write_all(b"forgotten").await.unwrap();
    let mut anew = connect().await;
    says(&mut anew, b"new").await.unwrap();
    eventually(LONG, || async { (proxy.held() == 9).then_some(()) })
        .await
        .expect("the old one is held back");
    proxy.restore();
    says(&mut anew, b"still new").await.unwrap();
    assert_eq!(proxy.held(), 9, "for ever");

    let mut stream = anew;
    proxy.cut();
    assert!(says(&mut stream, b"cut").await.is_err());
    assert!(says(&mut connect().await, b"still cut").await.is_err());
    proxy.restore();
    says(&mut connect().await, b"restored").await.unwrap();
    assert_eq!(
        proxy.url("postgres://prima@127.0.0.1:1/db"),
        format!("postgres://prima@{}/db", proxy.address())
    );
    assert_eq!(
        proxy.url("nats://127.0.0.1:1"),
        format!("nats://{}", proxy.address())
    );
}
