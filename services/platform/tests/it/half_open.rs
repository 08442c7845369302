//! Connections to PostgreSQL whose network path was lost.

use futures::future::{join_all, try_join_all};
use prima_platform::{
    config,
    db::{Database, sql},
    testing::{eventually, postgres::Postgres},
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::world::{Broker, LONG, Replica, Store, World, relay_config};

/// Connections of a replica.
const POOL: usize = 6;

async fn number(db: &Database) -> Result<i32, DbErr> {
    let reader = db.reader();
    let row = reader.query_one_raw(sql(reader, "SELECT 7 AS n", [])).await?;
    row.unwrap().try_get("", "n")
}

/// Number of sessions of the server that match a condition.
async fn count(db: &Database, what: &str) -> i64 {
    let text = format!("SELECT count(*) AS n FROM pg_stat_activity WHERE {what} AND pid <> pg_backend_pid()");
    let row = db.reader().query_one_raw(sql(db.reader(), &text, [])).await;
    row.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Acquires `lock`, does `work`, and waits until a statement of the replica is blocked by the lock. Then the proxy
/// forgets its connection, so that the response never arrives.
pub async fn forget_blocked_connection(world: &World, other: &Replica, lock: &str, work: impl Future) {
    let held = other.db.begin().await.unwrap();
    held.execute_unprepared(lock).await.unwrap();
    work.await;
    let waiting = eventually(LONG, || async {
        (count(&other.db, "wait_event_type = 'Lock'").await > 0).then_some(())
    });
    waiting.await.expect("it is not blocked by the lock");
    world.to_db.as_ref().unwrap().forget();
    held.rollback().await.unwrap();
}

/// Opens all connections of the pool, and waits until they are idle.
async fn all_idle(replica: &Replica) {
    let pool = replica.db.writer().pool().get_postgres_connection_pool();
    let held = join_all((0..POOL).map(|_| replica.db.begin())).await;
    drop(held);
    let idle = eventually(LONG, || async { (pool.num_idle() == POOL).then_some(()) });
    idle.await.expect("the pool is idle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_succeed_when_every_idle_connection_was_forgotten() {
    let world = World::new(Store::Postgres, Broker::Memory).await;
    let proxy = world.to_db.as_ref().unwrap();
    for together in [1, 20] {
        all_idle(&world).await;
        let before = proxy.accepted();
        proxy.forget();
        for _ in 0..100 / together {
            let calls = try_join_all((0..together).map(|_| number(&world.db)));
            assert_eq!(calls.await.expect("no call fails"), vec![7; together]);
        }
        assert!(proxy.accepted() > before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_configured_to_detect_a_lost_client() {
    let world = World::new(Store::Postgres, Broker::Memory).await;
    for (name, value) in [
        ("idle_in_transaction_session_timeout", "20s"),
        ("client_connection_check_interval", "2s"),
        ("tcp_keepalives_idle", "10"),
        ("tcp_user_timeout", "25000"),
    ] {
        let reader = world.db.reader();
        let row = reader
            .query_one_raw(sql(reader, &format!("SHOW {name}"), []))
            .await;
        let shown: String = row.unwrap().unwrap().try_get("", name).unwrap();
        assert_eq!(shown, value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_whose_caller_is_gone_ends_on_the_server() {
    let postgres = Postgres::start();
    let config = config::Database {
        url: postgres.fresh_database().await,
        ..config::Database::default()
    };
    let (db, other) = (
        Database::connect(&config, "a").await.unwrap(),
        Database::connect(&config, "b").await.unwrap(),
    );
    let working = || count(&other, "state = 'active' AND query LIKE '%pg_sleep(59)%'");
    let sleeping = db.writer().execute_unprepared("SELECT pg_sleep(59)");
    let begun = eventually(LONG, || async { (working().await == 1).then_some(()) });
    tokio::select! {
        slept = sleeping => panic!("it ends: {slept:?}"),
        begun = begun => begun.expect("it begins"),
    }
    let ended = eventually(LONG, || async { (working().await == 0).then_some(()) });
    ended.await.expect("the server still executes the statement");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_continues_when_a_statement_gets_no_response() {
    let world = World::new(Store::Postgres, Broker::Memory).await;
    let other = world.replica().await;
    let (_relay, _) = world.relay(relay_config(), "a");
    other.stage("a", "one").await;
    other.synchronised().await;
    // The statement that gets no response is the renewal of the lease.
    forget_blocked_connection(&world, &other, "SELECT 1 FROM lease FOR UPDATE", async {}).await;
    other.stage("a", "two").await;
    assert_eq!(other.synchronised().await["prima.survey.a"].1, "two");
}
