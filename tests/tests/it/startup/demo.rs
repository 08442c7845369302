//! A stop while the demo data is being loaded.

use prima_platform::{db::sql, testing::eventually};
use prima_tests::{DEADLINE, process::Service};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use super::Machine;

async fn open(machine: &Machine, service: &str) -> DatabaseConnection {
    let file = machine.dir.path().join(format!("{service}.db"));
    Database::connect(format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_cancels_the_loading_without_an_error() {
    let machine = Machine::new();
    let mut up = machine.command(Service::Up).demo().start().await;
    // The calls that create surveys, which follow the last innovation, wait for this transaction.
    let survey = open(&machine, "survey").await;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let blocked = survey.begin_with_options(options).await.unwrap();
    let innovations = open(&machine, "innovation").await;
    let loading = eventually(DEADLINE, || async {
        let text = "SELECT count(*) FROM innovation";
        let counted = sql(&innovations, text, []);
        let row = innovations.query_one_raw(counted).await.unwrap().unwrap();
        let count: i64 = row.try_get_by_index(0).unwrap();
        (count == 98).then_some(())
    });
    loading.await.expect("the surveys are next");

    up.interrupt();
    blocked.rollback().await.unwrap();
    let code = up.wait().await;
    let log = up.log();
    assert_eq!(code, 0, "{log}");
    assert!(
        !log.contains("Jawaban contoh"),
        "the loading had come to its end: {log}"
    );
    for word in [
        "galat",
        "data contoh",
        "tonic",
        "Status",
        "Error",
        "dropping them",
    ] {
        assert!(!log.contains(word), "{word}: {log}");
    }

    // The next start loads the rest.
    up.restart().await;
    // Without optimisations this takes most of a minute of computing.
    let loaded = eventually(DEADLINE * 4, || async {
        up.log().contains("Jawaban contoh").then_some(())
    });
    loaded.await.expect("the responses are loaded");
    assert_eq!(up.stop().await, 0);
}
