//! Guarantees that remain when callers cancel, and when a database or bus is replaced by another one.

use std::time::Duration;

use futures::{StreamExt, stream};
use prima_platform::testing::{eventually, proxy::Proxy};
use prima_proto::directory::v1 as directory;
use prima_tests::{
    Cluster, DEADLINE, Suite,
    client::Client,
    process::{Process, Service, binary},
};
use tonic::Request;

/// A client of the directory alone.
fn client(cluster: &Cluster, process: &Process) -> Client {
    Client::new(&process.url(), &process.url(), &process.url(), &cluster.admin())
}

fn agency(id: &str) -> directory::CreateAgencyRequest {
    directory::CreateAgencyRequest {
        request_id: format!("agency-{id}"),
        agency_id: id.to_owned(),
        agency: Some(directory::Agency {
            display_name: format!("Instansi {id}"),
            kind: directory::AgencyKind::Provinsi as i32,
            ..directory::Agency::default()
        }),
    }
}

/// Runs `prima` with these arguments on the database of a cluster.
fn prima(database: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(binary())
        .args(arguments)
        .args(["--database", database])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A call whose deadline passes is dropped at any point; with a slow database that is often during BEGIN.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_calls_leave_no_transaction_open() {
    let cluster = Cluster::start().await;
    let proxy = Proxy::start(cluster.postgres.address()).await;
    let directory = cluster
        .command(Service::Directory)
        .database(&proxy.url(&cluster.database))
        .start()
        .await;
    directory.wait_ready().await;
    proxy.delay(Duration::from_millis(15));
    let client = client(&cluster, &directory);
    let calls = (0..240_u64).map(|n| {
        let mut client = client.directory.clone();
        async move {
            let id = format!("a{n}");
            let mut request = Request::new(agency(&id));
            request.set_timeout(Duration::from_millis(30 + n * 7 % 61));
            client.create_agency(request).await.is_ok().then_some(id)
        }
    });
    let acknowledged: Vec<_> = stream::iter(calls).buffer_unordered(4).collect().await;
    proxy.delay(Duration::ZERO);
    for id in acknowledged.into_iter().flatten() {
        let request = directory::GetAgencyRequest {
            name: format!("agencies/{id}"),
        };
        client.directory.clone().get_agency(request).await.unwrap();
    }
    // What is written now reaches the bus: no open transaction blocks the relay.
    client
        .directory
        .clone()
        .create_agency(agency("later"))
        .await
        .unwrap();
    cluster.settle("directory").await;
    let idle = eventually(DEADLINE, || async {
        let open = cluster
            .number(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
                 AND application_name = 'prima-directory' AND state LIKE 'idle in transaction%'",
            )
            .await;
        (open == 0).then_some(())
    });
    idle.await.expect("a transaction stays open");
    let log = directory.log();
    assert!(!log.contains("already a transaction in progress"), "{log}");
}

/// An operator mistypes the database of a service: the empty database must not withdraw what it does not contain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_on_an_empty_database_does_not_empty_the_bus() {
    let mut suite = Suite::start().await;
    suite.client.unit("32", "3271").await;
    suite.cluster.settle("directory").await;
    // The head of its audit log may still have been on its way.
    suite.directory.stop().await;
    let before = suite.cluster.heads("directory").await;

    let empty = suite.cluster.fresh_database().await;
    let stranger = suite
        .cluster
        .command(Service::Directory)
        .database(&empty)
        .start()
        .await;
    let mut there = client(&suite.cluster, &stranger);
    there.unit("51", "5171").await;
    let reported = eventually(DEADLINE, || async {
        stranger.log().contains("--adopt").then_some(())
    });
    reported.await.expect("the operator is not informed");
    assert_eq!(suite.cluster.heads("directory").await, before);

    // The operator confirms it.
    prima(&empty, &["reconcile", "directory", "--adopt"]);
    let adopted = eventually(DEADLINE, || async {
        let heads = suite.cluster.heads("directory").await;
        heads
            .contains_key("prima.directory.unit.5171.dpmptsp")
            .then_some(())
    });
    adopted.await.expect("not adopted");
    // Now the first database is the foreign one, until it is adopted.
    let mut stranger = stranger;
    stranger.stop().await;
    suite.directory.restart().await;
    let reported = eventually(DEADLINE, || async {
        suite.directory.log().contains("--adopt").then_some(())
    });
    reported.await.expect("the operator is not informed");
    prima(&suite.cluster.database, &["reconcile", "directory", "--adopt"]);
    let back = eventually(DEADLINE, || async {
        let heads = suite.cluster.heads("directory").await;
        let living = before.keys().all(|subject| heads.contains_key(subject));
        (living && heads["prima.directory.unit.3271.dpmptsp"] > before["prima.directory.unit.3271.dpmptsp"])
            .then_some(())
    });
    back.await
        .expect("the first owner does not fill the stream again");
}
