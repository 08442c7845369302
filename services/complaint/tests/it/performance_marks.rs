//! Marks of figures: they outlive a process, and one that fails keeps nobody waiting.

use std::time::Duration;

use prima_platform::testing::eventually;
use prima_proto::event::v1::ComplaintPerformanceState;

use crate::{
    fixture::*,
    performance::{DEADLINE, OTHER, subject},
};

#[tokio::test(flavor = "multi_thread")]
async fn marks_outlive_the_process() {
    on_each_database(async |mut world| {
        assert!(world.tasks.stop(Duration::from_secs(10)).await);
        world.submit("satu").await;
        // Nothing of this process works off marks any more.
        assert_eq!(world.count("performance_dirty").await, 1);
        assert_eq!(world.count("performance").await, 0);
        let next = world.replica(world.config.clone()).await;
        assert_eq!(next.told(UNIT, "2026").await.received, 1);
    })
    .await;
}

/// How many reports a unit is said to have received, whether or not anything is marked.
async fn received(world: &World, unit: &str) -> i64 {
    let staged = world.staged(&subject(unit, "2026")).await.unwrap();
    let state: ComplaintPerformanceState = staged.state;
    state.received
}

async fn becomes(world: &World, rows: &str, count: i64) {
    let done = eventually(DEADLINE, async || {
        (world.count(rows).await == count).then_some(())
    });
    done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_cannot_be_read_keep_no_other_unit_waiting() {
    without_sweeps(async |mut world| {
        world.brought("satu", "closed").await;
        world.handed("dua", "complaint_regular", OTHER).await;
        assert_eq!(world.told(UNIT, "2026").await.received, 1);
        assert_eq!(world.told(OTHER, "2026").await.received, 1);
        // The unit that comes first.
        assert!(UNIT < OTHER);
        let bad = "INSERT INTO tally (agency, unit, month, class, channel, sp4n, measure, bucket, count)
            VALUES ('3271', 'dpmptsp', 202602, 'aspiration', 'web', 0, 'no measure', 0, 1)";
        world.tamper(bad).await;
        world.submit("tiga").await;
        world.handed("empat", "complaint_regular", OTHER).await;
        // Both units were marked, and the agency with the second.
        becomes(&world, "performance_dirty", 1).await;
        assert_eq!(
            (received(&world, UNIT).await, received(&world, OTHER).await),
            (1, 2)
        );

        // The year has ended, and nobody marks anything.
        assert_eq!(world.count("performance WHERE settled = 0").await, 2);
        world.at("2026-12-31T17:00:00Z");
        becomes(&world, "performance WHERE settled = 0", 1).await;
        becomes(&world, "performance WHERE settled = 0 AND unit = 'dpmptsp'", 1).await;

        world
            .tamper("DELETE FROM tally WHERE measure = 'no measure'")
            .await;
        becomes(&world, "performance WHERE settled = 0", 0).await;
        assert_eq!(world.told(UNIT, "2026").await.received, 2);
    })
    .await;
}
