//! Dirty flags of figures: they outlive a process, a failing one does not delay the others, and those of an earlier
//! release are processed.

use std::time::Duration;

use prima_platform::{db::sql, testing::eventually};
use prima_proto::{complaint::v1, event::v1::ComplaintPerformanceState};
use sea_orm::ConnectionTrait;

use crate::{
    fixture::*,
    performance::{DEADLINE, OTHER, subject},
};

#[tokio::test(flavor = "multi_thread")]
async fn dirty_flags_outlive_the_process() {
    on_each_database(async |mut world| {
        assert!(world.tasks.stop(Duration::from_secs(10)).await);
        world.submit("satu").await;
        // This process no longer recomputes figures.
        assert_eq!(world.count("derived_mark").await, 1);
        assert_eq!(world.count("performance").await, 0);
        let next = world.replica(world.config.clone()).await;
        assert_eq!(next.figures(UNIT, "2026").await.received, 1);
    })
    .await;
}

/// The number of reports that a unit has received according to the published figures, whether or not anything is dirty.
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
async fn unreadable_figures_do_not_block_other_units() {
    without_sweeps(async |mut world| {
        world.submit_in_state("satu", "closed").await;
        world.submit_assigned("dua", "complaint_regular", OTHER).await;
        assert_eq!(world.figures(UNIT, "2026").await.received, 1);
        assert_eq!(world.figures(OTHER, "2026").await.received, 1);
        // The failing unit comes first.
        assert!(UNIT < OTHER);
        let bad = "INSERT INTO tally (agency, unit, month, class, channel, sp4n, measure, bucket, count)
            VALUES ('3271', 'dpmptsp', 202602, 'aspiration', 'web', 0, 'no measure', 0, 1)";
        world.tamper(bad).await;
        world.submit("tiga").await;
        world.submit_assigned("empat", "complaint_regular", OTHER).await;
        // Both units were flagged, and with the second one its agency.
        becomes(&world, "derived_mark", 1).await;
        assert_eq!(
            (received(&world, UNIT).await, received(&world, OTHER).await),
            (1, 2)
        );

        // The year has ended, and no action flags anything: two units and their agency.
        assert_eq!(world.count("performance WHERE settled = 0").await, 3);
        world.at("2026-12-31T17:00:00Z");
        becomes(&world, "performance WHERE settled = 0", 1).await;
        becomes(&world, "performance WHERE settled = 0 AND unit = 'dpmptsp'", 1).await;

        world
            .tamper("DELETE FROM tally WHERE measure = 'no measure'")
            .await;
        becomes(&world, "performance WHERE settled = 0", 0).await;
        assert_eq!(world.figures(UNIT, "2026").await.received, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dirty_flags_of_the_previous_release_are_processed() {
    without_sweeps(async |mut world| {
        world.submit("satu").await;
        assert_eq!(world.figures(UNIT, "2026").await.received, 1);
        for text in [
            "DELETE FROM outbox",
            "UPDATE tally SET count = 2 WHERE measure = 'received'",
            "INSERT INTO performance_dirty (agency, unit, year, mark) VALUES ('3271', 'dpmptsp', 2026, 1)",
        ] {
            world.tamper(text).await;
        }
        becomes(&world, "performance_dirty", 0).await;
        assert_eq!(world.figures(UNIT, "2026").await.received, 2);
    })
    .await;
}

/// The previous year is computed for the first time and has already read the desk when the desk changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_desk_is_published_with_a_year_that_is_being_computed() {
    let mut world = World::postgres().await;
    assert!(world.tasks.stop(Duration::from_secs(10)).await);
    world.at("2025-12-30T03:00:00Z");
    let old = v1::SubmitComplaintRequest {
        incident_date: "2025-12-01".into(),
        ..report("satu")
    };
    world.submit_as(old).await;
    world.at(BEGIN);
    let held = world.db.begin().await.unwrap();
    let text = "INSERT INTO outbox (subject, type, revision, version, payload) VALUES ($1, '', 1, 1, $2)";
    let values = [subject(UNIT, "2025").into(), Vec::<u8>::new().into()];
    held.execute_raw(sql(&held, text, values)).await.unwrap();
    let _one = world.replica(world.config.clone()).await;
    world.blocks(&held, "INSERT INTO outbox").await;
    let desk = v1::Desk {
        unit: UNIT.into(),
        sp4n_since_date: "2025-09-01".into(),
        ..Default::default()
    };
    let update = v1::UpdateDeskRequest {
        request_id: request_id(),
        desk: Some(desk),
    };
    // That replica is waiting; the other one sees only the dirty flag of the desk.
    let other = world.replica(world.config.clone()).await;
    let mut settings = other.settings.clone();
    settings.update_desk(liaison(update)).await.unwrap();
    let this_year = eventually(DEADLINE, async || {
        let staged = world.staged(&subject(UNIT, "2026")).await?;
        let state: ComplaintPerformanceState = staged.state;
        (state.sp4n_since_date == "2025-09-01").then_some(())
    });
    this_year.await.unwrap();
    held.rollback().await.unwrap();
    assert_eq!(world.figures(UNIT, "2025").await.sp4n_since_date, "2025-09-01");
}
