//! Cases of workers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{LONG, LOST, MOMENT, acknowledged, everything, names, nothing_comes, publish, settle, take};
use crate::bus::{Bus, Verdict};

/// The position of a consumer is on the bus, so that a later worker continues there.
pub async fn an_acknowledged_state_is_not_delivered_again(bus: Arc<dyn Bus>) {
    let service = "ack";
    bus.ensure_stream(service).await.unwrap();
    assert_eq!(bus.acknowledged(service, "index").await.unwrap(), None);
    let mut last = 0;
    for name in ["a", "b", "c"] {
        last = publish(&bus, service, name, 1, 0).await;
    }
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let jobs = take(&mut work, 3, LONG).await;
    assert_eq!(names(&jobs), ["a@1", "b@1", "c@1"]);
    assert!(
        bus.acknowledged(service, "index").await.unwrap() < Some(last),
        "before any acknowledgement"
    );
    settle(jobs, Verdict::Ack).await;
    acknowledged(&bus, service, "index", last).await;
    drop(work);
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    nothing_comes(&mut work).await;
    publish(&bus, service, "d", 1, 0).await;
    assert_eq!(names(&take(&mut work, 1, LONG).await), ["d@1"]);
    // Another consumer has a position of its own.
    let mut other = bus
        .work(service, "other", &everything(service), false)
        .await
        .unwrap();
    assert_eq!(
        names(&take(&mut other, 4, LONG).await),
        ["a@1", "b@1", "c@1", "d@1"]
    );
}

/// A transient failure of a worker.
pub async fn a_retry_comes_after_its_delay(bus: Arc<dyn Bus>) {
    let service = "retry";
    let delay = Duration::from_millis(700);
    bus.ensure_stream(service).await.unwrap();
    publish(&bus, service, "a", 1, 0).await;
    let last = publish(&bus, service, "b", 1, 0).await;
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let asked = Instant::now();
    for job in take(&mut work, 2, LONG).await {
        let failed = job.delivery.event.subject.ends_with(".a");
        job.settle
            .settle(if failed {
                Verdict::Retry(delay)
            } else {
                Verdict::Ack
            })
            .await
            .unwrap();
    }
    let again = take(&mut work, 1, LONG).await;
    assert!(asked.elapsed() >= delay, "after {:?}", asked.elapsed());
    assert_eq!(
        (names(&again), again.first().map(|j| j.attempt)),
        (vec!["a@1".to_owned()], Some(2))
    );
    settle(again, Verdict::Retry(Duration::ZERO)).await;
    let again = take(&mut work, 1, LONG).await;
    assert_eq!(again.first().map(|j| j.attempt), Some(3));
    settle(again, Verdict::Ack).await;
    acknowledged(&bus, service, "index", last).await;
}

/// A permanent failure of a worker.
pub async fn a_dropped_state_is_not_delivered_again(bus: Arc<dyn Bus>) {
    let service = "drop";
    bus.ensure_stream(service).await.unwrap();
    let a = publish(&bus, service, "a", 1, 0).await;
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    settle(take(&mut work, 1, LONG).await, Verdict::Drop).await;
    acknowledged(&bus, service, "index", a).await;
    drop(work);
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    nothing_comes(&mut work).await;
    publish(&bus, service, "a", 2, a).await;
    assert_eq!(
        names(&take(&mut work, 1, LONG).await),
        ["a@2"],
        "a newer state is another matter"
    );
}

/// A worker is lost before it has acknowledged its deliveries.
pub async fn the_deliveries_of_a_lost_worker_are_delivered_again(bus: Arc<dyn Bus>) {
    let service = "lost";
    bus.ensure_stream(service).await.unwrap();
    publish(&bus, service, "a", 1, 0).await;
    publish(&bus, service, "b", 1, 0).await;
    let mut lost = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let jobs = take(&mut lost, 2, LONG).await;
    assert!(jobs.iter().all(|j| j.attempt == 1));
    drop(jobs);
    drop(lost);
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let again = take(&mut work, 2, LOST).await;
    assert_eq!(names(&again), ["a@1", "b@1"]);
    assert!(again.iter().all(|j| j.attempt > 1));
}

/// Replicas of a worker share the states of one consumer.
pub async fn workers_share_a_consumer(bus: Arc<dyn Bus>) {
    const STATES: usize = 400;
    let service = "share";
    bus.ensure_stream(service).await.unwrap();
    let mut left = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let mut right = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    nothing_comes(&mut left).await;
    nothing_comes(&mut right).await;
    let mut last = 0;
    for i in 0..STATES {
        last = publish(&bus, service, &format!("s{i}"), 1, 0).await;
    }
    let mut taken: [BTreeSet<String>; 2] = Default::default();
    let deadline = Instant::now() + LONG;
    while taken.iter().map(BTreeSet::len).sum::<usize>() < STATES {
        assert!(
            Instant::now() < deadline,
            "only {:?} of {STATES}",
            taken.each_ref().map(BTreeSet::len)
        );
        for (work, mine) in [&mut left, &mut right].into_iter().zip(&mut taken) {
            if let Ok(jobs) = timeout(MOMENT, work.next(10)).await {
                let jobs = jobs.unwrap();
                mine.extend(names(&jobs));
                settle(jobs, Verdict::Ack).await;
            }
        }
    }
    assert!(taken.iter().all(|t| !t.is_empty()), "one of them did nothing");
    let [left_took, right_took] = taken;
    assert!(left_took.is_disjoint(&right_took), "taken twice");
    acknowledged(&bus, service, "index", last).await;
}

/// A worker whose database was restored restarts its consumer.
pub async fn a_restarted_consumer_starts_from_the_beginning(bus: Arc<dyn Bus>) {
    let service = "restart";
    bus.ensure_stream(service).await.unwrap();
    let a = publish(&bus, service, "a", 1, 0).await;
    publish(&bus, service, "b", 1, 0).await;
    let last = publish(&bus, service, "a", 2, a).await;
    // A consumer that does not exist yet may be restarted as well.
    let mut work = bus
        .work(service, "index", &everything(service), true)
        .await
        .unwrap();
    settle(take(&mut work, 2, LONG).await, Verdict::Ack).await;
    acknowledged(&bus, service, "index", last).await;
    drop(work);
    let mut work = bus
        .work(service, "index", &everything(service), true)
        .await
        .unwrap();
    let jobs = take(&mut work, 2, LONG).await;
    assert_eq!(names(&jobs), ["a@2", "b@1"]);
    assert!(jobs.iter().all(|j| j.attempt == 1), "as if for the first time");
}

/// States are replaced while a slow worker processes them.
pub async fn the_last_state_reaches_a_worker_although_older_ones_may_not(bus: Arc<dyn Bus>) {
    const LAST: i64 = 200;
    let service = "replaced";
    bus.ensure_stream(service).await.unwrap();
    let mut work = bus
        .work(service, "index", &everything(service), false)
        .await
        .unwrap();
    let writing = async {
        let mut sequence = 0;
        for version in 1..=LAST {
            sequence = publish(&bus, service, "a", version, sequence).await;
            tokio::task::yield_now().await;
        }
        sequence
    };
    let working = async {
        let (mut seen, mut failed) = (0, false);
        while seen < LAST {
            for job in take(&mut work, 1, LONG).await {
                // One state fails once. It or its successor is delivered again; the last one must be delivered.
                let verdict = if failed {
                    Verdict::Ack
                } else {
                    Verdict::Retry(Duration::from_millis(50))
                };
                if std::mem::replace(&mut failed, true) {
                    seen = seen.max(job.delivery.event.version);
                }
                job.settle.settle(verdict).await.unwrap();
            }
        }
    };
    let (last, ()) = tokio::join!(writing, working);
    acknowledged(&bus, service, "index", last).await;
    nothing_comes(&mut work).await;
}
