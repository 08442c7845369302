//! Dirty flags of units: a unit that cannot be computed does not block others, replicas share the flags, and flags
//! set by the release before are processed.

use std::time::Duration;

use prima_platform::{
    db::{Txn, sql},
    testing::eventually,
};
use sea_orm::ConnectionTrait;

use crate::{fixture::*, setup::*};

/// Longer than the delay before a failed unit is tried again.
const LONG: Duration = Duration::from_secs(40);

async fn tamper(t: &World, text: &str) {
    t.db.writer().execute_unprepared(text).await.unwrap();
}

/// Enrolls units and gives every level 4 by one evaluator.
async fn evaluated(t: &World, units: &[&str]) -> Vec<String> {
    open(t, "c", cycle()).await;
    t.after_hours(F02_OPENS);
    let mut names = Vec::new();
    for unit in units {
        let name = enroll(t, "c", unit, "offline").await;
        evaluate(t, "e", unit, &name, &all("offline", 4)).await;
        names.push(name);
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_cannot_be_computed_does_not_block_others() {
    on_each_database(async |t| {
        let names = evaluated(&t, &["a", "b"]).await;
        publish(&t, 1, &f03("a", "s", "offline", 10, 4), false).await;
        becomes(&t, &names[0], "4.00").await;
        let writer = t.db.writer();
        let text = "UPDATE fact SET payload = $1 WHERE unit = 'a'";
        let broken = sql(writer, text, [b"broken".to_vec().into()]);
        writer.execute_raw(broken).await.unwrap();
        publish(&t, 1, &f03("a", "t", "offline", 10, 4), false).await;
        publish(&t, 1, &f03("b", "s", "offline", 10, 4), false).await;
        becomes(&t, &names[1], "4.00").await;
        publish(&t, 2, &f03("b", "s", "offline", 10, 4), true).await;
        becomes(&t, &names[1], "").await;
        assert_eq!(index(&t, &names[0]).await.index, "4.00");
        // Once the unreadable states are withdrawn it is computed again.
        for survey in ["s", "t"] {
            publish(&t, 2, &f03("a", survey, "offline", 10, 4), true).await;
        }
        let computed = eventually(LONG, async || {
            index(&t, &names[0]).await.index.is_empty().then_some(())
        });
        computed.await.unwrap();
    })
    .await;
}

/// Locks rows until the transaction ends.
async fn locked(t: &World, rows: &str) -> Txn {
    let txn = t.db.begin().await.unwrap();
    let text = format!("SELECT 1 FROM {rows} FOR UPDATE");
    assert_eq!(
        txn.query_all_raw(sql(&txn, &text, [])).await.unwrap().len(),
        1,
        "{rows}"
    );
    txn
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_skips_a_unit_that_another_one_has_locked() {
    on_postgres(async |t| {
        let names = evaluated(&t, &["a", "b"]).await;
        let lock = locked(&t, "assessment WHERE unit = 'a'").await;
        publish(&t, 1, &f03("a", "s", "offline", 10, 4), false).await;
        t.blocks(&lock, "UPDATE assessment").await;
        let _other = t.replica().await;
        publish(&t, 1, &f03("b", "s", "offline", 10, 4), false).await;
        becomes(&t, &names[1], "4.00").await;
        assert_eq!(index(&t, &names[0]).await.index, "");
        lock.rollback().await.unwrap();
        becomes(&t, &names[0], "4.00").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_arrives_while_a_unit_is_computed_counts() {
    on_postgres(async |t| {
        let names = evaluated(&t, &["a"]).await;
        let settled = async |rows: &str| {
            let met = eventually(DEADLINE, async || (t.count(rows).await == 0).then_some(()));
            met.await.unwrap();
        };
        publish(&t, 1, &f03("a", "s", "offline", 10, 4), false).await;
        becomes(&t, &names[0], "4.00").await;
        // Waits until the relay has published everything.
        settled("outbox WHERE version > published_version").await;
        let lock = locked(
            &t,
            "outbox WHERE subject = 'prima.index.score.ipp.2025.unit.3271.a'",
        )
        .await;
        publish(&t, 2, &f03("a", "s", "offline", 10, 4), true).await;
        // The transaction has read its inputs.
        t.blocks(&lock, "INSERT INTO outbox").await;
        publish(&t, 3, &f03("a", "s", "offline", 10, 4), false).await;
        let kept = eventually(DEADLINE, async || {
            (t.count("fact WHERE version = 3").await == 1).then_some(())
        });
        kept.await.unwrap();
        lock.rollback().await.unwrap();
        settled("derived_mark").await;
        assert_eq!(index(&t, &names[0]).await.index, "4.00");
        verified(&t, &names[0]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_of_the_release_before_are_processed() {
    on_each_database(async |t| {
        let names = evaluated(&t, &["a"]).await;
        publish(&t, 1, &f03("a", "s", "offline", 10, 4), false).await;
        becomes(&t, &names[0], "4.00").await;
        tamper(&t, "DELETE FROM fact WHERE unit = 'a'").await;
        let mark = "INSERT INTO unit_mark (agency, unit) VALUES ('3271', 'a') ON CONFLICT DO NOTHING";
        tamper(&t, mark).await;
        becomes(&t, &names[0], "").await;
        assert_eq!(t.count("unit_mark").await, 0);
    })
    .await;
}
