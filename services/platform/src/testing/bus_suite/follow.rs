//! Cases of followers.

use std::{collections::BTreeMap, sync::Arc};

use tokio::time::timeout;

use super::{
    LONG, MOMENT, catch_up, everything, names, next_event, nothing_comes, publish, settle, step, take,
};
use crate::bus::{Bus, Step, Verdict};

/// A follower gets the last state of each subject, then `CaughtUp`, then new states.
pub async fn a_follower_gets_the_last_states_and_then_each_change(bus: Arc<dyn Bus>) {
    let service = "follow";
    bus.ensure_stream(service).await.unwrap();
    let mut b = 0;
    for version in 1..=3 {
        b = publish(&bus, service, "b", version, b).await;
    }
    let a = publish(&bus, service, "a", 1, 0).await;
    let mut follow = bus.follow(service, &everything(service)).await.unwrap();
    let seen: Vec<_> = catch_up(&mut follow)
        .await
        .into_iter()
        .map(|d| (d.sequence, d.event.version))
        .collect();
    assert_eq!(seen, [(b, 3), (a, 1)]);
    let waiting = timeout(MOMENT, follow.next()).await;
    assert!(
        !matches!(waiting, Ok(Ok(Step::Event(_)))),
        "nothing was published: {waiting:?}"
    );
    let a = publish(&bus, service, "a", 2, a).await;
    let live = next_event(&mut follow).await;
    assert_eq!((live.sequence, live.event.version), (a, 2));
    let c = publish(&bus, service, "c", 1, 0).await;
    let live = next_event(&mut follow).await;
    assert_eq!(
        (live.sequence, live.event.subject.as_str()),
        (c, "prima.follow.c")
    );
}

/// `CaughtUp` is reported for an empty stream, and for one without matching subjects.
pub async fn a_follower_of_an_empty_stream_is_caught_up(bus: Arc<dyn Bus>) {
    let service = "empty";
    bus.ensure_stream(service).await.unwrap();
    let mut follow = bus.follow(service, &everything(service)).await.unwrap();
    assert!(matches!(step(&mut follow).await, Step::CaughtUp));
    publish(&bus, service, "a", 1, 0).await;
    assert_eq!(next_event(&mut follow).await.event.version, 1);
    let mut other = bus
        .follow(service, &["prima.empty.score.>".to_owned()])
        .await
        .unwrap();
    assert!(
        matches!(step(&mut other).await, Step::CaughtUp),
        "nothing matches, so it is caught up"
    );
    publish(&bus, service, "score.a", 1, 0).await;
    assert_eq!(next_event(&mut other).await.event.subject, "prima.empty.score.a");
}

/// Followers and workers can have several filters.
pub async fn filters_choose_subjects(bus: Arc<dyn Bus>) {
    let service = "filter";
    bus.ensure_stream(service).await.unwrap();
    for name in ["score.skm.a", "result.a", "unit.a.b", "unit.a", "score.ipp.b"] {
        publish(&bus, service, name, 1, 0).await;
    }
    let filters = [
        "prima.filter.score.>".to_owned(),
        "prima.filter.unit.*.*".to_owned(),
    ];
    let wanted = ["score.ipp.b@1", "score.skm.a@1", "unit.a.b@1"];
    let mut follow = bus.follow(service, &filters).await.unwrap();
    let mut seen: Vec<_> = catch_up(&mut follow)
        .await
        .into_iter()
        .map(|d| String::from_utf8(d.event.payload).unwrap())
        .collect();
    seen.sort();
    assert_eq!(seen, wanted);
    let mut work = bus.work(service, "index", &filters, false).await.unwrap();
    let jobs = take(&mut work, 3, LONG).await;
    assert_eq!(names(&jobs), wanted);
    settle(jobs, Verdict::Ack).await;
    nothing_comes(&mut work).await;
    publish(&bus, service, "result.b", 1, 0).await;
    publish(&bus, service, "score.skm.c", 1, 0).await;
    assert_eq!(names(&take(&mut work, 1, LONG).await), ["score.skm.c@1"]);
    assert_eq!(
        next_event(&mut follow).await.event.subject,
        "prima.filter.score.skm.c"
    );
}

/// A follower that has the states up to a sequence gets those after it, and the message at the sequence identifies it until
/// it is replaced.
pub async fn a_follower_goes_on_after_a_sequence(bus: Arc<dyn Bus>) {
    let service = "after";
    bus.ensure_stream(service).await.unwrap();
    publish(&bus, service, "a", 1, 0).await;
    let b = publish(&bus, service, "b", 1, 0).await;
    let stored = bus.stored(service, b).await.unwrap();
    assert!(stored.is_some());
    assert_eq!(bus.stored(service, b).await.unwrap(), stored);
    assert_eq!(bus.stored(service, b + 1).await.unwrap(), None);
    let filters = everything(service);
    let mut follow = bus.follow_after(service, &filters, b).await.unwrap();
    assert!(catch_up(&mut follow).await.is_empty());
    let a = publish(&bus, service, "a", 2, 1).await;
    assert_eq!(next_event(&mut follow).await.sequence, a);
    let mut later = bus.follow_after(service, &filters, b).await.unwrap();
    let batch = timeout(LONG, later.batch(9)).await.unwrap().unwrap();
    assert_eq!(
        batch.deliveries.iter().map(|d| d.sequence).collect::<Vec<_>>(),
        [a]
    );
    publish(&bus, service, "b", 2, b).await;
    assert_eq!(bus.stored(service, b).await.unwrap(), None);
}

/// Sequences only grow, and the newest state of every subject is delivered.
pub async fn a_follower_sees_sequences_grow_under_load(bus: Arc<dyn Bus>) {
    const SUBJECTS: usize = 60;
    const ROUNDS: i64 = 8;
    let service = "order";
    bus.ensure_stream(service).await.unwrap();
    let mut sequences = vec![0; SUBJECTS];
    for (i, sequence) in sequences.iter_mut().enumerate() {
        *sequence = publish(&bus, service, &format!("s{i}"), 1, 0).await;
    }
    let mut follow = bus.follow(service, &everything(service)).await.unwrap();
    let writing = async {
        for version in 2..=ROUNDS {
            for (i, sequence) in sequences.iter_mut().enumerate() {
                *sequence = publish(&bus, service, &format!("s{i}"), version, *sequence).await;
            }
        }
    };
    let reading = async {
        let (mut last, mut newest) = (0, BTreeMap::new());
        while newest.len() < SUBJECTS || newest.values().any(|version| *version < ROUNDS) {
            let delivery = next_event(&mut follow).await;
            assert!(delivery.sequence > last, "{} after {last}", delivery.sequence);
            last = delivery.sequence;
            newest.insert(delivery.event.subject, delivery.event.version);
        }
    };
    tokio::join!(writing, reading);
}
