//! Transactions whose futures are dropped.

use std::time::Duration;

use prima_platform::{db::sql, testing::eventually};
use sea_orm::ConnectionTrait;

use crate::world::{Broker, LONG, Replica, Store, World};

/// sqlx 0.9.0 leaves a connection in a transaction when a BEGIN is dropped before its response (#4385), and the pool
/// hands it out again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_that_is_dropped_half_way_leaves_no_transaction_open() {
    let world = World::new(Store::Postgres, Broker::Memory).await;
    let watcher = world.replica().await;
    let proxy = world.to_db.as_ref().unwrap();
    let mut written = 0;
    // All connections at once, dropped a little later in each round: before, during and after the response to BEGIN.
    for round in 0..40_u64 {
        proxy.delay(Duration::from_millis(10));
        let begins = (0..6).map(|_| {
            let db = world.db.clone();
            async move {
                let _dropped = tokio::time::timeout(Duration::from_millis(10 + round), db.begin()).await;
            }
        });
        futures::future::join_all(begins).await;
        proxy.delay(Duration::ZERO);
        // A write outside of a transaction is now visible on all connections.
        let writer = world.db.writer();
        let writes = (0..6).map(|n| async move {
            let text = "INSERT INTO lease (name, holder, expires_at) VALUES ($1, 'x', 0)";
            let name = format!("{round}-{n}");
            writer
                .execute_raw(sql(writer, text, [name.into()]))
                .await
                .unwrap();
        });
        futures::future::join_all(writes).await;
        written += 6;
        assert_eq!(
            count(&watcher, "SELECT COUNT(*) AS n FROM lease").await,
            written,
            "round {round}"
        );
    }
    let idle = eventually(LONG, || async {
        let text = "SELECT COUNT(*) AS n FROM pg_stat_activity
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        (count(&watcher, text).await == 0).then_some(())
    });
    idle.await.expect("a transaction stays open");
}

async fn count(replica: &Replica, text: &str) -> i64 {
    let reader = replica.db.reader();
    let row = reader
        .query_one_raw(sql(reader, text, []))
        .await
        .unwrap()
        .unwrap();
    row.try_get("", "n").unwrap()
}
