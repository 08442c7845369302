//! The outbox and its relay, on every database and every bus.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use prima_platform::{
    bus::Head,
    config,
    failure::{Failure, Kind},
    outbox::{MAX_PAYLOAD, State, restage_all, stage},
    testing::{eventually, nats::Nats},
};
use tokio::time::Instant;

use crate::world::{Broker, LONG, SERVICE, Store, World, event, matrix, on_jetstream, relay_config};

matrix!(
    staged_states_reach_the_bus,
    an_empty_outbox_completes_the_stream,
    a_hot_aggregate_is_coalesced_and_its_last_state_arrives,
    a_bus_that_lost_everything_is_filled_again,
    a_bus_lost_while_no_relay_was_running_is_filled_again,
    a_database_restored_from_an_older_backup_publishes_above_the_bus,
    a_change_after_a_restore_is_published_above_the_bus,
    all_states_are_published_again_after_restage_all,
    a_subject_that_the_outbox_lacks_is_withdrawn_once,
    a_lost_published_version_is_restored,
    two_concurrent_relays_never_revert_a_state,
    a_state_too_large_for_the_bus_is_refused_when_it_is_staged,
    a_state_that_is_too_large_does_not_block_others,
);

async fn staged_states_reach_the_bus(world: World) {
    let (relay, status) = world.relay(relay_config(), "a");
    let names: Vec<String> = (0..700).map(|i| format!("result.k-{i}.a")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.stage_all(&names, "first").await;
    assert_eq!(world.synchronised().await.len(), 700);
    assert!(status.active() && !status.full());
    // The relay is idle; a commit wakes it.
    world.stage_all(&names[..3], "second").await;
    let states = world.synchronised().await;
    assert_eq!(
        states.values().filter(|(_, payload)| payload == "second").count(),
        3
    );
    relay.stop().await;
    assert_eq!(
        world.bus.stream(SERVICE).await.unwrap().unwrap().last_sequence,
        703,
        "nothing was sent twice"
    );
}

async fn an_empty_outbox_completes_the_stream(world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    assert!(world.synchronised().await.is_empty());
}

async fn a_hot_aggregate_is_coalesced_and_its_last_state_arrives(world: World) {
    const RATE: u32 = 10;
    let (_relay, _) = world.relay(
        config::Relay {
            rate_per_subject: RATE,
            ..relay_config()
        },
        "a",
    );
    world.stage("quiet", "quiet").await;
    world.synchronised().await;
    let before = world.bus.stream(SERVICE).await.unwrap().unwrap().last_sequence;
    let start = Instant::now();
    let mut changes = 0;
    while start.elapsed() < Duration::from_millis(1500) {
        changes += 1;
        world.stage("hot", &format!("change {changes}")).await;
    }
    let states = world.synchronised().await;
    assert_eq!(states["prima.survey.hot"].1, format!("change {changes}"));
    let sent = world.bus.stream(SERVICE).await.unwrap().unwrap().last_sequence - before;
    let allowed = (start.elapsed().as_secs_f64() * f64::from(RATE)).ceil() as u64 + 1;
    assert!(
        changes > 2 * allowed,
        "only {changes} changes: the test shows nothing"
    );
    assert!(
        (2..=allowed).contains(&sent),
        "{sent} publishes of {changes} changes, {allowed} allowed"
    );
}

async fn a_bus_that_lost_everything_is_filled_again(mut world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["quiet.a", "quiet.b", "hot"], "before").await;
    let before = world.synchronised().await;
    let created = world.bus.stream(SERVICE).await.unwrap().unwrap().created;
    world.lose_the_bus();
    // Aggregates without another change are published again as well.
    assert_eq!(world.synchronised().await, before);
    assert_ne!(
        world.bus.stream(SERVICE).await.unwrap().unwrap().created,
        created,
        "it was really lost"
    );
    world.stage("hot", "after").await;
    assert_eq!(world.synchronised().await["prima.survey.hot"].1, "after");
}

async fn a_bus_lost_while_no_relay_was_running_is_filled_again(mut world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["quiet", "hot"], "before").await;
    world.synchronised().await;
    relay.stop().await;
    world.lose_the_bus();
    world.stage("hot", "meanwhile").await;
    let (_relay, _) = world.relay(relay_config(), "b");
    let states = world.synchronised().await;
    assert_eq!(states["prima.survey.quiet"].1, "before");
    assert_eq!(states["prima.survey.hot"].1, "meanwhile");
}

async fn head(world: &World, name: &str) -> Head {
    world
        .bus
        .last(SERVICE, &format!("prima.{SERVICE}.{name}"))
        .await
        .unwrap()
        .unwrap()
}

/// Makes the row of `a` older than its last change, as a restored backup has it.
const RESTORE: &str = "UPDATE outbox SET version = version - 60000, published_version = version - 60000,
                       stream_sequence = 1, payload = 'old' WHERE subject = 'prima.survey.a'";

async fn a_database_restored_from_an_older_backup_publishes_above_the_bus(world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["b", "a"], "new").await;
    world.synchronised().await;
    relay.stop().await;
    let before = head(&world, "a").await;
    world.tamper(&restore(&world)).await;
    let (_relay, _) = world.relay(relay_config(), "a");
    let above = eventually(LONG, || async {
        let now = head(&world, "a").await;
        (now.version > before.version).then_some(now)
    });
    above.await.expect("not staged again above the bus");
    let states = world.synchronised().await;
    assert_eq!(states["prima.survey.a"].1, "old", "the database is the truth");
    assert_eq!(states["prima.survey.b"].1, "new");
}

fn restore(world: &World) -> String {
    // SQLite would store the literal `'old'` as text, not as bytes.
    let old = if world.db.backend() == sea_orm::DbBackend::Postgres {
        "'old'::bytea"
    } else {
        "x'6f6c64'"
    };
    RESTORE.replace("'old'", old)
}

async fn a_change_after_a_restore_is_published_above_the_bus(world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    // The versions on the bus are far ahead of this machine's clock.
    world.stage_all(&["b", "a"], "new").await;
    world.synchronised().await;
    relay.stop().await;
    world
        .tamper("UPDATE outbox SET version = version + 9000000 WHERE subject = 'prima.survey.a'")
        .await;
    let (relay, _) = world.relay(relay_config(), "a");
    world.synchronised().await;
    relay.stop().await;
    let before = head(&world, "a").await;
    world
        .tamper(
            "UPDATE outbox SET version = version - 9000000, published_version = version - 9000000,
                stream_sequence = stream_sequence - 1",
        )
        .await;
    // The relay finds the newer state on the bus when it publishes or when it compares.
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage("a", "changed").await;
    let states = world.synchronised().await;
    assert_eq!(states["prima.survey.a"].1, "changed");
    assert!(states["prima.survey.a"].0 > before.version);
}

async fn all_states_are_published_again_after_restage_all(world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b", "c"], "same").await;
    let before = world.synchronised().await;
    assert_eq!(restage_all(&world.db, 0).await.unwrap(), 3);
    world.outbox.committed();
    let after = world.synchronised().await;
    assert!(
        before
            .iter()
            .all(|(subject, (version, _))| after[subject].0 == version + 1)
    );
}

async fn a_subject_that_the_outbox_lacks_is_withdrawn_once(world: World) {
    world.publish(SERVICE, "stranger", 5, "unknown").await;
    // Nine more states, because a comparison withdraws at most a tenth of the published ones.
    let known: Vec<String> = (0..9).map(|i| format!("known.{i}")).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for name in &known {
        world.publish(SERVICE, name, 1, "known").await;
    }
    world.stage_all(&known, "known").await;
    world.stage("a", "known").await;
    let (relay, _) = world.relay(relay_config(), "a");
    let gone = eventually(LONG, || async {
        world
            .bus
            .last(SERVICE, "prima.survey.stranger")
            .await
            .ok()?
            .filter(|head| head.withdrawn)
    });
    let gone = gone.await.expect("not withdrawn");
    assert_eq!(gone.version, 6);
    assert!(!head_when_there(&world, "a").await.withdrawn);
    relay.stop().await;
    // The next comparison finds it withdrawn and changes nothing.
    let (_relay, status) = world.relay(
        config::Relay {
            reconcile_seconds: 0,
            ..relay_config()
        },
        "a",
    );
    world.stage("b", "later").await;
    head_when_there(&world, "b").await;
    assert!(status.active());
    assert_eq!(head(&world, "stranger").await, gone);
}

async fn head_when_there(world: &World, name: &str) -> Head {
    let subject = format!("prima.{SERVICE}.{name}");
    let there = eventually(LONG, || async {
        world.bus.last(SERVICE, &subject).await.ok().flatten()
    });
    there.await.expect("not published")
}

async fn a_lost_published_version_is_restored(world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "state").await;
    let states = world.synchronised().await;
    relay.stop().await;
    // A relay that was killed before it recorded a publish; and recorded sequences that are those of another stream.
    world
        .tamper("UPDATE outbox SET published_version = 0, stream_sequence = 0 WHERE subject LIKE '%.a'")
        .await;
    world
        .tamper("UPDATE outbox SET stream_sequence = 77 WHERE subject LIKE '%.b'")
        .await;
    let (_relay, _) = world.relay(relay_config(), "a");
    assert_eq!(world.synchronised().await, states);
    assert_eq!(
        world.bus.stream(SERVICE).await.unwrap().unwrap().last_sequence,
        2,
        "found, not sent again"
    );
    world.stage("b", "next").await;
    assert_eq!(world.synchronised().await["prima.survey.b"].1, "next");
}

/// Both relays assume that they hold the lease; only the expected sequence fences them.
async fn two_concurrent_relays_never_revert_a_state(world: World) {
    let other = world.replica().await;
    // On PostgreSQL the lease expires at once, so that each relay takes it from the other one again and again.
    let config = config::Relay {
        lease_millis: 0,
        ..relay_config()
    };
    let (_one, _) = world.relay(config.clone(), "one");
    let (_other, _) = other.relay(config, "other");
    let bus = world.bus.clone();
    let stream = eventually(LONG, || async { bus.stream(SERVICE).await.ok().flatten() });
    stream.await.expect("a stream");
    let mut follow = bus
        .follow(SERVICE, &[format!("prima.{SERVICE}.>")])
        .await
        .unwrap();
    let watching = crate::world::Running::spawn(|stop| async move {
        let mut newest = std::collections::HashMap::new();
        loop {
            let step =
                tokio::select! { () = stop.cancelled() => return, step = follow.next() => step.unwrap() };
            if let prima_platform::bus::Step::Event(delivery) = step {
                let event = delivery.event;
                let before = newest.insert(event.subject.clone(), event.version).unwrap_or(0);
                assert!(
                    event.version > before,
                    "{} went from {before} to {}",
                    event.subject,
                    event.version
                );
            }
        }
    });
    for change in 0..60 {
        let replica = if change % 2 == 0 { &*world } else { &other };
        replica
            .stage_all(&["a", "b", "c"], &format!("change {change}"))
            .await;
    }
    let states = world.synchronised().await;
    assert!(states.values().all(|(_, payload)| payload == "change 59"));
    watching.stop().await;
}

async fn a_state_too_large_for_the_bus_is_refused_when_it_is_staged(world: World) {
    let staged = async |bytes: usize| {
        let txn = world.db.begin().await.unwrap();
        let state = State {
            subject: "prima.survey.big".into(),
            event_type: "prima.event.v1.Test",
            revision: 1,
            version: 1,
            withdrawn: false,
            payload: vec![b'x'; bytes],
            traceparent: None,
        };
        let staged = stage(&txn, &[state]).await;
        txn.commit().await.unwrap();
        staged
    };
    let failure = Failure::from(staged(MAX_PAYLOAD + 1).await.unwrap_err());
    assert_eq!(
        (failure.kind, failure.reason),
        (Kind::Precondition, "STATE_TOO_LARGE")
    );
    for text in [&failure.message, &failure.localized] {
        assert!(text.contains("prima.survey.big"), "{text}");
    }
    assert!(world.in_database().await.0.is_empty());
    // A state of the greatest size is published.
    staged(MAX_PAYLOAD).await.unwrap();
    let (_relay, _) = world.relay(relay_config(), "a");
    assert_eq!(world.synchronised().await.len(), 1);
}

async fn a_state_that_is_too_large_does_not_block_others(world: World) {
    world.stage_all(&["big", "a"], "small").await;
    // Staged by an older release, which did not check the size.
    let blob = if world.db.backend() == sea_orm::DbBackend::Postgres {
        "convert_to(repeat('x', 2000000), 'UTF8')"
    } else {
        "CAST(printf('%.*c', 2000000, 'x') AS BLOB)"
    };
    world
        .tamper(&format!(
            "UPDATE outbox SET payload = {blob} WHERE subject LIKE '%.big'"
        ))
        .await;
    let (_relay, status) = world.relay(relay_config(), "a");
    head_when_there(&world, "a").await;
    let complete = eventually(LONG, || async {
        world.bus.stream(SERVICE).await.ok()??.complete.then_some(())
    });
    complete.await.expect("the stream is never complete");
    // Three changes are published in one session: the large state neither blocks them nor ends the session.
    for change in ["one", "two", "three"] {
        let version = world.stage("a", change).await;
        let out = eventually(LONG, || async {
            (head(&world, "a").await.version == version).then_some(())
        });
        out.await.expect("not published");
        assert!(status.active());
    }
    let owner = world.bus.stream(SERVICE).await.unwrap().unwrap().owner.unwrap();
    assert_eq!(owner.epoch, 1, "the relay has begun another session");
    // When it is small enough, it is published as well.
    world.stage("big", "small again").await;
    let states = world.synchronised().await;
    assert_eq!(states["prima.survey.big"].1, "small again");
}

on_jetstream!(
    a_restarted_bus_gets_the_states_staged_in_the_meantime,
    a_bus_cut_off_or_stalled_gets_the_states_staged_in_the_meantime,
    a_deleted_message_is_published_again,
    an_older_message_behind_a_newer_one_of_its_subject_is_replaced,
);

async fn a_restarted_bus_gets_the_states_staged_in_the_meantime(mut world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "before").await;
    world.synchronised().await;
    let created = world.bus.stream(SERVICE).await.unwrap().unwrap().created;
    world.nats.as_mut().map(Nats::kill).unwrap();
    world.stage_all(&["b", "c"], "meanwhile").await;
    world.nats.as_mut().map(Nats::restart).unwrap();
    let states = world.synchronised().await;
    assert_eq!(
        states
            .values()
            .filter(|(_, payload)| payload == "meanwhile")
            .count(),
        2
    );
    assert_eq!(
        world.bus.stream(SERVICE).await.unwrap().unwrap().created,
        created,
        "the storage was there"
    );
}

async fn a_bus_cut_off_or_stalled_gets_the_states_staged_in_the_meantime(world: World) {
    let (_relay, _) = world.relay(relay_config(), "a");
    let proxy = world.to_bus.as_ref().unwrap();
    proxy.cut();
    world.stage("a", "while cut").await;
    proxy.restore();
    world.synchronised().await;
    proxy.stall();
    world.stage("a", "while silent").await;
    let held = eventually(LONG, || async { (proxy.held() > 0).then_some(()) });
    held.await.expect("nothing was sent");
    world.stage("a", "later").await;
    proxy.restore();
    assert_eq!(world.synchronised().await["prima.survey.a"].1, "later");
}

async fn a_deleted_message_is_published_again(world: World) {
    let (_relay, _) = world.relay(
        config::Relay {
            reconcile_seconds: 1,
            ..relay_config()
        },
        "a",
    );
    world.stage_all(&["a", "b"], "state").await;
    let states = world.synchronised().await;
    let client = async_nats::connect(world.nats.as_ref().unwrap().url())
        .await
        .unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("PRIMA_SURVEY")
        .await
        .unwrap();
    stream.purge().filter("prima.survey.a").await.unwrap();
    assert_eq!(world.on_bus().await.unwrap().len(), 1);
    assert_eq!(world.synchronised().await, states);
}

async fn an_older_message_behind_a_newer_one_of_its_subject_is_replaced(world: World) {
    let (relay, _) = world.relay(relay_config(), "a");
    world.stage_all(&["a", "b"], "state").await;
    let states = world.synchronised().await;
    relay.stop().await;
    world.put_behind("a", 1, "older").await;
    let (_relay, _) = world.relay(relay_config(), "a");
    let step = eventually(LONG, || async {
        let info = world.bus.stream(SERVICE).await.ok()??;
        (info.messages == 2 && world.on_bus().await? == states).then_some(())
    });
    step.await.expect("the older message stays the last");
}

/// Many new aggregates wait for room, and must not block the states of known ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_is_reported_and_blocks_new_aggregates_only() {
    let world = World::with_bus_bytes(Store::Sqlite, Broker::JetStream, 100 << 10).await;
    let (relay, status) = world.relay(
        config::Relay {
            window: 4,
            ..relay_config()
        },
        "a",
    );
    let big = |letter: &str| letter.repeat(10_000);
    world.stage("known", &big("a")).await;
    world.synchronised().await;
    let names: Vec<String> = (0..40).map(|i| format!("new{i:02}")).collect();
    world
        .stage_all(&names.iter().map(String::as_str).collect::<Vec<_>>(), &big("b"))
        .await;
    eventually(LONG, || async { status.full().then_some(()) })
        .await
        .expect("not reported as full");
    world.stage("known", &big("c")).await;
    let replaced = eventually(LONG, || async {
        world
            .on_bus()
            .await?
            .get("prima.survey.known")
            .filter(|(_, payload)| *payload == big("c"))
            .map(drop)
    });
    replaced
        .await
        .expect("the state of a known aggregate waits behind new ones");
    relay.stop().await;
    // The operator raises the limit.
    let nats = world.nats.as_ref().unwrap();
    let bus = crate::world::connected(&config::Bus {
        max_bytes: 8 << 20,
        ..nats.config()
    })
    .await;
    let wider = crate::world::Replica {
        bus,
        ..world.replica().await
    };
    let (_relay, status) = wider.relay(relay_config(), "b");
    assert_eq!(wider.synchronised().await.len(), 41);
    assert!(!status.full());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_database_is_served_again() {
    let world = World::new(Store::Postgres, Broker::Memory).await;
    let (_relay, status) = world.relay(relay_config(), "a");
    world.stage("a", "before").await;
    world.synchronised().await;
    let proxy = world.to_db.as_ref().unwrap();
    proxy.cut();
    eventually(LONG, || async { (!status.active()).then_some(()) })
        .await
        .expect("it can't hold a lease now");
    proxy.restore();
    world.stage("a", "after").await;
    assert_eq!(world.synchronised().await["prima.survey.a"].1, "after");
}

#[tokio::test]
async fn heads_of_many_subjects_are_read_to_the_end() {
    let nats = Nats::start();
    let bus = crate::world::connected(&nats.config()).await;
    bus.ensure_stream(SERVICE).await.unwrap();
    let bus = Arc::clone(&bus);
    let events = (0..5000).map(|i| event(SERVICE, &format!("s{i}"), i, "x"));
    let publishing = futures::stream::iter(events).map(|event| {
        let bus = bus.clone();
        async move { bus.publish(SERVICE, &event, 0).await.unwrap() }
    });
    assert_eq!(publishing.buffer_unordered(256).count().await, 5000);
    assert_eq!(
        bus.heads(SERVICE)
            .await
            .unwrap()
            .map(Result::unwrap)
            .count()
            .await,
        5000
    );
}
