//! Two relays on one PostgreSQL database.

use std::time::Duration;

use futures::StreamExt;
use prima_platform::{clock::Clock, config, db::sql, outbox::Status, testing::eventually};
use sea_orm::ConnectionTrait;
use tokio::time::Instant;

use crate::world::{Broker, LONG, SERVICE, Store, World, relay_config};

async fn becomes(active: &Status, standby: &Status) {
    let so = eventually(LONG, || async {
        (active.active() && !standby.active()).then_some(())
    });
    so.await
        .unwrap_or_else(|| panic!("active: {}, other: {}", active.active(), standby.active()));
}

macro_rules! on_both_buses {
    ($($case:ident),* $(,)?) => {
        crate::world::matrix!(@on memory, Postgres, Memory, $($case),*);
        crate::world::matrix!(@on jetstream, Postgres, JetStream, $($case),*);
    };
}

on_both_buses!(
    a_standby_takes_over_when_the_lease_expires,
    a_stopped_relay_hands_over_before_its_lease_expires,
    a_host_with_a_wrong_clock_neither_takes_the_lease_nor_keeps_it
);

async fn a_standby_takes_over_when_the_lease_expires(world: World) {
    let other = world.replica().await;
    let (_first, first) = world.relay(relay_config(), "first");
    world.stage("a", "one").await;
    world.synchronised().await;
    let (_second, second) = other.relay(relay_config(), "second");
    becomes(&first, &second).await;
    // Staged by the standby replica; the active relay finds it.
    other.stage("a", "two").await;
    other.synchronised().await;
    assert!(first.active() && !second.active());

    world.to_db.as_ref().unwrap().cut();
    becomes(&second, &first).await;
    other.stage("a", "three").await;
    assert_eq!(other.synchronised().await["prima.survey.a"].1, "three");

    world.to_db.as_ref().unwrap().restore();
    world.stage("a", "four").await;
    assert_eq!(world.synchronised().await["prima.survey.a"].1, "four");
    assert!(
        second.active() && !first.active(),
        "the first relay waits after its restart"
    );
}

async fn a_stopped_relay_hands_over_before_its_lease_expires(world: World) {
    let other = world.replica().await;
    let lease = Duration::from_secs(9);
    let config = config::Relay {
        lease_millis: 9_000,
        ..relay_config()
    };
    let (running, first) = world.relay(config.clone(), "first");
    world.stage("a", "one").await;
    world.synchronised().await;
    let (_second, second) = other.relay(config, "second");
    world.stage("a", "two").await;
    running.stop().await;
    let stopped = Instant::now();
    becomes(&second, &first).await;
    assert!(
        stopped.elapsed() < lease - Duration::from_secs(2),
        "after {:?}",
        stopped.elapsed()
    );
    assert_eq!(other.synchronised().await["prima.survey.a"].1, "two");
}

/// The lease uses the clock of the database.
async fn a_host_with_a_wrong_clock_neither_takes_the_lease_nor_keeps_it(world: World) {
    let early = world.replica().await;
    let off = |hours| Clock::from_fn(move || Clock::system().now() + chrono::Duration::hours(hours));
    let (running, first) = world.relay_by(off(-1), relay_config(), "slow");
    world.stage("a", "one").await;
    world.synchronised().await;
    let (_early, second) = early.relay_by(off(1), relay_config(), "fast");
    // Twice the duration of the lease.
    for change in 0..6 {
        let before = lease(&world).await;
        let renewed = eventually(LONG, || async { (lease(&world).await != before).then_some(()) });
        renewed.await.expect("not renewed");
        world.stage("a", &format!("change {change}")).await;
        world.synchronised().await;
        assert!(first.active() && !second.active(), "after {change} renewals");
    }
    running.stop().await;
    becomes(&second, &first).await;
}

async fn lease(world: &World) -> (String, i64) {
    let reader = world.db.reader();
    let row = reader
        .query_one_raw(sql(reader, "SELECT holder, expires_at FROM lease", []))
        .await
        .unwrap()
        .unwrap();
    (
        row.try_get("", "holder").unwrap(),
        row.try_get("", "expires_at").unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_messages_of_a_paused_relay_overwrite_nothing() {
    let world = World::new(Store::Postgres, Broker::JetStream).await;
    let other = world.replica().await;
    let (_first, first) = world.relay(relay_config(), "first");
    world.stage("a", "zero").await;
    world.synchronised().await;
    // A plain subscriber sees all messages that arrive at the server, also those that the stream refuses.
    let client = async_nats::connect(world.nats.as_ref().unwrap().url())
        .await
        .unwrap();
    let mut arriving = client.subscribe("prima.survey.a").await.unwrap();
    client.flush().await.unwrap();

    let (to_bus, to_db) = (world.to_bus.as_ref().unwrap(), world.to_db.as_ref().unwrap());
    to_bus.stall();
    let old = world.stage("a", "old").await;
    eventually(LONG, || async { (to_bus.held() > 100).then_some(()) })
        .await
        .expect("nothing was sent");
    to_db.stall();
    let (_second, second) = other.relay(relay_config(), "second");
    eventually(LONG, || async { second.active().then_some(()) })
        .await
        .expect("no takeover");
    let new = other.stage("a", "new").await;
    other.synchronised().await;
    assert!(new > old && first.active(), "the first relay has not noticed yet");

    to_bus.restore();
    let mut seen = Vec::new();
    while !seen.contains(&(old, "old".to_owned())) || !seen.contains(&(new, "new".to_owned())) {
        let message = tokio::time::timeout(LONG, arriving.next())
            .await
            .expect("the late message")
            .unwrap();
        let version = message
            .headers
            .as_ref()
            .unwrap()
            .get("ce-sequence")
            .unwrap()
            .as_str()
            .parse::<i64>()
            .unwrap();
        seen.push((version, String::from_utf8(message.payload.to_vec()).unwrap()));
    }
    to_db.restore();
    becomes(&second, &first).await;
    // When the stream has accepted a later message, it has processed the late one.
    other.stage("b", "after").await;
    let states = other.synchronised().await;
    assert_eq!(states["prima.survey.a"], (new, "new".to_owned()));
    let head = other.bus.last(SERVICE, "prima.survey.a").await.unwrap().unwrap();
    assert_eq!(head.version, new);
    // The late relay has not recorded its refused publish.
    other.stage("a", "newer").await;
    assert_eq!(other.synchronised().await["prima.survey.a"].1, "newer");
}
