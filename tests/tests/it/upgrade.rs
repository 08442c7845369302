//! Every later build must upgrade the data of a release: a client that still has the contract of that release gets the
//! same answers, digit by digit. See tests/data/README.md.

mod api;
mod corrected;
mod deployment;
mod make;
mod seed;
mod seed_complaint;
mod seed_index;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use prima_platform::{db::sql, testing::eventually};
use prima_tests::DEADLINE;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tonic_types::StatusExt;

use api::Api;
use deployment::{DIRTY_TABLES, Dataset, SERVICES, Store, unzip_one};

/// Fields that are not compared: versions and etags grow whenever a state is rendered, and freshness changes with time.
const LEFT_OUT: [&str; 4] = ["version", "etag", "events", "freshness"];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// The folders of the releases that are kept.
fn releases() -> Vec<PathBuf> {
    let all = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    let kept = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("release-")
    };
    let mut all: Vec<PathBuf> = all.filter(kept).collect();
    all.sort();
    assert!(!all.is_empty(), "no release is kept");
    all
}

/// A call and its answer.
#[derive(Debug, Clone)]
pub struct Question {
    call: String,
    request: Value,
    /// The number of messages to read of a stream.
    take: usize,
    /// Fields of this answer that are not compared, in addition to [`LEFT_OUT`].
    without: Vec<String>,
    /// Whether the call changes something now, so that only its success is compared.
    now: bool,
    /// Whether the evaluator calls, not the admin.
    by_evaluator: bool,
    answer: Value,
}

impl Question {
    pub fn new(service: &str, method: &str, request: Value) -> Self {
        Self {
            call: format!("{service}/{method}"),
            request,
            take: usize::MAX,
            without: Vec::new(),
            now: false,
            by_evaluator: false,
            answer: Value::Null,
        }
    }

    pub fn of_now(service: &str, method: &str, request: Value) -> Self {
        let now = true;
        Self {
            now,
            ..Self::new(service, method, request)
        }
    }

    pub fn by_evaluator(self) -> Self {
        let by_evaluator = true;
        Self { by_evaluator, ..self }
    }

    pub fn take(self, take: usize) -> Self {
        Self { take, ..self }
    }

    fn read(stored: &Value) -> Self {
        let without = stored["without"].as_array().into_iter().flatten();
        Self {
            call: stored["call"].as_str().unwrap().to_owned(),
            request: stored["request"].clone(),
            take: stored["take"]
                .as_u64()
                .map_or(usize::MAX, |n| usize::try_from(n).unwrap()),
            without: without.map(|key| key.as_str().unwrap().to_owned()).collect(),
            now: stored["now"] == true,
            by_evaluator: stored["judge"] == true,
            answer: stored["answer"].clone(),
        }
    }

    fn stored(&self) -> Value {
        let mut stored = json!({"call": self.call, "request": self.request, "answer": self.answer});
        if self.take < usize::MAX {
            stored["take"] = self.take.into();
        }
        if !self.without.is_empty() {
            stored["without"] = self.without.clone().into();
        }
        if self.now {
            stored["now"] = true.into();
        }
        if self.by_evaluator {
            stored["judge"] = true.into();
        }
        stored
    }

    /// Calls the method; a refusal is an answer too.
    pub async fn ask(&self, api: &Api) -> Value {
        let evaluator = self.by_evaluator.then(|| api.as_evaluator());
        let api = evaluator.as_ref().unwrap_or(api);
        match api.call(&self.call, &self.request, self.take).await {
            Ok(_) if self.now => json!({"done": true}),
            Ok(mut answer) => {
                self.leave_out(&mut answer);
                answer
            }
            Err(status) => {
                let info = status.get_details_error_info();
                let reason = info.map(|info| info.reason).unwrap_or_default();
                json!({"code": format!("{:?}", status.code()), "reason": reason})
            }
        }
    }

    fn leave_out(&self, answer: &mut Value) {
        match answer {
            Value::Object(fields) => {
                fields.retain(|key, _| !LEFT_OUT.contains(&&**key) && !self.without.contains(key));
                fields.values_mut().for_each(|value| self.leave_out(value));
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.leave_out(value)),
            _ => {}
        }
    }
}

/// Where two answers differ, and how.
fn difference(path: &str, then: &Value, now: &Value) -> Option<String> {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            let mut each = keys.map(|key| {
                let of = |fields: &serde_json::Map<_, _>| fields.get(key).cloned().unwrap_or_default();
                difference(&format!("{path}.{key}"), &of(a), &of(b))
            });
            each.find_map(|found| found)
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut each = a.iter().zip(b).enumerate();
            each.find_map(|(n, (a, b))| difference(&format!("{path}[{n}]"), a, b))
        }
        _ if then == now => None,
        _ => Some(format!("{path} was {then} and is {now}")),
    }
}

async fn differences(api: &Api, questions: &[Question]) -> Vec<String> {
    let mut found = Vec::new();
    for question in questions {
        let mut now = question.ask(api).await;
        corrected::leave_out_new(&mut now, &question.answer);
        let then = corrected::expected(&question.answer);
        if let Some(what) = difference("", &then, &now) {
            found.push(format!("{} {}: {what}", question.call, question.request));
        }
    }
    found
}

/// Waits until every question gets the same answer as before.
async fn the_same(api: &Api, questions: &[Question]) {
    let same = eventually(DEADLINE, || async {
        differences(api, questions).await.is_empty().then_some(())
    });
    if same.await.is_none() {
        panic!("answers differ: {:#?}", differences(api, questions).await);
    }
}

/// Starts this build on the data of a release.
async fn upgraded(release: &Path, store: Store) {
    println!("{} on {}", release.display(), store.name());
    let read = |name: String| fs::read(release.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let contract = unzip_one(&read("contract.zip".into()));
    let answers: Value = serde_json::from_slice(&read(format!("{}.json", store.name()))).unwrap();
    let questions = |part: &str| -> Vec<Question> {
        let all = answers[part]
            .as_array()
            .unwrap()
            .iter()
            .map(Question::read)
            .collect::<Vec<_>>();
        assert!(!all.is_empty(), "no {part}");
        all
    };
    let dataset = Dataset::unpacked(store, &read(format!("{}.zip", store.name()))).await;
    // The fixture was stopped while work was unfinished.
    for (service, table) in DIRTY_TABLES {
        assert!(
            dataset.rows(service, table).await > 0,
            "nothing is left in {service}.{table}"
        );
    }
    let unsent = "SELECT count(*) FROM outbox WHERE version > published_version";
    for service in ["directory", "survey"] {
        assert!(
            dataset.number(service, unsent).await > 0,
            "{service} has sent everything"
        );
    }

    let snapshot = dataset.rows("ranking", "snapshot").await;
    assert!(snapshot > 0, "ranking has no snapshot");

    let deployment = dataset.start(&[]).await;
    dataset.wait_until_idle().await;
    let api = deployment.api(&contract);
    the_same(&api, &questions("reads")).await;
    let found = differences(&api, &questions("once")).await;
    assert!(found.is_empty(), "answers differ: {found:#?}");
    deployment.stop().await;
    // The snapshot has seeded the history.
    let lacks = "SELECT count(*) FROM snapshot s WHERE NOT EXISTS (
        SELECT 1 FROM history h WHERE h.subject = s.subject AND h.version >= s.version)";
    assert_eq!(
        dataset.number("ranking", lacks).await,
        0,
        "states are not in the history"
    );
    assert!(dataset.rows("ranking", "history").await >= snapshot);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_every_release_are_upgraded() {
    for release in releases() {
        upgraded(&release, Store::Sqlite).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_databases_of_every_release_are_upgraded() {
    for release in releases() {
        upgraded(&release, Store::Postgresql).await;
    }
}

/// The tables with their columns, and the indexes, of a service's SQLite file.
async fn schema(dataset: &Dataset, service: &str) -> BTreeSet<String> {
    let text = "SELECT m.type || ' ' || m.name || COALESCE(' ' || c.name, '') AS line
        FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ON m.type = 'table'
        WHERE m.name NOT LIKE 'sqlite_%'";
    let db = dataset.database(service).await;
    let rows = db
        .reader()
        .query_all_raw(sql(db.reader(), text, []))
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgraded_file_has_the_tables_and_indexes_of_a_new_one() {
    let new = Dataset::empty(Store::Sqlite).await;
    new.start(&[]).await.stop().await;
    for release in releases() {
        let old = Dataset::unpacked(Store::Sqlite, &fs::read(release.join("sqlite.zip")).unwrap()).await;
        old.start(&[]).await.stop().await;
        for service in SERVICES {
            let service = service.name();
            assert_eq!(
                schema(&old, service).await,
                schema(&new, service).await,
                "{service}"
            );
        }
    }
}

#[test]
fn a_difference_is_named_with_its_place() {
    let then = json!({"a": [{"b": "1.00"}, {"b": "2.00"}], "c": null});
    assert_eq!(difference("", &then, &then), None);
    let now = json!({"a": [{"b": "1.00"}, {"b": "2.01"}], "c": null});
    let found = difference("", &then, &now);
    assert_eq!(found.as_deref(), Some(".a[1].b was \"2.00\" and is \"2.01\""));
    // An unset field equals an absent one, but the length of a list must be the same.
    assert_eq!(difference("", &then, &json!({"a": then["a"]})), None);
    for now in [
        json!({"a": then["a"], "c": null, "d": 1}),
        json!({"a": [], "c": null}),
    ] {
        assert!(difference("", &then, &now).is_some(), "{now}");
    }
}
