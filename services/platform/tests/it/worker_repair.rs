//! Workers whose database or bus has lost states, on every database and every bus.

use std::time::Duration;

use prima_platform::testing::eventually;

use crate::{
    worker::{Recorder, acknowledged_all, have_been_applied, letters_become, work, work_comparing},
    world::{LONG, SERVICE, World, matrix, on_jetstream},
};

matrix!(
    a_lost_commit_is_repaired_at_the_next_start,
    a_lost_commit_is_repaired_while_the_worker_runs,
    a_dead_letter_does_not_count_as_lost,
    a_state_that_database_and_bus_have_lost_together_is_reverted,
    an_incomplete_stream_reverts_nothing,
    a_state_that_the_database_never_stores_is_a_dead_letter_and_blocks_no_other,
);

/// Deletes a subject from the worker's tables, as if its commit had been lost.
async fn lose(world: &World, name: &str) {
    for table in ["applied", "consumed"] {
        let lost = world
            .tamper(&format!(
                "DELETE FROM {table} WHERE subject = 'prima.survey.{name}'"
            ))
            .await;
        assert_eq!(lost, 1, "{table}");
    }
}

async fn a_lost_commit_is_repaired_at_the_next_start(world: World) {
    world.publish(SERVICE, "ua", 1, "ua").await;
    let worker = work(&world, &world.bus, Recorder::default());
    world.publish(SERVICE, "ub", 1, "ub").await;
    have_been_applied(&world, &["ua", "ub"]).await;
    acknowledged_all(&world.bus, 1).await;
    lose(&world, "ub").await;
    // A later state is applied, without the missing one.
    world.publish(SERVICE, "uc", 1, "uc").await;
    have_been_applied(&world, &["ua", "uc"]).await;
    acknowledged_all(&world.bus, 1).await;
    worker.stop().await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["ua", "ub", "uc"]).await;
}

async fn a_lost_commit_is_repaired_while_the_worker_runs(world: World) {
    for name in ["ua", "ub"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    have_been_applied(&world, &["ua", "ub"]).await;
    acknowledged_all(&world.bus, 1).await;
    lose(&world, "ub").await;
    have_been_applied(&world, &["ua", "ub"]).await;
}

async fn a_dead_letter_does_not_count_as_lost(world: World) {
    for (name, payload) in [("a", "odd"), ("b", "plain")] {
        world.publish(SERVICE, name, 1, payload).await;
    }
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    letters_become(&world, &[("a", 1)]).await;
    acknowledged_all(&world.bus, 1).await;
    let noted = world
        .tamper("UPDATE dead_letter SET reason = 'noted by clock', failed_at = 1")
        .await;
    assert_eq!(noted, 1);
    // Only a comparison that begins after this repairs it, so the one before has ended then.
    for _ in 0..2 {
        lose(&world, "b").await;
        have_been_applied(&world, &["plain"]).await;
    }
    let untouched = world
        .tamper("UPDATE dead_letter SET failed_at = 1 WHERE reason = 'noted by clock'")
        .await;
    assert_eq!(untouched, 1, "the dead letter was tried again");
}

/// The owner's database was restored from an older backup while the bus had lost its data. The new stream is complete,
/// and its states are older than the applied ones.
async fn a_state_that_database_and_bus_have_lost_together_is_reverted(mut world: World) {
    for (name, version) in [("a", 9), ("b", 7), ("c", 3)] {
        world
            .publish(SERVICE, name, version, &format!("{name}{version}"))
            .await;
    }
    world.bus.set_complete(SERVICE).await.unwrap();
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    have_been_applied(&world, &["a9", "b7", "c3"]).await;
    acknowledged_all(&world.bus, 1).await;
    world.lose_the_bus();
    let there = eventually(LONG, || async { world.bus.ensure_stream(SERVICE).await.ok() });
    there.await.expect("the bus comes back");
    world.publish(SERVICE, "a", 5, "a5").await;
    world.publish(SERVICE, "c", 3, "c3").await;
    world.bus.set_complete(SERVICE).await.unwrap();
    // An older state is applied, and a withdrawal, which has no payload, for the subject that the owner no longer has.
    have_been_applied(&world, &["a9", "b7", "c3", "a5", ""]).await;
    // Later versions are applied.
    world.publish(SERVICE, "a", 6, "a6").await;
    world.publish(SERVICE, "b", 2, "b2").await;
    have_been_applied(&world, &["a9", "b7", "c3", "a5", "", "a6", "b2"]).await;
    letters_become(&world, &[]).await;
}

async fn an_incomplete_stream_reverts_nothing(mut world: World) {
    for (name, version) in [("a", 9), ("b", 7)] {
        world
            .publish(SERVICE, name, version, &format!("{name}{version}"))
            .await;
    }
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    have_been_applied(&world, &["a9", "b7"]).await;
    acknowledged_all(&world.bus, 1).await;
    world.lose_the_bus();
    let there = eventually(LONG, || async { world.bus.ensure_stream(SERVICE).await.ok() });
    there.await.expect("the bus comes back");
    world.publish(SERVICE, "a", 5, "a5").await;
    world.publish(SERVICE, "c", 1, "c1").await;
    have_been_applied(&world, &["a9", "b7", "c1"]).await;
    acknowledged_all(&world.bus, 1).await;
    // Only a comparison that begins after this repairs it, so the one before has ended then.
    for _ in 0..2 {
        lose(&world, "c").await;
        have_been_applied(&world, &["a9", "b7", "c1"]).await;
    }
}

async fn a_state_that_the_database_never_stores_is_a_dead_letter_and_blocks_no_other(world: World) {
    for (name, payload) in [("a", "plain a"), ("b", "unstorable"), ("c", "plain c")] {
        world.publish(SERVICE, name, 1, payload).await;
    }
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["plain a", "plain c"]).await;
    letters_become(&world, &[("b", 1)]).await;
    acknowledged_all(&world.bus, 1).await;
    world.publish(SERVICE, "b", 2, "plain b").await;
    have_been_applied(&world, &["plain a", "plain b", "plain c"]).await;
    letters_become(&world, &[]).await;
}

on_jetstream!(
    a_lost_commit_is_repaired_after_a_reconnect,
    a_consumer_that_delivers_nothing_is_created_again,
    an_older_message_behind_a_newer_one_changes_nothing,
);

async fn a_lost_commit_is_repaired_after_a_reconnect(world: World) {
    for name in ["ua", "ub"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["ua", "ub"]).await;
    acknowledged_all(&world.bus, 1).await;
    lose(&world, "ub").await;
    let proxy = world.to_bus.as_ref().unwrap();
    proxy.cut();
    let mut connection = world.bus.connection();
    connection.wait_for(|c| !c.up).await.unwrap();
    proxy.restore();
    have_been_applied(&world, &["ua", "ub"]).await;
}

/// The consumer is paused, which has the effect of one that is stuck on the server (nats-server #4736, #5679).
async fn a_consumer_that_delivers_nothing_is_created_again(world: World) {
    world.publish(SERVICE, "a", 1, "a1").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1"]).await;
    acknowledged_all(&world.bus, 1).await;
    let client = async_nats::connect(world.nats.as_ref().unwrap().url())
        .await
        .unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("PRIMA_SURVEY")
        .await
        .unwrap();
    let until = time::OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let paused = stream.pause_consumer("recorder-r1", until).await.unwrap();
    assert!(paused.paused);
    for (name, version) in [("b", 1), ("a", 2)] {
        world
            .publish(SERVICE, name, version, &format!("{name}{version}"))
            .await;
    }
    have_been_applied(&world, &["a1", "a2", "b1"]).await;
}

async fn an_older_message_behind_a_newer_one_changes_nothing(world: World) {
    world.publish(SERVICE, "a", 5, "a5").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a5"]).await;
    world.put_behind("a", 4, "a4").await;
    world.publish(SERVICE, "b", 1, "b1").await;
    have_been_applied(&world, &["a5", "b1"]).await;
    acknowledged_all(&world.bus, 1).await;
    have_been_applied(&world, &["a5", "b1"]).await;
}
