//! Workers whose database or bus has lost what they had done, on every database and every bus.

use std::time::Duration;

use prima_platform::testing::eventually;

use crate::{
    worker::{Recorder, answered, have_been_applied, letters_become, work, work_comparing},
    world::{LONG, SERVICE, World, matrix, on_jetstream},
};

matrix!(
    a_commit_that_is_lost_while_the_worker_runs_is_made_good_at_its_next_start,
    a_commit_that_is_lost_while_the_worker_runs_is_made_good_while_it_runs,
    a_state_that_is_put_aside_is_not_taken_for_lost,
    what_the_database_and_the_bus_have_lost_together_is_taken_back,
    a_stream_that_is_not_complete_takes_nothing_back,
    what_the_database_never_stores_is_put_aside_and_holds_up_nobody,
);

/// Takes the worker's tables back to before this subject was applied.
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

async fn a_commit_that_is_lost_while_the_worker_runs_is_made_good_at_its_next_start(world: World) {
    world.publish(SERVICE, "ua", 1, "ua").await;
    let worker = work(&world, &world.bus, Recorder::default());
    world.publish(SERVICE, "ub", 1, "ub").await;
    have_been_applied(&world, &["ua", "ub"]).await;
    answered(&world.bus, 1).await;
    lose(&world, "ub").await;
    // What arrives later is applied, and says nothing of what is missing.
    world.publish(SERVICE, "uc", 1, "uc").await;
    have_been_applied(&world, &["ua", "uc"]).await;
    answered(&world.bus, 1).await;
    worker.stop().await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["ua", "ub", "uc"]).await;
}

async fn a_commit_that_is_lost_while_the_worker_runs_is_made_good_while_it_runs(world: World) {
    for name in ["ua", "ub"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    have_been_applied(&world, &["ua", "ub"]).await;
    answered(&world.bus, 1).await;
    lose(&world, "ub").await;
    have_been_applied(&world, &["ua", "ub"]).await;
}

async fn a_state_that_is_put_aside_is_not_taken_for_lost(world: World) {
    for (name, payload) in [("a", "odd"), ("b", "plain")] {
        world.publish(SERVICE, name, 1, payload).await;
    }
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    letters_become(&world, &[("a", 1)]).await;
    answered(&world.bus, 1).await;
    let noted = world
        .tamper("UPDATE dead_letter SET reason = 'noted by hand', failed_at = 1")
        .await;
    assert_eq!(noted, 1);
    // A comparison that begins after this repairs it, so one that began before has ended.
    for _ in 0..2 {
        lose(&world, "b").await;
        have_been_applied(&world, &["plain"]).await;
    }
    let untouched = world
        .tamper("UPDATE dead_letter SET failed_at = 1 WHERE reason = 'noted by hand'")
        .await;
    assert_eq!(untouched, 1, "it was tried again");
}

/// The owner's database was put back to an older copy while the bus had lost its data: the stream that comes then is
/// complete and older than what was applied.
async fn what_the_database_and_the_bus_have_lost_together_is_taken_back(mut world: World) {
    for (name, version) in [("a", 9), ("b", 7), ("c", 3)] {
        world
            .publish(SERVICE, name, version, &format!("{name}{version}"))
            .await;
    }
    world.bus.set_complete(SERVICE).await.unwrap();
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    have_been_applied(&world, &["a9", "b7", "c3"]).await;
    answered(&world.bus, 1).await;
    world.lose_the_bus();
    let there = eventually(LONG, || async { world.bus.ensure_stream(SERVICE).await.ok() });
    there.await.expect("the bus comes back");
    world.publish(SERVICE, "a", 5, "a5").await;
    world.publish(SERVICE, "c", 3, "c3").await;
    world.bus.set_complete(SERVICE).await.unwrap();
    // An older state, and the end of what its owner knows nothing of, which has no payload.
    have_been_applied(&world, &["a9", "b7", "c3", "a5", ""]).await;
    // From there versions grow again.
    world.publish(SERVICE, "a", 6, "a6").await;
    world.publish(SERVICE, "b", 2, "b2").await;
    have_been_applied(&world, &["a9", "b7", "c3", "a5", "", "a6", "b2"]).await;
    letters_become(&world, &[]).await;
}

async fn a_stream_that_is_not_complete_takes_nothing_back(mut world: World) {
    for (name, version) in [("a", 9), ("b", 7)] {
        world
            .publish(SERVICE, name, version, &format!("{name}{version}"))
            .await;
    }
    let every = Duration::from_millis(100);
    let _worker = work_comparing(&world, &world.bus, Recorder::default(), every);
    have_been_applied(&world, &["a9", "b7"]).await;
    answered(&world.bus, 1).await;
    world.lose_the_bus();
    let there = eventually(LONG, || async { world.bus.ensure_stream(SERVICE).await.ok() });
    there.await.expect("the bus comes back");
    world.publish(SERVICE, "a", 5, "a5").await;
    world.publish(SERVICE, "c", 1, "c1").await;
    have_been_applied(&world, &["a9", "b7", "c1"]).await;
    answered(&world.bus, 1).await;
    // A comparison that begins after this repairs it, so one that began before has ended.
    for _ in 0..2 {
        lose(&world, "c").await;
        have_been_applied(&world, &["a9", "b7", "c1"]).await;
    }
}

async fn what_the_database_never_stores_is_put_aside_and_holds_up_nobody(world: World) {
    for (name, payload) in [("a", "plain a"), ("b", "unstorable"), ("c", "plain c")] {
        world.publish(SERVICE, name, 1, payload).await;
    }
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["plain a", "plain c"]).await;
    letters_become(&world, &[("b", 1)]).await;
    answered(&world.bus, 1).await;
    world.publish(SERVICE, "b", 2, "plain b").await;
    have_been_applied(&world, &["plain a", "plain b", "plain c"]).await;
    letters_become(&world, &[]).await;
}

on_jetstream!(
    a_commit_that_is_lost_is_made_good_after_a_reconnect,
    a_consumer_that_hands_nothing_out_is_made_anew,
    an_older_message_behind_a_newer_one_changes_nothing,
);

async fn a_commit_that_is_lost_is_made_good_after_a_reconnect(world: World) {
    for name in ["ua", "ub"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["ua", "ub"]).await;
    answered(&world.bus, 1).await;
    lose(&world, "ub").await;
    let proxy = world.to_bus.as_ref().unwrap();
    proxy.cut();
    let mut connection = world.bus.connection();
    connection.wait_for(|c| !c.up).await.unwrap();
    proxy.restore();
    have_been_applied(&world, &["ua", "ub"]).await;
}

/// As one that is stuck on the server (nats-server #4736, #5679): here it is paused.
async fn a_consumer_that_hands_nothing_out_is_made_anew(world: World) {
    world.publish(SERVICE, "a", 1, "a1").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1"]).await;
    answered(&world.bus, 1).await;
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
    answered(&world.bus, 1).await;
    have_been_applied(&world, &["a5", "b1"]).await;
}
