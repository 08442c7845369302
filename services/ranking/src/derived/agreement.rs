//! Whatever was heard, in any order, and however often it was saved and loaded: the tables are those of the newest state
//! of each subject.

use std::collections::BTreeMap;

use prima_platform::{
    bus::{Delivery, Event},
    clock::Clock,
    config,
    consume::{Projection, Source},
    db::{self, Database},
    testing::served::Place,
};
use prima_proto::event::v1::{AgencyState, ScoreState, ScoreStatus, UnitState};
use proptest::prelude::*;
use prost::Message;
use sea_orm::ConnectionTrait;

use super::{snapshot, tables::Tables};
use crate::{
    domain::{Row, TableKey},
    store::{Heard, Migrator, snapshot_save},
};

const SUBJECTS: [&str; 11] = [
    "prima.directory.agency.11",
    "prima.directory.agency.12",
    "prima.directory.unit.11.a",
    "prima.directory.unit.11.b",
    "prima.directory.unit.12.a",
    "prima.index.score.skm.2024.unit.11.a",
    "prima.other.score.skm.2024.unit.11.a",
    "prima.index.score.skm.2024.unit.11.b",
    "prima.index.score.skm.2024.unit.12.a",
    "prima.other.score.skm.2024.agency.12",
    // Names no table, whatever it says.
    "prima.index.score.s_m.2024.unit.11.a",
];
const VERSIONS: usize = 8;

/// A state without its version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    withdrawn: bool,
    payload: Vec<u8>,
}

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    /// A state comes, for the first time or again: its subject and its version.
    Hear(usize, usize),
    /// What was heard is taken to be saved.
    Take,
    /// What was taken is saved, or could not be.
    Saved(bool),
    /// The process is killed, or stopped and saves everything before, and starts again. Killed, it hears the newest state
    /// of each subject again; `bool`: in the other order.
    Killed(bool),
    Stopped,
}

fn source() -> Vec<Source> {
    vec![
        Source::new("directory", &["prima.directory.>"]),
        Source::new("index", &["prima.index.score.>"]),
        Source::new("other", &["prima.other.score.>"]),
    ]
}

/// A payload that ends in the middle of its last field.
fn cut(mut payload: Vec<u8>) -> Vec<u8> {
    payload.pop();
    payload
}

fn payload(subject: usize) -> BoxedStrategy<Vec<u8>> {
    let display_name = prop::sample::select(vec!["X", "Y"]);
    let whole = match SUBJECTS[subject].split('.').nth(2) {
        Some("agency") => {
            let kinds = prop::sample::select(vec!["provinsi", "kota", "kementerian", "desa"]);
            let parent = prop::sample::select(vec!["", "agencies/11", "agencies/12"]);
            let state = |(display_name, kind, parent): (&str, &str, &str)| AgencyState {
                kind: kind.into(),
                parent: parent.into(),
                display_name: display_name.into(),
                ..AgencyState::default()
            };
            (display_name, kinds, parent)
                .prop_map(move |given| state(given).encode_to_vec())
                .boxed()
        }
        Some("unit") => {
            let types = prop::sample::select(vec!["clinic", "school", "kota"]);
            let state = |(display_name, unit_type): (&str, &str)| UnitState {
                unit_type: unit_type.into(),
                display_name: display_name.into(),
                ..UnitState::default()
            };
            (display_name, types)
                .prop_map(move |given| state(given).encode_to_vec())
                .boxed()
        }
        _ => {
            let values = prop::sample::select(vec!["91.4", "90", "80", "high", ""]);
            let status = prop::sample::select(vec![
                ScoreStatus::Provisional as i32,
                ScoreStatus::Final as i32,
                ScoreStatus::Withdrawn as i32,
                99,
            ]);
            let state = |(value, status): (&str, i32)| ScoreState {
                value: value.into(),
                status,
                category: "B".into(),
                ..ScoreState::default()
            };
            (values, status)
                .prop_map(move |given| state(given).encode_to_vec())
                .boxed()
        }
    };
    prop_oneof![6 => whole.clone(), 2 => whole.prop_map(cut), 1 => Just(Vec::new())].boxed()
}

/// What each version of each subject says: one version never says two things.
fn states() -> impl Strategy<Value = Vec<Vec<State>>> {
    let of = |subject| {
        let state = (prop::bool::weighted(0.15), payload(subject))
            .prop_map(|(withdrawn, payload)| State { withdrawn, payload });
        prop::collection::vec(state, VERSIONS)
    };
    (0..SUBJECTS.len()).map(of).collect::<Vec<_>>()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (0..SUBJECTS.len(), 0..VERSIONS).prop_map(|(subject, version)| Step::Hear(subject, version)),
        2 => Just(Step::Take),
        2 => any::<bool>().prop_map(Step::Saved),
        1 => any::<bool>().prop_map(Step::Killed),
        1 => Just(Step::Stopped),
    ];
    prop::collection::vec(step, 0..80)
}

/// What is seen: every table, scores without a place, states that can't be read.
type Seen = (BTreeMap<TableKey, Vec<Row>>, usize, usize);

fn seen(tables: &Tables) -> Seen {
    let board = tables.board();
    let rows = board
        .tables()
        .map(|(key, _)| (key.clone(), board.rows(key, 0, usize::MAX).unwrap()))
        .collect();
    (rows, board.unplaced(), tables.unreadable())
}

/// One replica over a database.
struct Replica<'a> {
    db: &'a Database,
    states: &'a [Vec<State>],
    tables: Tables,
    taken: Vec<Heard>,
    /// The newest version published of each subject: what its stream holds.
    bus: BTreeMap<usize, usize>,
}

impl<'a> Replica<'a> {
    fn new(db: &'a Database, states: &'a [Vec<State>]) -> Self {
        Self {
            db,
            states,
            tables: Tables::new(Clock::system()),
            taken: Vec::new(),
            bus: BTreeMap::new(),
        }
    }

    fn tell(&self, tables: &Tables, subject: usize, version: usize) {
        let State { withdrawn, payload } = &self.states[subject][version];
        let event = Event {
            subject: SUBJECTS[subject].to_owned(),
            event_type: String::new(),
            revision: 1,
            version: i64::try_from(version).unwrap(),
            withdrawn: *withdrawn,
            payload: payload.clone(),
            time: String::new(),
            traceparent: None,
            origin: None,
        };
        tables.apply(&Delivery {
            service: String::new(),
            event,
            sequence: 0,
        });
    }

    async fn save(&mut self) {
        let heard = std::mem::take(&mut self.taken);
        snapshot_save(self.db, &heard).await.unwrap();
    }

    async fn start(&mut self) {
        self.tables = Tables::new(Clock::system());
        self.taken.clear();
        snapshot::load(self.db, &self.tables, &source()).await.unwrap();
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Hear(subject, version) => {
                self.tell(&self.tables, subject, version);
                let newest = self.bus.entry(subject).or_insert(version);
                *newest = version.max(*newest);
            }
            Step::Take if self.taken.is_empty() => self.taken = self.tables.take_unsaved(),
            Step::Take => {}
            Step::Saved(true) => self.save().await,
            Step::Saved(false) => self.tables.put_back(std::mem::take(&mut self.taken)),
            Step::Stopped => {
                self.save().await;
                self.taken = self.tables.take_unsaved();
                self.save().await;
                self.start().await;
            }
            Step::Killed(backwards) => {
                self.start().await;
                let mut again: Vec<_> = self.bus.iter().collect();
                if backwards {
                    again.reverse();
                }
                for (subject, version) in again {
                    self.tell(&self.tables, *subject, *version);
                }
            }
        }
    }

    /// What a replica sees that hears the newest states alone.
    fn rebuilt(&self) -> Seen {
        let tables = Tables::new(Clock::system());
        for (subject, version) in self.bus.iter().rev() {
            self.tell(&tables, *subject, *version);
        }
        seen(&tables)
    }
}

#[test]
fn the_tables_are_those_of_the_newest_states_however_they_came_about() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let place = Place::sqlite();
    let db = runtime.block_on(async {
        let config = config::Database {
            url: place.url.clone(),
            ..config::Database::default()
        };
        let db = Database::connect(&config, "ranking").await.unwrap();
        db::migrate::<Migrator>(&db, "ranking", true).await.unwrap();
        db
    });
    proptest!(|(states in states(), steps in steps())| {
        let (incremental, rebuilt, reloaded) = runtime.block_on(async {
            db.writer().execute_unprepared("DELETE FROM snapshot").await.unwrap();
            let mut replica = Replica::new(&db, &states);
            for step in &steps {
                replica.step(step).await;
            }
            let incremental = seen(&replica.tables);
            replica.step(&Step::Stopped).await;
            (incremental, replica.rebuilt(), seen(&replica.tables))
        });
        prop_assert_eq!(&incremental, &rebuilt, "as it was heard");
        prop_assert_eq!(&reloaded, &rebuilt, "from the snapshot");
    });
}
