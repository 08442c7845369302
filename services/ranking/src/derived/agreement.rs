//! The tables are those of the newest state of each subject, in whatever order states arrive, and however often the
//! snapshot is saved and loaded: replicas that received the same states answer with the same bytes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use prima_platform::{
    bus::{Delivery, Event},
    clock::Clock,
    config,
    consume::{Projection, Source},
    db::{self, Database},
    id::Ids,
    lease::Lease,
    testing::served::Place,
};
use prima_proto::{
    event::v1::{AgencyState, ScoreState, ScoreStatus, TableDefinitionState, UnitState},
    ranking::v1::GetLeagueTableResponse,
};
use proptest::prelude::*;
use prost::Message;
use sea_orm::ConnectionTrait;

use super::{
    compaction::{Compaction, LEASE},
    segment::segments,
    snapshot,
    tables::Tables,
};
use crate::{
    domain::{TableKey, rows_hash},
    rpc::message,
    store::{Migrator, StoredState, segment_ids, snapshot_save},
};

const SUBJECTS: [&str; 12] = [
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
    // The metric cannot be part of the name of a table, whatever the state contains.
    "prima.index.score.s_m.2024.unit.11.a",
    "prima.ranking.definition.skm",
];
const VERSIONS: usize = 8;
const SERVICES: [&str; 3] = ["directory", "index", "other"];

/// A state without its version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    withdrawn: bool,
    payload: Vec<u8>,
}

/// One step of a random run.
#[derive(Debug, Clone)]
enum Step {
    /// A state arrives, for the first time or again: its subject and its version.
    Receive(usize, usize),
    /// A state is published and lost on its way.
    Lost(usize, usize),
    /// The newest state of each subject is delivered again, with `true` in the reverse order.
    Redelivered(bool),
    /// The tables are rebuilt beside those that are read, and take their place; half of the states are read before the
    /// others arrive at both.
    Rebuilt,
    /// The states that are not saved yet are taken from the tables.
    TakeUnsaved,
    /// The states that were taken are saved, or saving them fails.
    Saved(bool),
    /// The process is killed and starts again: it receives the newest state of each subject again, with `true` in the
    /// reverse order.
    Killed(bool),
    /// The process stops, saves everything before that, and starts again.
    Stopped,
}

fn source() -> Vec<Source> {
    vec![
        Source::new("directory", &["prima.directory.>"]),
        Source::new("ranking", &["prima.ranking.definition.>"]),
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
        Some("definition") => {
            let rules = prop::sample::select(vec![
                r#""better": "higher""#,
                r#""better": "lower", "ties": "modified""#,
                r#""better": "lower", "cohorts": [["unit-type"], ["agency"]]"#,
                // A later release may know of this.
                r#""better": "nearest""#,
            ]);
            let state = |rules: &str| TableDefinitionState {
                metric: "skm".into(),
                version: 1000,
                json: format!(
                    r#"{{"metric": "skm", "title": {{"id": "M", "en": "M"}}, "citation": "c", "mark": "m", {rules}}}"#
                ),
            };
            rules.prop_map(move |rules| state(rules).encode_to_vec()).boxed()
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

/// The content of each version of each subject: a version never has two contents.
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
        20 => (0..SUBJECTS.len(), 0..VERSIONS).prop_map(|(subject, version)| Step::Receive(subject, version)),
        4 => (0..SUBJECTS.len(), 0..VERSIONS).prop_map(|(subject, version)| Step::Lost(subject, version)),
        2 => any::<bool>().prop_map(Step::Redelivered),
        1 => Just(Step::Rebuilt),
        2 => Just(Step::TakeUnsaved),
        2 => any::<bool>().prop_map(Step::Saved),
        1 => any::<bool>().prop_map(Step::Killed),
        1 => Just(Step::Stopped),
    ];
    prop::collection::vec(step, 0..80)
}

/// What a replica answers: the bytes of every table, their hash, the number of scores without a table, the number of states
/// that cannot be read.
type Shown = (BTreeMap<TableKey, Vec<u8>>, String, usize, usize);

fn shown(tables: &Tables) -> Shown {
    let league_tables = tables.read();
    let answer = |key: &TableKey| {
        let rows = league_tables.rows(key, 0, usize::MAX).unwrap();
        let answer = GetLeagueTableResponse {
            table: Some(message::table(&league_tables, key)),
            rows: rows.into_iter().map(message::row).collect(),
            ..GetLeagueTableResponse::default()
        };
        answer.encode_to_vec()
    };
    let rows = league_tables
        .tables()
        .map(|(key, _)| (key.clone(), answer(key)))
        .collect();
    let hash = rows_hash::hex(rows_hash::of_all(&league_tables));
    (rows, hash, league_tables.unplaced(), tables.unreadable())
}

/// One replica with its database.
struct Replica<'a> {
    db: &'a Database,
    states: &'a [Vec<State>],
    tables: Arc<Tables>,
    taken: Vec<StoredState>,
    /// The newest published version of each subject, as its stream keeps it.
    bus: BTreeMap<usize, usize>,
}

impl<'a> Replica<'a> {
    fn new(db: &'a Database, states: &'a [Vec<State>]) -> Self {
        Self {
            db,
            states,
            tables: Arc::new(Tables::new(Clock::system())),
            taken: Vec::new(),
            bus: BTreeMap::new(),
        }
    }

    fn delivery(&self, subject: usize, version: usize) -> Delivery {
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
        Delivery {
            service: String::new(),
            event,
            sequence: 0,
        }
    }

    async fn save(&mut self) {
        let states = std::mem::take(&mut self.taken);
        let segments = segments(&states, &Ids::random());
        snapshot_save(self.db, &states, segments).await.unwrap();
    }

    fn compaction(&self) -> Compaction {
        let lease = Lease::new(self.db.clone(), LEASE, "test".to_owned(), Duration::from_secs(5));
        Compaction::new(self.db.clone(), lease, Ids::random())
    }

    async fn start(&mut self) {
        self.tables = Arc::new(Tables::new(Clock::system()));
        self.taken.clear();
        snapshot::load(self.db, &self.tables, &source()).await.unwrap();
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Receive(subject, version) => {
                self.tables.apply(&self.delivery(subject, version));
                let newest = self.bus.entry(subject).or_insert(version);
                *newest = version.max(*newest);
            }
            Step::TakeUnsaved if self.taken.is_empty() => self.taken = self.tables.take_unsaved(),
            Step::TakeUnsaved => {}
            Step::Saved(true) => self.save().await,
            Step::Saved(false) => self.tables.put_back(std::mem::take(&mut self.taken)),
            Step::Stopped => {
                self.save().await;
                self.taken = self.tables.take_unsaved();
                self.save().await;
                let ids = segment_ids(self.db, i64::MAX).await.unwrap();
                self.compaction().merge(&ids).await.unwrap();
                self.start().await;
            }
            Step::Killed(backwards) => {
                self.start().await;
                self.redeliver(backwards);
            }
            Step::Lost(subject, version) => {
                let newest = self.bus.entry(subject).or_insert(version);
                *newest = version.max(*newest);
            }
            Step::Redelivered(backwards) => self.redeliver(backwards),
            Step::Rebuilt => self.rebuild(),
        }
    }

    fn redeliver(&self, backwards: bool) {
        let mut again: Vec<_> = self.bus.iter().collect();
        if backwards {
            again.reverse();
        }
        let again = again
            .into_iter()
            .map(|(subject, version)| self.delivery(*subject, *version));
        self.tables.apply_all(again.collect());
    }

    fn rebuild(&self) {
        let rebuilding = self.tables.begin_rebuild().unwrap();
        for (subject, version) in self.bus.iter().skip(self.bus.len() / 2) {
            rebuilding.tables.apply(&self.delivery(*subject, *version));
        }
        self.redeliver(true);
        let compared = rebuilding.compare_and_replace(&SERVICES, 9, |_| false);
        assert!(compared.is_replaced, "{:?}", compared.comparison.differences);
    }

    /// What a replica shows that receives only the newest states.
    fn rebuilt(&self) -> Shown {
        let tables = Tables::new(Clock::system());
        for (subject, version) in self.bus.iter().rev() {
            tables.apply(&self.delivery(*subject, *version));
        }
        shown(&tables)
    }
}

#[test]
fn the_tables_are_those_of_the_newest_states() {
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
    let seeds = ProptestConfig::with_cases(1000);
    proptest!(seeds, |(states in states(), steps in steps())| {
        let (incremental, rebuilt, reloaded) = runtime.block_on(async {
            for table in ["snapshot", "snapshot_segment"] {
                db.writer().execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
            }
            let mut replica = Replica::new(&db, &states);
            for step in &steps {
                replica.step(step).await;
            }
            replica.redeliver(false);
            let incremental = shown(&replica.tables);
            replica.step(&Step::Stopped).await;
            (incremental, replica.rebuilt(), shown(&replica.tables))
        });
        prop_assert_eq!(&incremental, &rebuilt, "as the states arrived");
        prop_assert_eq!(&reloaded, &rebuilt, "from the snapshot");
    });
}
