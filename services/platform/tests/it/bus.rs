//! Both buses must pass one suite.

use std::sync::Arc;

use prima_platform::{
    bus::{Bus, jetstream::JetStream, memory::Memory},
    testing::{bus_suite, nats::Nats},
};

use crate::world::connected;

macro_rules! suite {
    ($($case:ident),* $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                bus_suite::$case(Arc::new(Memory::default())).await;
            })*
        }
        mod jetstream {
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                let nats = Nats::start();
                bus_suite::$case(connected(&nats.config()).await).await;
            })*
        }
    };
}

suite!(
    operations_without_a_stream_fail,
    a_stream_is_created_once_and_completed_by_its_owner,
    a_publish_with_another_expected_sequence_is_refused,
    one_message_is_kept_per_subject,
    heads_and_last_have_version_and_withdrawal,
    every_field_arrives,
    a_follower_gets_the_last_states_and_then_each_change,
    a_follower_of_an_empty_stream_is_caught_up,
    filters_choose_subjects,
    a_follower_sees_sequences_grow_under_load,
    a_follower_goes_on_after_a_sequence,
    an_acknowledged_state_is_not_delivered_again,
    a_retry_comes_after_its_delay,
    a_dropped_state_is_not_delivered_again,
    the_deliveries_of_a_lost_worker_are_delivered_again,
    workers_share_a_consumer,
    a_restarted_consumer_starts_from_the_beginning,
    the_last_state_reaches_a_worker_although_older_ones_may_not,
);

#[tokio::test]
async fn the_cases_pass_side_by_side_on_one_bus() {
    bus_suite::all(Arc::new(Memory::default())).await;
}

#[tokio::test]
async fn a_full_stream_takes_replacements_only() {
    let nats = Nats::start();
    let config = prima_platform::config::Bus {
        max_bytes: 256 << 10,
        ..nats.config()
    };
    bus_suite::a_full_stream_takes_replacements_only(connected(&config).await, 256 << 10).await;
}

#[tokio::test]
async fn new_limits_of_a_stream_are_applied_and_it_stays_complete() {
    let nats = Nats::start();
    let bus = connected(&nats.config()).await;
    bus.ensure_stream("limits").await.unwrap();
    bus.set_complete("limits").await.unwrap();
    let wider = prima_platform::config::Bus {
        max_bytes: 128 << 20,
        ..nats.config()
    };
    assert!(
        connected(&wider)
            .await
            .ensure_stream("limits")
            .await
            .unwrap()
            .complete
    );
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("PRIMA_LIMITS")
        .await
        .unwrap();
    assert_eq!(stream.cached_info().config.max_bytes, 128 << 20);
}

#[tokio::test]
async fn a_bus_that_starts_later_is_connected() {
    let mut nats = Nats::start();
    nats.kill();
    let bus = JetStream::connect(&nats.config(), "test").await.unwrap();
    assert!(!bus.connection().borrow().up);
    assert!(bus.ensure_stream("late").await.is_err());
    nats.restart();
    let mut connection = bus.connection();
    tokio::time::timeout(std::time::Duration::from_secs(20), connection.wait_for(|c| c.up))
        .await
        .unwrap()
        .unwrap();
    bus.ensure_stream("late").await.unwrap();
}

#[tokio::test]
async fn every_reconnect_raises_the_epoch() {
    let mut nats = Nats::start();
    let bus = connected(&nats.config()).await;
    let before = *bus.connection().borrow();
    nats.kill();
    let mut connection = bus.connection();
    let deadline = std::time::Duration::from_secs(20);
    tokio::time::timeout(deadline, connection.wait_for(|c| !c.up))
        .await
        .unwrap()
        .unwrap();
    nats.restart();
    let after = *tokio::time::timeout(deadline, connection.wait_for(|c| c.up))
        .await
        .unwrap()
        .unwrap();
    assert!(after.epoch > before.epoch);
}
