//! A replica that starts again, and replicas that save to one database.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use prima_platform::{
    bus::{Bus, Event, memory::Memory},
    clock::Clock,
    config,
    consume::{Follower, Freshness, Saved, Source},
    db::{self, Database},
    id::Ids,
    lease::Lease,
    lifecycle::Tasks,
    testing::{eventually, served::Place},
};
use prima_proto::event::v1::{ScoreState, UnitState};
use prost::Message;
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use super::{
    compaction::{Compaction, LEASE},
    history::{Steps, Unwritten},
    segment::{self, segments},
    snapshot::{self, Saver},
    tables::Tables,
};
use crate::{
    domain::TableKey,
    store::{
        Migrator, StoredPosition, StoredState, segment_body, segment_ids, segments_extent, snapshot_page,
        snapshot_position_save, snapshot_positions, snapshot_save,
    },
};

const LONG: Duration = Duration::from_secs(20);

/// Migrated databases: SQLite, and PostgreSQL if `PRIMA_TEST_POSTGRES_URL` is set.
async fn databases() -> Vec<(Database, Arc<Place>)> {
    let mut databases = Vec::new();
    for place in Place::each() {
        let config = config::Database {
            url: place.url.clone(),
            ..config::Database::default()
        };
        let schema = format!("test_{}", Ids::random().next().simple());
        let db = Database::connect(&config, &schema).await.unwrap();
        if !place.url.starts_with("sqlite:") {
            let create = format!("CREATE SCHEMA {schema}");
            db.writer().execute_unprepared(&create).await.unwrap();
        }
        db::migrate::<Migrator>(&db, "ranking", true).await.unwrap();
        databases.push((db, place));
    }
    databases
}

fn sources() -> Vec<Source> {
    vec![
        Source::new("directory", &["prima.directory.unit.>"]),
        Source::new("index", &["prima.index.score.>"]),
    ]
}

async fn publish(bus: &Arc<dyn Bus>, service: &str, subject: &str, version: i64, payload: Vec<u8>) {
    bus.ensure_stream(service).await.unwrap();
    let last = bus.last(service, subject).await.unwrap();
    let event = Event {
        subject: subject.to_owned(),
        event_type: String::new(),
        revision: 1,
        version,
        withdrawn: false,
        payload,
        time: String::new(),
        traceparent: None,
        origin: None,
    };
    let expected = last.map_or(0, |head| head.sequence);
    bus.publish(service, &event, expected).await.unwrap();
}

async fn unit(bus: &Arc<dyn Bus>, unit: &str) {
    let state = UnitState {
        unit_type: "clinic".into(),
        ..UnitState::default()
    };
    let subject = format!("prima.directory.unit.32.{unit}");
    publish(bus, "directory", &subject, 1, state.encode_to_vec()).await;
}

async fn score(bus: &Arc<dyn Bus>, unit: &str, version: i64, value: &str) {
    let state = ScoreState {
        value: value.into(),
        ..ScoreState::default()
    };
    let subject = format!("prima.index.score.skm.2026.unit.32.{unit}");
    publish(bus, "index", &subject, version, state.encode_to_vec()).await;
}

fn compaction(db: &Database) -> Compaction {
    let lease = Lease::new(db.clone(), LEASE, "test".to_owned(), LONG);
    Compaction::new(db.clone(), lease, Ids::random())
}

/// A replica that has read all streams to their ends.
struct Replica {
    tables: Arc<Tables>,
    freshness: Freshness,
    tasks: Tasks,
}

impl Replica {
    async fn start(db: &Database, bus: &Arc<dyn Bus>, sources: Vec<Source>) -> Self {
        let tables = Arc::new(Tables::new(Clock::system()));
        snapshot::load(db, &tables, &sources).await.unwrap();
        let clock = Clock::system();
        let follower = Follower::new(bus.clone(), clock, "ranking", sources.clone(), tables.clone());
        let freshness = follower.freshness();
        snapshot::resume(db, &sources, &freshness).await.unwrap();
        let tasks = Tasks::default();
        tasks.spawn("follower", follower.run(tasks.soft().clone()));
        let unwritten = Arc::new(Unwritten::new(Steps::new(60)));
        let saver = Saver {
            db: db.clone(),
            tables: tables.clone(),
            bus: bus.clone(),
            sources,
            freshness: freshness.clone(),
            unwritten: unwritten.clone(),
            ids: Ids::random(),
            compaction: compaction(db),
        };
        tasks.spawn("snapshot", saver.run(tasks.soft().clone()));
        let is_fresh = freshness.fresh().wait_for(|fresh| *fresh).await.is_ok();
        assert!(is_fresh);
        let settled = || async { (freshness.settled().len() == 2).then_some(()) };
        assert!(eventually(LONG, settled).await.is_some());
        let writable = tokio::time::timeout(LONG, unwritten.writable()).await;
        assert!(writable.is_ok(), "everything that was read is saved");
        Self {
            tables,
            freshness,
            tasks,
        }
    }

    /// Number of states that it has heard.
    fn heard(&self) -> u64 {
        self.freshness
            .now()
            .positions
            .iter()
            .map(|position| position.states)
            .sum()
    }

    fn values(&self) -> Vec<String> {
        let key = TableKey::parse("metrics/skm/periods/2026/cohorts/clinic").unwrap();
        let rows = self.tables.read().rows(&key, 0, 9).unwrap_or_default();
        rows.into_iter().map(|row| row.score.value).collect()
    }

    async fn stop(self) {
        assert!(self.tasks.stop(LONG).await);
    }
}

async fn streams() -> Arc<dyn Bus> {
    let bus: Arc<dyn Bus> = Arc::new(Memory::default());
    for (name, value) in [("a", "90.00"), ("b", "80.00")] {
        unit(&bus, name).await;
        score(&bus, name, 1, value).await;
    }
    for service in ["directory", "index"] {
        bus.set_complete(service).await.unwrap();
    }
    bus
}

#[tokio::test]
async fn a_replica_hears_only_what_its_snapshot_lacks() {
    for (db, _place) in databases().await {
        let bus = streams().await;
        let first = Replica::start(&db, &bus, sources()).await;
        assert_eq!(
            (first.heard(), first.values()),
            (4, vec!["90.00".into(), "80.00".into()])
        );
        first.stop().await;
        let idle = Replica::start(&db, &bus, sources()).await;
        assert_eq!(
            (idle.heard(), idle.values()),
            (0, vec!["90.00".into(), "80.00".into()])
        );
        idle.stop().await;
        score(&bus, "a", 2, "70.00").await;
        let second = Replica::start(&db, &bus, sources()).await;
        assert_eq!(
            (second.heard(), second.values()),
            (1, vec!["80.00".into(), "70.00".into()])
        );
        second.stop().await;
        let third = Replica::start(&db, &bus, sources()).await;
        assert_eq!(
            (third.heard(), third.values()),
            (0, vec!["80.00".into(), "70.00".into()])
        );
        third.stop().await;
    }
}

#[tokio::test]
async fn another_bus_or_more_subjects_are_heard_from_the_beginning() {
    for (db, _place) in databases().await {
        let bus = streams().await;
        Replica::start(&db, &bus, sources()).await.stop().await;
        let more = vec![
            Source::new(
                "directory",
                &["prima.directory.agency.>", "prima.directory.unit.>"],
            ),
            Source::new("index", &["prima.index.score.>"]),
        ];
        let other = Replica::start(&db, &bus, more).await;
        assert_eq!(other.heard(), 2, "those of the directory");
        other.stop().await;
        // The database is used with another bus, which knows one unit.
        let bus: Arc<dyn Bus> = Arc::new(Memory::default());
        unit(&bus, "a").await;
        score(&bus, "a", 3, "60.00").await;
        for service in ["directory", "index"] {
            bus.set_complete(service).await.unwrap();
        }
        let moved = Replica::start(&db, &bus, sources()).await;
        assert_eq!((moved.heard(), moved.values()), (2, vec!["60.00".to_owned()]));
        moved.stop().await;
    }
}

#[tokio::test]
async fn a_snapshot_of_the_release_before_is_loaded_and_gets_segments() {
    for (db, _place) in databases().await {
        let bus = streams().await;
        Replica::start(&db, &bus, sources()).await.stop().await;
        // As the release before has left it: rows alone, and positions that say nothing about segments.
        for text in [
            "DELETE FROM snapshot_segment",
            "DELETE FROM snapshot_whole",
            "INSERT INTO snapshot_position SELECT * FROM segment_position",
        ] {
            db.writer().execute_unprepared(text).await.unwrap();
        }
        let old = Arc::new(Tables::new(Clock::system()));
        assert!(snapshot::load(&db, &old, &sources()).await.unwrap().is_some());
        let first = Replica::start(&db, &bus, sources()).await;
        assert_eq!(
            (first.heard(), first.values()),
            (4, vec!["90.00".into(), "80.00".into()])
        );
        let whole = || async { segments_extent(&db).await.unwrap().whole };
        assert_eq!(eventually(LONG, whole).await, Some(4));
        first.stop().await;
        let second = Replica::start(&db, &bus, sources()).await;
        assert_eq!(
            (second.heard(), second.values()),
            (0, vec!["90.00".into(), "80.00".into()])
        );
        second.stop().await;
    }
}

#[tokio::test]
async fn segments_are_merged_and_have_the_newest_version_of_each_row() {
    let state = |n: usize, version: i64| StoredState {
        subject: format!("prima.directory.unit.32.u{n:03}"),
        version,
        withdrawn: 0,
        payload: UnitState {
            display_name: format!("{version}"),
            unit_type: "clinic".into(),
            ..UnitState::default()
        }
        .encode_to_vec(),
        applied_at: version,
    };
    for (db, _place) in databases().await {
        let mut compaction = compaction(&db);
        let stop = CancellationToken::new();
        // More saves than there may be small segments, twice.
        for version in 1..=80 {
            let from = usize::try_from(version).unwrap() % 9;
            let states: Vec<_> = (from..from + 5).map(|n| state(n, version)).collect();
            let segments = segments(&states, &Ids::random());
            snapshot_save(&db, &states, segments).await.unwrap();
            compaction.run(&stop).await.unwrap();
        }
        let extent = segments_extent(&db).await.unwrap();
        assert!(extent.segments < 40, "{extent:?}");
        let mut kept = BTreeMap::new();
        for id in segment_ids(&db, i64::MAX).await.unwrap() {
            let body = segment_body(&db, &id).await.unwrap().unwrap();
            for state in segment::decode(&body).unwrap() {
                let newest = kept.entry(state.subject.clone()).or_insert_with(|| state.clone());
                if newest.version < state.version {
                    *newest = state;
                }
            }
        }
        let rows = snapshot_page(&db, "", 99).await.unwrap();
        assert_eq!(kept.into_values().collect::<Vec<_>>(), rows);
    }
}

#[tokio::test]
async fn of_several_replicas_the_furthest_position_in_the_stream_counts() {
    let position = |created, sequence| {
        let stored = 7;
        let saved = Saved {
            created,
            sequence,
            stored,
        };
        StoredPosition::new("index", "prima.index.score.>".to_owned(), saved)
    };
    for (db, _place) in databases().await {
        for (saved, counts) in [
            ((1, 5), (1, 5)),
            ((1, 4), (1, 5)),
            ((1, 9), (1, 9)),
            ((2, 3), (2, 3)),
        ] {
            snapshot_position_save(&db, position(saved.0, saved.1))
                .await
                .unwrap();
            assert_eq!(
                snapshot_positions(&db).await.unwrap(),
                [position(counts.0, counts.1)]
            );
        }
    }
}

#[tokio::test]
async fn an_older_state_does_not_replace_a_saved_one() {
    let state = |n: usize, version: i64| StoredState {
        subject: format!("prima.index.score.skm.2026.unit.32.u{n:05}"),
        version,
        withdrawn: n as i64 % 2,
        payload: vec![version as u8; n % 3],
        applied_at: version,
    };
    // More than one statement has room for.
    let of =
        |version: fn(usize) -> i64| -> Vec<StoredState> { (0..9000).map(|n| state(n, version(n))).collect() };
    for (db, _place) in databases().await {
        snapshot_save(&db, &of(|_| 5), Vec::new()).await.unwrap();
        let later = of(|n| 4 + n as i64 % 3);
        snapshot_save(&db, &later, Vec::new()).await.unwrap();
        snapshot_save(&db, &[], Vec::new()).await.unwrap();
        let saved = snapshot_page(&db, "", 20_000).await.unwrap();
        assert_eq!(saved, of(|n| (4 + n as i64 % 3).max(5)));
    }
}
