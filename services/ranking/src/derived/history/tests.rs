use std::sync::atomic::{AtomicI64, Ordering};

use prima_platform::{
    bus::{Delivery, Event},
    clock::from_micros,
    config,
    consume::Projection,
    db,
    id::Ids,
    testing::served::Place,
};
use prima_proto::{
    event::v1::{ScoreState, UnitState},
    name::LeagueTable,
};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

use super::*;
use crate::{
    derived::{past::History, tables::Tables},
    store::{Migrator, Moment, history_page, snapshot_save},
};

mod random;

const STEP: i64 = 60 * MICROS;
/// The beginning of a step, in 2026.
const START: i64 = 1_767_225_600 * MICROS;

async fn open(place: &Place) -> Database {
    let config = config::Database {
        url: place.url.clone(),
        ..config::Database::default()
    };
    let schema = match place.url.starts_with("sqlite:") {
        true => "ranking".to_owned(),
        false => format!("test_{}", Ids::random().next().simple()),
    };
    let db = Database::connect(&config, &schema).await.unwrap();
    if db.backend() == DbBackend::Postgres {
        let create = format!("CREATE SCHEMA {schema}");
        db.writer().execute_unprepared(&create).await.unwrap();
    }
    db::migrate::<Migrator>(&db, &schema, true).await.unwrap();
    db
}

/// A clock that all replicas share.
#[derive(Debug, Clone)]
struct Time(Arc<AtomicI64>);

impl Time {
    fn clock(&self) -> Clock {
        let time = self.0.clone();
        Clock::from_fn(move || from_micros(time.load(Ordering::SeqCst)))
    }

    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * MICROS, Ordering::SeqCst);
    }
}

/// A replica: its tables, and its writer of the history.
struct Replica {
    tables: Tables,
    writer: Writer,
    tenure: Tenure,
    ready: watch::Sender<bool>,
}

impl Replica {
    fn new(db: &Database, time: &Time) -> Self {
        let replica = Self::reading(db, time);
        replica.writer.unwritten.begin();
        replica
    }

    /// One that has not read the streams to their ends.
    fn reading(db: &Database, time: &Time) -> Self {
        let unwritten = Arc::new(Unwritten::new(Steps::new(60)));
        let (ready, receiver) = watch::channel(false);
        let holder = Ids::random().next().to_string();
        Self {
            tables: Tables::new(time.clock()).with_history(unwritten.clone()),
            writer: Writer {
                db: db.clone(),
                clock: time.clock(),
                lease: Lease::new(db.clone(), LEASE, holder, Duration::from_secs(60)),
                unwritten,
                ready: receiver,
                days: 0,
            },
            tenure: Tenure::default(),
            ready,
        }
    }

    fn receive(&self, subject: &str, version: i64, payload: Vec<u8>) {
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
        let service = String::new();
        self.tables.apply(&Delivery {
            service,
            event,
            sequence: 0,
        });
    }

    async fn save(&self) {
        let states = self.tables.take_unsaved();
        snapshot_save(&self.writer.db, &states, Vec::new()).await.unwrap();
    }

    async fn turn(&mut self) {
        self.writer.turn(&mut self.tenure, false).await.unwrap();
    }
}

async fn fixture(place: &Place) -> (Database, Time) {
    (open(place).await, Time(Arc::new(AtomicI64::new(START))))
}

#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
struct Written {
    subject: String,
    known_at: i64,
    version: i64,
}

async fn written(db: &Database) -> Vec<Written> {
    let text = "SELECT subject, known_at, version FROM history ORDER BY subject, known_at";
    let rows = db
        .reader()
        .query_all_raw(db::sql(db.reader(), text, []))
        .await
        .unwrap();
    rows.iter()
        .map(|row| Written::from_query_result(row, "").unwrap())
        .collect()
}

/// Seconds after the start of the time by which each version was known.
async fn known(db: &Database) -> Vec<(i64, i64)> {
    let rows = written(db).await;
    rows.iter()
        .map(|row| (row.version, (row.known_at - START) / MICROS))
        .collect()
}

#[tokio::test]
async fn a_step_that_has_ended_is_written_with_the_last_state_of_each_subject() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let mut replica = Replica::new(&db, &time);
        for version in [1, 2] {
            replica.receive("prima.directory.unit.11.a", version, Vec::new());
            time.advance(5);
        }
        replica.turn().await;
        time.advance(60);
        replica.receive("prima.directory.unit.11.a", 3, Vec::new());
        replica.turn().await;
        assert_eq!(known(&db).await, [(2, 60), (3, 120)]);
        // The step of the third one has not ended, so that no reader sees it yet.
        assert_eq!(history_span(&db).await.unwrap().written_to, START + STEP);
        time.advance(60);
        replica.turn().await;
        assert_eq!(history_span(&db).await.unwrap().written_to, START + 2 * STEP);
    }
}

#[tokio::test]
async fn a_snapshot_of_an_earlier_release_seeds_the_history() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let state = StoredState {
            subject: "prima.directory.unit.11.a".to_owned(),
            version: 7,
            withdrawn: 1,
            payload: b"\x01".to_vec(),
            applied_at: START - 500 * STEP,
        };
        let states = std::slice::from_ref(&state);
        snapshot_save(&db, states, Vec::new()).await.unwrap();
        time.advance(90);
        let mut replica = Replica::new(&db, &time);
        replica.turn().await;
        let moment = Moment {
            as_of: START,
            known_at: START + 2 * STEP,
        };
        let (seeded, _) = history_page(&db, "prima.directory.unit.", "", moment, 9)
            .await
            .unwrap();
        assert_eq!(seeded.len(), 1);
        assert_eq!(
            (seeded[0].version, seeded[0].withdrawn, &seeded[0].payload),
            (7, 1, &state.payload)
        );
        assert!(
            seeded[0].applied_at > state.applied_at,
            "it was not known before it was received"
        );
        let before = known(&db).await;
        replica.tenure = Tenure::default();
        replica.turn().await;
        assert_eq!(known(&db).await, before, "a second turn finds nothing to add");
    }
}

#[tokio::test]
async fn what_was_received_while_the_streams_were_read_is_written_from_the_snapshot() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let mut replica = Replica::reading(&db, &time);
        replica.receive("prima.directory.unit.11.a", 1, Vec::new());
        assert!(replica.writer.unwritten.take().is_empty());
        replica.writer.unwritten.begin();
        replica.save().await;
        replica.turn().await;
        time.advance(60);
        replica.receive("prima.directory.unit.11.b", 2, Vec::new());
        replica.turn().await;
        assert_eq!(known(&db).await, [(1, 60), (2, 120)]);
    }
}

#[tokio::test]
async fn another_replica_writes_what_the_first_one_had_received() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let (mut first, mut second) = (Replica::new(&db, &time), Replica::new(&db, &time));
        let subject = "prima.directory.unit.11.a";
        first.turn().await;
        for replica in [&first, &second] {
            replica.receive(subject, 1, Vec::new());
        }
        time.advance(60);
        for replica in [&first, &second] {
            replica.receive(subject, 2, Vec::new());
        }
        // Only the first one received this state, which it saved before it was killed.
        first.receive("prima.directory.unit.11.b", 5, Vec::new());
        first.save().await;
        first.writer.lease.release().await.unwrap();
        time.advance(60);
        second.turn().await;
        assert_eq!(known(&db).await, [(1, 60), (2, 120), (5, 180)]);
    }
}

#[tokio::test]
async fn the_history_begins_when_everything_was_received_once() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let history = History::new(
            db.clone(),
            time.clock(),
            vec!["survey".to_owned()],
            Steps::new(60),
        );
        let mut replica = Replica::new(&db, &time);
        let reason = |read: Result<Moment, prima_platform::failure::Failure>| read.unwrap_err().reason;
        time.advance(90);
        replica.turn().await;
        assert_eq!(reason(history.moment(None, None).await), "HISTORY_NOT_BEGUN");
        replica.ready.send_replace(true);
        time.advance(60);
        replica.turn().await;
        // The step in which everything was received has not ended.
        assert_eq!(reason(history.moment(None, None).await), "HISTORY_NOT_BEGUN");
        time.advance(60);
        replica.turn().await;
        let begun = START + 3 * STEP;
        let moment = |as_of, known_at| Moment { as_of, known_at };
        assert_eq!(history.moment(None, None).await.unwrap(), moment(begun, begun));
        let at = |micros| Some(from_micros(micros));
        assert_eq!(
            reason(history.moment(at(begun - 1), None).await),
            "BEFORE_HISTORY"
        );
        assert_eq!(
            reason(history.moment(None, at(begun - 1)).await),
            "BEFORE_HISTORY"
        );
        // Both times are truncated to full steps, and nothing is known after what is written.
        let later = at(begun + 59 * MICROS);
        assert_eq!(history.moment(later, None).await.unwrap(), moment(begun, begun));
        assert_eq!(history.moment(None, later).await.unwrap(), moment(begun, begun));
        time.advance(60);
        replica.turn().await;
        let two = history.moment(at(begun + STEP + 1), at(begun)).await.unwrap();
        assert_eq!(two, moment(begun + STEP, begun));
    }
}

fn unit() -> Vec<u8> {
    let unit_type = "clinic".to_owned();
    UnitState {
        unit_type,
        ..UnitState::default()
    }
    .encode_to_vec()
}

fn score(value: &str) -> Vec<u8> {
    let value = value.to_owned();
    ScoreState {
        value,
        ..ScoreState::default()
    }
    .encode_to_vec()
}

#[tokio::test]
async fn a_past_table_has_the_states_that_were_valid_and_known_then() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let history = History::new(
            db.clone(),
            time.clock(),
            vec!["survey".to_owned()],
            Steps::new(60),
        );
        let mut replica = Replica::new(&db, &time);
        replica.ready.send_replace(true);
        let subject = |unit: &str| format!("prima.survey.score.skm.2024.unit.11.{unit}");
        // A version is the time of staging in milliseconds.
        let millis = |time: &Time| time.now() / 1000;
        replica.turn().await;
        time.advance(60);
        replica.turn().await;
        for name in ["a", "b"] {
            replica.receive(&format!("prima.directory.unit.11.{name}"), millis(&time), unit());
            replica.receive(&subject(name), millis(&time), score("80"));
        }
        time.advance(60);
        replica.turn().await;
        let late = millis(&time);
        time.advance(60);
        replica.receive(&subject("a"), millis(&time), score("90"));
        time.advance(60);
        // This one was staged a step before the other and is known a step after it.
        replica.receive(&subject("b"), late, score("95"));
        time.advance(60);
        replica.turn().await;
        let shown = async |as_of: i64, known_at: i64| {
            let at = |minutes: i64| Some(from_micros(START + minutes * STEP));
            let moment = history.moment(at(as_of), at(known_at)).await.unwrap();
            let past = history.tables("skm", "2024", moment).await.unwrap();
            let key = LeagueTable::parse("metrics/skm/periods/2024/cohorts/clinic").unwrap();
            let rows = past.tables.read().rows(&key, 0, 9).unwrap();
            let values = rows
                .iter()
                .map(|row| (row.subject.unit_id().unwrap().to_owned(), row.score.value.clone()));
            values
                .map(|(unit, value)| format!("{unit} {value}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(2, 2).await, ["a 80", "b 80"]);
        assert_eq!(shown(4, 4).await, ["a 90", "b 80"]);
        assert_eq!(shown(5, 5).await, ["b 95", "a 90"]);
        assert_eq!(shown(2, 5).await, ["b 95", "a 80"], "as it is known later");
        assert_eq!(shown(2, 4).await, ["a 80", "b 80"], "as it was known before");
        // The same moment again is answered from memory, and is the same table.
        assert_eq!(shown(5, 5).await, ["b 95", "a 90"]);
    }
}

#[tokio::test]
async fn thinning_keeps_the_newest_state_before_the_history_begins() {
    for place in Place::each() {
        let (db, time) = fixture(&place).await;
        let mut replica = Replica::new(&db, &time);
        replica.ready.send_replace(true);
        let subject = "prima.directory.unit.11.a";
        for version in 1..=5 {
            replica.receive(subject, version, Vec::new());
            replica.save().await;
            time.advance(60);
            replica.turn().await;
        }
        assert_eq!(known(&db).await.len(), 5);
        replica.writer.days = 1;
        time.advance(24 * 3600 - 60);
        replica.tenure.thinned = None;
        replica.turn().await;
        let span = history_span(&db).await.unwrap();
        assert_eq!(span.began_at, START + 4 * STEP);
        assert_eq!(known(&db).await, [(4, 240), (5, 300)]);
    }
}
