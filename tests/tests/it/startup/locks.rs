//! Only one process may use a database file of SQLite.

use std::fs;

use prima_platform::testing::eventually;
use prima_tests::{DEADLINE, process::Service};

use super::{Machine, prima, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_served_by_one_process_and_its_neighbour_by_another() {
    let machine = Machine::new();
    let mut first = machine.command(Service::Directory).start().await;
    let neighbour = machine.command(Service::Survey).start().await;

    let mut second = machine.command(Service::Directory).spawn();
    assert_eq!(second.wait().await, 1, "{}", second.log());
    let lock = machine.dir.path().join("directory.lock").display().to_string();
    assert!(second.log().contains(&lock), "{}", second.log());

    let mut up = machine.command(Service::Up).spawn();
    assert_eq!(up.wait().await, 1, "{}", up.log());
    assert!(up.log().contains(&lock), "{}", up.log());
    for file in ["key.pem", "token", "complaint.key", "ranking.db"] {
        assert!(!machine.has_file(file), "{file} was written");
    }

    // Neither command disturbed the running services.
    machine.client(&first).unit("32", "3271").await;
    neighbour.wait_ready().await;

    first.kill();
    first.restart().await;
    machine.client(&first).unit("33", "3374").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_of_all_services_is_refused_before_it_writes() {
    let machine = Machine::new();
    let mut first = machine.command(Service::Up).start().await;
    let token = fs::read(machine.dir.path().join("token")).unwrap();

    let mut second = machine.command(Service::Up).spawn();
    assert_eq!(second.wait().await, 1, "{}", second.log());
    let lock = machine.dir.path().join("lock").display().to_string();
    assert!(second.log().contains(&lock), "{}", second.log());
    let other = format!("{}/other", machine.database());
    let mut elsewhere = machine.command(Service::Up).database(&other).spawn();
    assert_eq!(elsewhere.wait().await, 1, "{}", elsewhere.log());
    let mut alone = machine.command(Service::Ranking).spawn();
    assert_eq!(alone.wait().await, 1, "{}", alone.log());
    assert_eq!(fs::read(machine.dir.path().join("token")).unwrap(), token);
    first.wait_ready().await;

    first.kill();
    first.restart().await;
    first.wait_ready().await;
    assert_eq!(first.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn single_transactions_work_beside_a_running_service_and_a_migration_does_not() {
    let machine = Machine::new();
    let database = machine.database();
    let directory = machine.command(Service::Directory).start().await;
    machine.client(&directory).unit("32", "3271").await;
    let subject = "prima.directory.unit.3271.dpmptsp";
    let published = eventually(DEADLINE, || machine.head("directory", subject)).await;
    let before = published.expect("the unit is published").version;

    let migrated = prima(&["migrate", "directory", "--database", &database], &[]);
    assert_eq!(migrated.status.code(), Some(1));
    assert!(text(&migrated.stderr).contains("directory.lock"));

    let listed = prima(
        &["dead-letters", "directory", "--retry", "--database", &database],
        &[],
    );
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let staged = prima(
        &["reconcile", "directory", "--restage", "--database", &database],
        &[],
    );
    assert!(staged.status.success(), "{}", text(&staged.stderr));
    let again = eventually(DEADLINE, || async {
        let head = machine.head("directory", subject).await?;
        (head.version > before).then_some(())
    });
    again
        .await
        .expect("the running service publishes what was staged again");
}
