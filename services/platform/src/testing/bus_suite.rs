//! The test suite that every bus must pass. Each case uses a service of its own, so that all cases can share a bus.

#![expect(clippy::expect_used, reason = "a panic fails the test that calls the suite")]

mod follow;
mod work;

pub use follow::*;
pub use work::*;

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use tokio::time::timeout;

use super::eventually;
use crate::bus::{Bus, Delivery, Error, Event, Follow, Head, Job, Step, Verdict, Work};

/// Timeout for what must happen.
const LONG: Duration = Duration::from_secs(20);
/// Time until the deliveries of a lost worker are delivered again, at most.
const LOST: Duration = Duration::from_secs(30);
/// How long a case waits to notice what must not happen.
const MOMENT: Duration = Duration::from_millis(300);

/// Runs every case.
pub async fn all(bus: Arc<dyn Bus>) {
    let cases: Vec<BoxFuture<'static, ()>> = vec![
        operations_without_a_stream_fail(bus.clone()).boxed(),
        a_stream_is_created_once_and_completed_by_its_owner(bus.clone()).boxed(),
        a_publish_with_another_expected_sequence_is_refused(bus.clone()).boxed(),
        one_message_is_kept_per_subject(bus.clone()).boxed(),
        heads_and_last_have_version_and_withdrawal(bus.clone()).boxed(),
        every_field_arrives(bus.clone()).boxed(),
        a_follower_gets_the_last_states_and_then_each_change(bus.clone()).boxed(),
        a_follower_of_an_empty_stream_is_caught_up(bus.clone()).boxed(),
        filters_choose_subjects(bus.clone()).boxed(),
        a_follower_sees_sequences_grow_under_load(bus.clone()).boxed(),
        a_follower_goes_on_after_a_sequence(bus.clone()).boxed(),
        an_acknowledged_state_is_not_delivered_again(bus.clone()).boxed(),
        a_retry_comes_after_its_delay(bus.clone()).boxed(),
        a_dropped_state_is_not_delivered_again(bus.clone()).boxed(),
        the_deliveries_of_a_lost_worker_are_delivered_again(bus.clone()).boxed(),
        workers_share_a_consumer(bus.clone()).boxed(),
        a_restarted_consumer_starts_from_the_beginning(bus.clone()).boxed(),
        the_last_state_reaches_a_worker_although_older_ones_may_not(bus).boxed(),
    ];
    futures::future::join_all(cases).await;
}

fn event(service: &str, name: &str, version: i64) -> Event {
    Event {
        subject: format!("prima.{service}.{name}"),
        event_type: "prima.event.v1.Test".into(),
        revision: 1,
        version,
        withdrawn: false,
        payload: format!("{name}@{version}").into_bytes(),
        time: "2024-05-02T03:04:05Z".into(),
        traceparent: None,
        origin: None,
    }
}

fn everything(service: &str) -> Vec<String> {
    vec![format!("prima.{service}.>")]
}

async fn publish(bus: &Arc<dyn Bus>, service: &str, name: &str, version: i64, expected: u64) -> u64 {
    bus.publish(service, &event(service, name, version), expected)
        .await
        .unwrap()
}

async fn heads(bus: &Arc<dyn Bus>, service: &str) -> Vec<Head> {
    bus.heads(service)
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await
}

async fn step(follow: &mut Box<dyn Follow>) -> Step {
    timeout(LONG, follow.next())
        .await
        .expect("a follower gets nothing")
        .unwrap()
}

async fn next_event(follow: &mut Box<dyn Follow>) -> Delivery {
    loop {
        if let Step::Event(delivery) = step(follow).await {
            return *delivery;
        }
    }
}

/// The states that a follower receives until it is caught up.
async fn catch_up(follow: &mut Box<dyn Follow>) -> Vec<Delivery> {
    let mut found = Vec::new();
    loop {
        match step(follow).await {
            Step::Event(delivery) => found.push(*delivery),
            Step::CaughtUp => return found,
        }
    }
}

async fn take(work: &mut Box<dyn Work>, count: usize, within: Duration) -> Vec<Job> {
    let mut jobs = Vec::new();
    while jobs.len() < count {
        let more = timeout(within, work.next(count - jobs.len()))
            .await
            .expect("a worker gets nothing")
            .unwrap();
        assert!(!more.is_empty(), "an empty batch");
        jobs.extend(more);
    }
    jobs
}

async fn nothing_comes(work: &mut Box<dyn Work>) {
    if let Ok(found) = timeout(MOMENT, work.next(10)).await {
        let found: Vec<Delivery> = found.unwrap().into_iter().map(|job| job.delivery).collect();
        panic!("delivered and should not be: {found:?}");
    }
}

fn names(jobs: &[Job]) -> Vec<String> {
    let mut names: Vec<_> = jobs
        .iter()
        .map(|j| String::from_utf8(j.delivery.event.payload.clone()).unwrap())
        .collect();
    names.sort();
    names
}

async fn settle(jobs: Vec<Job>, verdict: Verdict) {
    for job in jobs {
        job.settle.settle(verdict).await.unwrap();
    }
}

/// Waits until the durable consumer `name` has acknowledged all states up to `sequence`.
async fn acknowledged(bus: &Arc<dyn Bus>, service: &str, name: &str, sequence: u64) {
    let reached = eventually(LONG, || async {
        bus.acknowledged(service, name)
            .await
            .unwrap()
            .filter(|at| *at >= sequence)
    });
    reached.await.expect("not acknowledged");
}

/// All operations on a stream that was never created.
pub async fn operations_without_a_stream_fail(bus: Arc<dyn Bus>) {
    let service = "nobody";
    let all = everything(service);
    assert_eq!(bus.stream(service).await.unwrap(), None);
    let missing = |result: Result<(), Error>, what| match result {
        Err(Error::NoStream(named)) => assert_eq!(named, service),
        other => panic!("{what}: {other:?}"),
    };
    missing(
        bus.publish(service, &event(service, "a", 1), 0).await.map(drop),
        "publish",
    );
    missing(bus.last(service, "prima.nobody.a").await.map(drop), "last");
    missing(bus.heads(service).await.map(drop), "heads");
    missing(bus.follow(service, &all).await.map(drop), "follow");
    missing(bus.work(service, "index", &all, false).await.map(drop), "work");
    missing(
        bus.work(service, "index", &all, true).await.map(drop),
        "work from the beginning",
    );
    missing(bus.acknowledged(service, "index").await.map(drop), "acknowledged");
    missing(bus.set_complete(service).await, "set_complete");
}

/// Creation, and the flag by which readers know that the owner has reconciled the stream.
pub async fn a_stream_is_created_once_and_completed_by_its_owner(bus: Arc<dyn Bus>) {
    let service = "created";
    let first = bus.ensure_stream(service).await.unwrap();
    assert!(
        !first.complete && first.messages == 0 && first.last_sequence == 0 && first.created != 0,
        "{first:?}"
    );
    publish(&bus, service, "a", 1, 0).await;
    bus.set_complete(service).await.unwrap();
    let again = bus.ensure_stream(service).await.unwrap();
    assert!(again.complete, "still complete after {again:?}");
    assert_eq!(
        (again.created, again.messages, again.last_sequence),
        (first.created, 1, 1)
    );
    assert_eq!(bus.stream(service).await.unwrap(), Some(again));
    assert!(bus.connection().borrow().up);
}

/// Fencing: a publish with an old expected sequence can't overwrite a newer state.
pub async fn a_publish_with_another_expected_sequence_is_refused(bus: Arc<dyn Bus>) {
    let service = "fence";
    bus.ensure_stream(service).await.unwrap();
    let refused = async |version, expected| {
        let result = bus
            .publish(service, &event(service, "a", version), expected)
            .await;
        assert!(
            matches!(result, Err(Error::Fenced)),
            "expected {expected}: {result:?}"
        );
    };
    refused(1, 7).await;
    let first = publish(&bus, service, "a", 1, 0).await;
    let other = publish(&bus, service, "b", 1, 0).await;
    assert!(other > first);
    // The last sequence of the stream is not that of the subject.
    refused(2, other).await;
    let second = publish(&bus, service, "a", 2, first).await;
    assert!(second > other);
    // A relay that was paused since the first state continues.
    refused(1, 0).await;
    refused(1, first).await;
    let last = bus.last(service, "prima.fence.a").await.unwrap().unwrap();
    assert_eq!((last.version, last.sequence), (2, second));
}

/// A stream contains current states, not their history.
pub async fn one_message_is_kept_per_subject(bus: Arc<dyn Bus>) {
    let service = "compact";
    bus.ensure_stream(service).await.unwrap();
    let a = publish(&bus, service, "a", 1, 0).await;
    publish(&bus, service, "b", 1, 0).await;
    publish(&bus, service, "a", 2, a).await;
    let info = bus.stream(service).await.unwrap().unwrap();
    assert_eq!((info.messages, info.last_sequence), (2, 3));
    let mut follow = bus.follow(service, &everything(service)).await.unwrap();
    let seen: Vec<_> = catch_up(&mut follow)
        .await
        .into_iter()
        .map(|d| (d.sequence, d.event.version))
        .collect();
    assert_eq!(seen, [(2, 1), (3, 2)]);
}

/// The data that reconciliation compares.
pub async fn heads_and_last_have_version_and_withdrawal(bus: Arc<dyn Bus>) {
    let service = "heads";
    bus.ensure_stream(service).await.unwrap();
    assert_eq!(heads(&bus, service).await, []);
    assert_eq!(bus.last(service, "prima.heads.unit.a").await.unwrap(), None);
    assert_eq!(bus.last(service, "prima.heads.>").await.unwrap(), None);
    let a = publish(&bus, service, "unit.a", 1_714_000_000_000, 0).await;
    let b = publish(&bus, service, "unit.b", 5, 0).await;
    let gone = Event {
        withdrawn: true,
        ..event(service, "unit.a", 1_714_000_000_001)
    };
    let a = bus.publish(service, &gone, a).await.unwrap();
    let c = publish(&bus, service, "agency.c", 2, 0).await;
    let head = |name: &str, sequence, version, withdrawn| Head {
        subject: format!("prima.heads.{name}"),
        sequence,
        version,
        withdrawn,
    };
    let head_a = head("unit.a", a, 1_714_000_000_001, true);
    let head_c = head("agency.c", c, 2, false);
    assert_eq!(
        heads(&bus, service).await,
        [head("unit.b", b, 5, false), head_a.clone(), head_c.clone()]
    );
    assert_eq!(
        bus.last(service, "prima.heads.unit.a").await.unwrap(),
        Some(head_a.clone())
    );
    assert_eq!(bus.last(service, "prima.heads.unit.z").await.unwrap(), None);
    // The watchdog of a follower asks for the last message that matches a filter.
    assert_eq!(
        bus.last(service, "prima.heads.unit.*").await.unwrap(),
        Some(head_a)
    );
    assert_eq!(bus.last(service, "prima.heads.>").await.unwrap(), Some(head_c));
    assert_eq!(bus.last(service, "prima.heads.score.>").await.unwrap(), None);
}

/// Followers and workers receive all fields as they were published.
pub async fn every_field_arrives(bus: Arc<dyn Bus>) {
    let service = "fields";
    bus.ensure_stream(service).await.unwrap();
    let sent = Event {
        revision: 4,
        withdrawn: true,
        payload: (0..=255).collect(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        origin: Some("00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01".into()),
        ..event(service, "a.b.c", 1_714_000_000_000)
    };
    let sequence = bus.publish(service, &sent, 0).await.unwrap();
    let mut follow = bus.follow(service, &everything(service)).await.unwrap();
    let followed = next_event(&mut follow).await;
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let worked = take(&mut work, 1, LONG).await.remove(0);
    assert_eq!(worked.attempt, 1);
    for delivery in [&followed, &worked.delivery] {
        assert_eq!(
            (delivery.service.as_str(), delivery.sequence),
            (service, sequence)
        );
        assert_eq!(format!("{:?}", delivery.event), format!("{sent:?}"));
    }
}

/// Only for a bus with a limit, which must be configured with streams of `max_bytes`: a full stream refuses new
/// subjects and accepts replacements of the same size.
pub async fn a_full_stream_takes_replacements_only(bus: Arc<dyn Bus>, max_bytes: usize) {
    let service = "full";
    bus.ensure_stream(service).await.unwrap();
    let big = |name: &str, version| Event {
        payload: vec![7; max_bytes / 20],
        ..event(service, name, version)
    };
    let mut sequences = Vec::new();
    let refused = loop {
        assert!(sequences.len() < 30, "never full");
        match bus
            .publish(service, &big(&format!("s{:02}", sequences.len()), 1), 0)
            .await
        {
            Ok(sequence) => sequences.push(sequence),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Full), "{refused:?}");
    assert!(sequences.len() > 5, "full after {}", sequences.len());
    for (i, sequence) in sequences.iter().enumerate() {
        bus.publish(service, &big(&format!("s{i:02}"), 2), *sequence)
            .await
            .unwrap();
    }
    let found = heads(&bus, service).await;
    assert_eq!(found.len(), sequences.len());
    assert!(found.iter().all(|head| head.version == 2));
}
