//! `WatchComplaints`: every event is delivered once, in one order, to those who may see it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::StreamExt;
use prima_platform::{
    caller::Role,
    testing::{eventually, served::Place},
};
use prima_proto::complaint::v1::{self, TimelineKind};
use tokio::task::JoinSet;
use tonic::{Code, Request, Streaming};

use crate::{
    fixture::{
        AGENCY, Submitted, UNIT, World, by, coordinator, faults, intake, liaison, national, on_each_database,
        public, refused, report, request_id,
    },
    sweep::verify,
};

type Stream = Streaming<v1::WatchComplaintsResponse>;

/// How long an event may take to arrive.
const SOON: Duration = Duration::from_secs(20);
/// How long no event may arrive.
const QUIET: Duration = Duration::from_millis(1500);

fn watched(parent: &str, after: &str) -> v1::WatchComplaintsRequest {
    v1::WatchComplaintsRequest {
        parent: parent.into(),
        after: after.into(),
    }
}

/// Opens a stream as soon as the previous one has released its slot.
async fn open(world: &World, request: impl Fn() -> Request<v1::WatchComplaintsRequest>) -> Stream {
    let opened = eventually(SOON, async || {
        match world.complaints.clone().watch_complaints(request()).await {
            Ok(answer) => Some(answer.into_inner()),
            Err(status) if status.code() == Code::ResourceExhausted => None,
            Err(status) => panic!("{status:?}"),
        }
    });
    opened.await.unwrap()
}

async fn next(stream: &mut Stream) -> v1::WatchComplaintsResponse {
    let message = tokio::time::timeout(SOON, stream.next()).await;
    message.unwrap().unwrap().unwrap()
}

/// Receives `count` events, and no more.
async fn exactly(stream: &mut Stream, count: usize) -> Vec<v1::WatchComplaintsResponse> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(next(stream).await);
    }
    let more = tokio::time::timeout(QUIET, stream.next()).await;
    assert!(more.is_err(), "{more:?}");
    events
}

fn bandung<T>(message: T) -> Request<T> {
    by("koordinator-bandung", Role::Admin, "3273", message)
}

async fn forward(world: &mut World, report: &Submitted, to: &str) {
    let request = coordinator(v1::ForwardComplaintRequest {
        request_id: request_id(),
        name: report.name.clone(),
        to: to.into(),
        text: "Izin ini kewenangan Kota Bandung.".into(),
        ..Default::default()
    });
    world.complaints.forward_complaint(request).await.unwrap();
}

fn states(events: &[v1::WatchComplaintsResponse]) -> Vec<(&str, &str)> {
    events
        .iter()
        .map(|e| (e.agency.as_str(), e.entry.as_ref().unwrap().to_state.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnecting_watcher_sees_the_events_of_twenty_writers_once_and_in_order() {
    const WRITERS: usize = 20;
    const REPORTS: usize = 10;
    let world = World::start(Place::postgres().await, crate::fixture::config()).await;
    // A second process assigns positions as well.
    let replica = world.replica(world.config.clone()).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut clients = [world.complaints.clone(), replica.complaints.clone()];
        writers.spawn(async move {
            for n in 0..REPORTS {
                let client = &mut clients[n % 2];
                let new = intake(report(&format!("{writer}-{n}")));
                let answer = client.submit_complaint(new).await.unwrap().into_inner();
                let taken = coordinator(v1::StartVerificationRequest {
                    request_id: request_id(),
                    name: answer.status.unwrap().name,
                    ..Default::default()
                });
                client.start_verification(taken).await.unwrap();
            }
        });
    }
    let mut cursor = "0".to_owned();
    let mut seen: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut places = Vec::new();
    let all = WRITERS * REPORTS * 2;
    while places.len() < all {
        // The two processes take turns, so that a cursor must be valid in both.
        let at = if places.len() % 2 == 0 { &world } else { &replica };
        let mut stream = open(at, || liaison(watched(AGENCY, &cursor))).await;
        for _ in 0..37.min(all - places.len()) {
            let event = next(&mut stream).await;
            places.push(event.cursor.parse::<i64>().unwrap());
            seen.entry(event.complaint)
                .or_default()
                .push(event.entry.unwrap().number);
            cursor = event.cursor;
        }
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    assert_eq!(places, (1..=i64::try_from(all).unwrap()).collect::<Vec<_>>());
    assert_eq!(seen.len(), WRITERS * REPORTS);
    assert!(seen.values().all(|numbers| *numbers == [1, 2]), "{seen:?}");
    let mut rest = open(&world, || liaison(watched(AGENCY, &cursor))).await;
    exactly(&mut rest, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_agencies_see_the_forwarding_and_each_only_its_own_part() {
    on_each_database(async |mut world| {
        let moving = world.submit("pindah").await;
        let staying = world.submit("tetap").await;
        forward(&mut world, &moving, "agencies/3273").await;
        let request = bandung(v1::StartVerificationRequest {
            request_id: request_id(),
            name: moving.name.clone(),
            ..Default::default()
        });
        world.complaints.start_verification(request).await.unwrap();
        verify(&mut world, &staying).await;

        let mut stream = open(&world, || liaison(watched(AGENCY, "0"))).await;
        let events = exactly(&mut stream, 5).await;
        drop(stream);
        assert_eq!(
            states(&events),
            [
                (AGENCY, "received"),
                (AGENCY, "received"),
                ("agencies/3273", "forwarded"),
                (AGENCY, "verifying"),
                (AGENCY, "dispositioned"),
            ]
        );
        let hop = events[2].entry.as_ref().unwrap();
        assert_eq!(
            (hop.from_parent.as_str(), hop.to_parent.as_str()),
            (UNIT, "agencies/3273")
        );
        assert_eq!(
            (hop.kind(), hop.role.as_str()),
            (TimelineKind::Transition, "coordinator_admin")
        );
        for event in &events {
            let entry = event.entry.as_ref().unwrap();
            assert!(entry.text.is_empty() && entry.actor.is_empty() && entry.attachments.is_empty());
        }

        let mut stream = open(&world, || bandung(watched("agencies/3273", "0"))).await;
        let arrived = exactly(&mut stream, 2).await;
        drop(stream);
        assert_eq!(
            states(&arrived),
            [("agencies/3273", "forwarded"), ("agencies/3273", "verifying")]
        );
        assert_eq!(arrived[0], events[2]);

        // The previous unit sees the line with which the report leaves; the agency also sees what the other unit does.
        let mut stream = open(&world, || liaison(watched(UNIT, "0"))).await;
        assert_eq!(exactly(&mut stream, 5).await, events);
        drop(stream);
        let mut stream = open(&world, || liaison(watched("agencies/3271/units/dukcapil", "0"))).await;
        exactly(&mut stream, 0).await;
        drop(stream);

        let mut stream = open(&world, || national(watched("agencies/-", "0"))).await;
        let all = exactly(&mut stream, 6).await;
        let cursors: BTreeSet<i64> = all.iter().map(|e| e.cursor.parse().unwrap()).collect();
        assert_eq!(cursors.len(), 6);
        assert!(
            all.windows(2).all(|pair| {
                pair[0].cursor.parse::<i64>().unwrap() < pair[1].cursor.parse::<i64>().unwrap()
            })
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_without_cursor_starts_with_the_next_event() {
    on_each_database(async |mut world| {
        world.submit("lama").await;
        let numbered = eventually(SOON, async || {
            (world.count("timeline WHERE feed IS NULL").await == 0).then_some(())
        });
        numbered.await.unwrap();
        let mut stream = open(&world, || liaison(watched(AGENCY, ""))).await;
        let new = world.submit("baru").await;
        let events = exactly(&mut stream, 1).await;
        assert_eq!(
            (events[0].complaint.as_str(), events[0].unit.as_str()),
            (new.name.as_str(), UNIT)
        );
        assert_eq!(events[0].entry.as_ref().unwrap().kind(), TimelineKind::Received);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn role_and_cursor_of_a_watcher_are_checked() {
    on_each_database(async |world| {
        let watch = async |request| world.complaints.clone().watch_complaints(request).await;
        refused(
            watch(public(watched(AGENCY, ""))).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        for (parent, who) in [
            ("agencies/-", "3271"),
            ("agencies/3273", "3271"),
            (AGENCY, "3273"),
        ] {
            let request = by("penghubung", Role::Operator, who, watched(parent, ""));
            refused(watch(request).await, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        refused(
            watch(intake(watched(AGENCY, ""))).await,
            Code::PermissionDenied,
            "PERMISSION_DENIED",
        );
        assert_eq!(
            faults(watch(liaison(watched("x", "y"))).await),
            ["parent", "after"]
        );
        for after in ["-1", "+1", "1.0", "99999999999999999999", "7"] {
            assert_eq!(
                faults(watch(liaison(watched(AGENCY, after))).await),
                ["after"],
                "{after}"
            );
        }
        for parent in ["", "agencies/", "agencies/-/units/a", "agencies/3271/units/"] {
            assert_eq!(
                faults(watch(national(watched(parent, ""))).await),
                ["parent"],
                "{parent}"
            );
        }
    })
    .await;
}
