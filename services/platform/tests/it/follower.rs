//! Followers, on every bus: their states, and how current they report to be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::TryStreamExt;
use prima_platform::{
    bus::Delivery,
    clock::Clock,
    consume::{Follower, Freshness, Projection, Received, Saved, Source},
    testing::{eventually, nats::Nats},
};

use crate::world::{LONG, Replica, Running, SERVICE, World, relay_config};

#[derive(Default)]
struct Held(Mutex<BTreeMap<String, (i64, String)>>);

impl Held {
    fn subjects(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl Projection for Held {
    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        let mut held = self.0.lock().unwrap();
        if held
            .get(&event.subject)
            .is_none_or(|(version, _)| *version < event.version)
        {
            let payload = String::from_utf8(event.payload.clone()).unwrap();
            held.insert(event.subject.clone(), (event.version, payload));
        }
    }

    fn version(&self, subject: &str) -> Option<i64> {
        Some(self.0.lock().unwrap().get(subject)?.0)
    }

    fn retain(&self, source: &Source, held: &Received) {
        let other = |subject: &str| !subject.starts_with(&format!("prima.{}.", source.service));
        let mut mine = self.0.lock().unwrap();
        mine.retain(|subject, _| other(subject) || held.version(subject).is_some());
    }
}

struct Following {
    held: Arc<Held>,
    freshness: Freshness,
    _running: Running,
}

fn follow(replica: &Replica, sources: &[(&str, &[&str])]) -> Following {
    follow_from(replica, sources, Arc::default(), None)
}

/// Follows with the states that are `held`, which are all of `SERVICE` up to the position that was `saved`.
fn follow_from(
    replica: &Replica,
    sources: &[(&str, &[&str])],
    held: Arc<Held>,
    saved: Option<Saved>,
) -> Following {
    let sources = sources
        .iter()
        .map(|(service, filters)| Source::new(service, filters))
        .collect();
    let follower = Follower::new(
        replica.bus.clone(),
        Clock::system(),
        "ranking",
        sources,
        held.clone(),
    );
    let freshness = follower.freshness();
    if let Some(saved) = saved {
        freshness.save(SERVICE, saved);
    }
    Following {
        held,
        freshness,
        _running: Running::spawn(|stop| follower.run(stop)),
    }
}

impl Following {
    async fn fresh(&self) {
        let fresh = self.is(true).await;
        assert!(
            fresh && self.freshness.now().waiting_for.is_empty(),
            "stale: {:?}",
            self.freshness.now()
        );
    }

    async fn stale(&self, waiting_for: &[&str]) {
        assert!(self.is(false).await, "still fresh");
        let so = eventually(LONG, || async {
            (self.freshness.now().waiting_for == waiting_for).then_some(())
        });
        assert!(
            so.await.is_some(),
            "waiting for {:?}",
            self.freshness.now().waiting_for
        );
    }

    async fn is(&self, fresh: bool) -> bool {
        tokio::time::timeout(LONG, self.freshness.fresh().wait_for(|now| *now == fresh))
            .await
            .is_ok()
    }

    async fn has(&self, name: &str, payload: &str) {
        let subject = format!("prima.{name}");
        let found = || {
            self.held
                .0
                .lock()
                .unwrap()
                .get(&subject)
                .map(|(_, payload)| payload.clone())
        };
        if eventually(LONG, || async {
            (found().as_deref() == Some(payload)).then_some(())
        })
        .await
        .is_none()
        {
            assert_eq!(found().as_deref(), Some(payload), "{name}");
        }
    }
}

macro_rules! on_both_buses {
    ($($case:ident),* $(,)?) => {
        crate::world::matrix!(@on memory, Sqlite, Memory, $($case),*);
        crate::world::matrix!(@on jetstream, Sqlite, JetStream, $($case),*);
    };
}

macro_rules! on_jetstream {
    ($($case:ident),* $(,)?) => { crate::world::matrix!(@on server, Sqlite, JetStream, $($case),*); };
}

on_both_buses!(
    an_empty_stream_is_fresh_a_missing_or_incomplete_one_is_not,
    all_sources_must_exist,
    states_are_read_and_followed,
    a_recreated_stream_is_followed_from_the_beginning,
    a_state_missing_in_a_complete_stream_is_removed,
    a_newer_state_than_in_a_complete_stream_is_reverted,
    other_subjects_do_not_make_it_stale,
    a_follower_goes_on_after_the_states_that_are_kept,
    a_stream_that_lost_the_last_kept_state_is_read_from_its_beginning,
    a_position_in_another_stream_is_not_used,
    only_a_complete_stream_that_was_read_to_its_end_is_settled,
);

on_jetstream!(
    a_stopped_server_makes_it_stale_and_its_states_stay,
    a_server_that_hangs_makes_it_stale,
    a_lost_connection_makes_it_stale_and_is_replaced,
    a_deleted_consumer_is_created_again,
);

const ALL: (&str, &[&str]) = (SERVICE, &["prima.survey.>"]);

async fn an_empty_stream_is_fresh_a_missing_or_incomplete_one_is_not(world: World) {
    let following = follow(&world, &[ALL]);
    following.stale(&[SERVICE]).await;
    world.publish(SERVICE, "a", 1, "one").await;
    following.has("survey.a", "one").await;
    assert_eq!(
        following.freshness.now().waiting_for,
        [SERVICE],
        "read to its end, and not complete"
    );
    assert!(!*following.freshness.fresh().borrow());
    world.bus.set_complete(SERVICE).await.unwrap();
    following.fresh().await;
    world.bus.ensure_stream("empty").await.unwrap();
    world.bus.set_complete("empty").await.unwrap();
    let empty = follow(&world, &[("empty", &["prima.empty.>"])]);
    empty.fresh().await;
    assert_eq!(empty.freshness.now().as_of, None);
}

async fn all_sources_must_exist(world: World) {
    world.bus.ensure_stream("directory").await.unwrap();
    world.bus.set_complete("directory").await.unwrap();
    let following = follow(&world, &[ALL, ("directory", &["prima.directory.>"])]);
    following.stale(&[SERVICE]).await;
    world.publish("directory", "unit.a", 1, "unit").await;
    following.has("directory.unit.a", "unit").await;
    let (_relay, _) = world.relay(relay_config(), "a");
    following.fresh().await;
    world.stage("a", "one").await;
    following.has("survey.a", "one").await;
}

async fn states_are_read_and_followed(world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "one").await;
    world.synchronised().await;
    let following = follow(&world, &[ALL]);
    following.fresh().await;
    // Fresh means that all earlier states were applied.
    assert_eq!(following.held.0.lock().unwrap().len(), 2);
    let before = following.freshness.now().as_of.expect("states were applied");
    let position = || following.freshness.now().positions.pop();
    let read = position().expect("states were applied");
    let stream = world.bus.stream(SERVICE).await.unwrap().unwrap();
    assert_eq!((read.service.as_str(), read.states), (SERVICE, 2));
    assert_eq!(
        (read.created, read.sequence),
        (stream.created, stream.last_sequence)
    );
    world.stage("b", "two").await;
    following.has("survey.b", "two").await;
    let later = eventually(LONG, || async {
        (following.freshness.now().as_of? > before).then_some(())
    });
    later.await.expect("as_of does not change");
    assert_eq!(position().map(|now| now.sequence), Some(read.sequence + 1));
}

async fn a_newer_state_than_in_a_complete_stream_is_reverted(mut world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "backed up").await;
    let backup = world.copy().await;
    world.stage("a", "lost").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "lost").await;
    following.fresh().await;
    relay.stop().await;
    // The bus loses all data, and the database is restored from the backup.
    world.lose_the_bus();
    following.stale(&[SERVICE]).await;
    let (_relay, _) = backup.relay(relay_config(), "b");
    following.has("survey.a", "backed up").await;
    following.has("survey.b", "backed up").await;
    following.fresh().await;
    // The owner continues from there.
    backup.stage("a", "later").await;
    following.has("survey.a", "later").await;
}

async fn a_state_missing_in_a_complete_stream_is_removed(mut world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "one").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    following.has("survey.b", "one").await;
    following.fresh().await;
    relay.stop().await;
    // The bus loses all data, and the database is restored from a backup that is older than `b`.
    world.lose_the_bus();
    world
        .tamper("DELETE FROM outbox WHERE subject = 'prima.survey.b'")
        .await;
    following.stale(&[SERVICE]).await;
    let (_relay, _) = world.relay(relay_config(), "a");
    let dropped = eventually(LONG, || async {
        let held = following.held.0.lock().unwrap();
        (held.keys().collect::<Vec<_>>() == ["prima.survey.a"]).then_some(())
    });
    dropped.await.expect("`b` is held for ever");
    // Later states are applied as before.
    world.stage("c", "new").await;
    following.has("survey.c", "new").await;
    following.has("survey.a", "one").await;
}

async fn a_recreated_stream_is_followed_from_the_beginning(mut world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "one").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    following.fresh().await;
    relay.stop().await;
    world.lose_the_bus();
    following.stale(&[SERVICE]).await;
    assert_eq!(following.held.0.lock().unwrap().len(), 2, "its states stay");
    world.stage("a", "two").await;
    let (_relay, _) = world.relay(relay_config(), "b");
    following.fresh().await;
    following.has("survey.a", "two").await;
    world.stage("c", "three").await;
    following.has("survey.c", "three").await;
}

/// The position that a follower has settled, as it is saved.
async fn settled(replica: &Replica, following: &Following) -> Saved {
    let found = eventually(LONG, || async { following.freshness.settled().pop() }).await;
    let position = found.expect("nothing is settled");
    let stored = replica.bus.stored(SERVICE, position.sequence).await.unwrap();
    Saved {
        created: position.created,
        sequence: position.sequence,
        stored: stored.expect("the last message is in the stream"),
    }
}

async fn a_follower_goes_on_after_the_states_that_are_kept(world: World) {
    for (name, version) in [("a", 1), ("b", 1), ("a", 2)] {
        world.publish(SERVICE, name, version, "kept").await;
    }
    world.bus.set_complete(SERVICE).await.unwrap();
    let first = follow(&world, &[ALL]);
    first.fresh().await;
    let saved = settled(&world, &first).await;
    drop(first);
    // Nothing is new: it is fresh, and has received nothing.
    let idle = follow_from(&world, &[ALL], Arc::default(), Some(saved));
    idle.fresh().await;
    assert_eq!(idle.held.subjects(), [""; 0]);
    assert_eq!(settled(&world, &idle).await, saved);
    drop(idle);
    world.publish(SERVICE, "c", 1, "new").await;
    world.publish(SERVICE, "b", 2, "changed").await;
    let second = follow_from(&world, &[ALL], Arc::default(), Some(saved));
    second.fresh().await;
    second.has("survey.b", "changed").await;
    assert_eq!(second.held.subjects(), ["prima.survey.b", "prima.survey.c"]);
    world.publish(SERVICE, "a", 3, "live").await;
    second.has("survey.a", "live").await;
    let later = eventually(LONG, || async {
        (settled(&world, &second).await.sequence > saved.sequence).then_some(())
    });
    later.await.expect("the position does not move");
}

async fn a_stream_that_lost_the_last_kept_state_is_read_from_its_beginning(world: World) {
    world.publish(SERVICE, "a", 1, "one").await;
    world.publish(SERVICE, "b", 1, "one").await;
    world.bus.set_complete(SERVICE).await.unwrap();
    let first = follow(&world, &[ALL]);
    first.fresh().await;
    let saved = settled(&world, &first).await;
    drop(first);
    // What identifies the position is gone: here because its subject has a newer state.
    world.publish(SERVICE, "b", 2, "two").await;
    let again = follow_from(&world, &[ALL], Arc::default(), Some(saved));
    again.fresh().await;
    assert_eq!(again.held.subjects(), ["prima.survey.a", "prima.survey.b"]);
    // A message with the sequence was stored at another time: the stream was restored, and went on from there.
    let saved = settled(&world, &again).await;
    drop(again);
    let other = Saved {
        stored: saved.stored - 1,
        ..saved
    };
    let restored = follow_from(&world, &[ALL], Arc::default(), Some(other));
    restored.fresh().await;
    assert_eq!(restored.held.subjects(), ["prima.survey.a", "prima.survey.b"]);
}

async fn a_position_in_another_stream_is_not_used(mut world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "one").await;
    let first = follow(&world, &[ALL]);
    first.has("survey.b", "one").await;
    first.fresh().await;
    let saved = settled(&world, &first).await;
    let held = first.held.clone();
    drop(first);
    relay.stop().await;
    // The bus loses all data, and the database is restored from a backup that is older than `b`.
    world.lose_the_bus();
    world
        .tamper("DELETE FROM outbox WHERE subject = 'prima.survey.b'")
        .await;
    let (_relay, _) = world.relay(relay_config(), "a");
    let again = follow_from(&world, &[ALL], held, Some(saved));
    let dropped = eventually(LONG, || async {
        (again.held.subjects() == ["prima.survey.a"]).then_some(())
    });
    dropped.await.expect("`b` is held for ever");
    let moved = eventually(LONG, || async {
        (again.freshness.settled().pop()?.created != saved.created).then_some(())
    });
    moved.await.expect("the position is that of the lost stream");
}

async fn only_a_complete_stream_that_was_read_to_its_end_is_settled(world: World) {
    world.publish(SERVICE, "a", 1, "one").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    let unsettled = follow(&world, &[ALL]);
    unsettled.has("survey.a", "one").await;
    assert_eq!(following.freshness.settled(), []);
    let position = following.freshness.now().positions.pop().unwrap();
    assert_eq!((position.service.as_str(), position.states), (SERVICE, 1));
    world.bus.set_complete(SERVICE).await.unwrap();
    assert_eq!(settled(&world, &following).await.sequence, position.sequence);
}

async fn other_subjects_do_not_make_it_stale(world: World) {
    world.publish(SERVICE, "score.a", 1, "one").await;
    world.bus.set_complete(SERVICE).await.unwrap();
    let following = follow(&world, &[(SERVICE, &["prima.survey.score.>"])]);
    following.fresh().await;
    let mut changes = following.freshness.fresh();
    changes.mark_unchanged();
    let moving = async {
        let mut version = 0;
        loop {
            version += 1;
            world
                .publish(SERVICE, "result.a", version, "of another subject")
                .await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // Longer than the limit of its watchdog.
    tokio::select! {
        () = moving => {}
        changed = tokio::time::timeout(Duration::from_millis(6500), changes.changed()) => {
            assert!(changed.is_err(), "it became stale: {:?}", following.freshness.now());
        }
    }
    world.publish(SERVICE, "score.a", 2, "two").await;
    following.has("survey.score.a", "two").await;
}

async fn a_stopped_server_makes_it_stale_and_its_states_stay(mut world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage("a", "one").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    following.fresh().await;
    world.nats.as_mut().map(Nats::kill).unwrap();
    following.stale(&[SERVICE]).await;
    following.has("survey.a", "one").await;
    world.stage("a", "two").await;
    world.nats.as_mut().map(Nats::restart).unwrap();
    following.has("survey.a", "two").await;
    following.fresh().await;
}

async fn a_server_that_hangs_makes_it_stale(world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage("a", "one").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    following.fresh().await;
    let nats = world.nats.as_ref().unwrap();
    nats.pause();
    following.stale(&[SERVICE]).await;
    nats.resume();
    world.stage("a", "two").await;
    following.has("survey.a", "two").await;
    following.fresh().await;
}

async fn a_lost_connection_makes_it_stale_and_is_replaced(world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage("a", "one").await;
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    following.fresh().await;
    // Relay and follower share one connection.
    world.to_bus.as_ref().unwrap().forget();
    following.stale(&[SERVICE]).await;
    world.stage("a", "two").await;
    following.has("survey.a", "two").await;
    following.fresh().await;
}

async fn a_deleted_consumer_is_created_again(world: World) {
    world.publish(SERVICE, "a", 1, "one").await;
    world.bus.set_complete(SERVICE).await.unwrap();
    let following = follow(&world, &[ALL]);
    following.has("survey.a", "one").await;
    let client = async_nats::connect(world.nats.as_ref().unwrap().url())
        .await
        .unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("PRIMA_SURVEY")
        .await
        .unwrap();
    let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
    assert!(!names.is_empty());
    for name in names {
        stream.delete_consumer(&name).await.unwrap();
    }
    world.publish(SERVICE, "a", 2, "two").await;
    following.has("survey.a", "two").await;
    following.fresh().await;
}
