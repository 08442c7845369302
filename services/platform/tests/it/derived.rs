//! The runner of derived figures, on every database: dirty keys are recomputed even when others fail, wait or are
//! killed.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use prima_platform::{
    db::{Database, Txn, sql},
    derived::{
        Derived, Due, Kind, LegacyFlags, Runner, Settings, Source, Urgent, flag_dirty_in_txn, recomputed_keys,
    },
    failure::Failure,
    outbox::Outbox,
    testing::eventually,
};
use sea_orm::ConnectionTrait;
use tokio::sync::{Semaphore, mpsc};

use crate::world::{LONG, Replica, Running, Store, World, matrix};

macro_rules! on_both_databases {
    ($($case:ident),* $(,)?) => {
        matrix!(@on sqlite, Sqlite, Memory, $($case),*);
        matrix!(@on postgres, Postgres, Memory, $($case),*);
    };
}

on_both_databases!(
    a_key_that_fails_is_delayed_and_does_not_block_others,
    a_key_flagged_during_its_recomputation_is_recomputed_again,
    a_runner_killed_between_claim_and_commit_loses_nothing,
    of_a_batch_that_fails_only_the_broken_key_stays_dirty,
    a_key_is_recomputed_again_after_the_minimum_interval_only,
    a_due_key_is_recomputed_without_a_dirty_flag,
    a_due_key_is_recomputed_while_others_are_flagged_all_the_time,
    keys_that_are_recomputed_for_the_first_time_are_known,
    dirty_flags_of_the_previous_release_are_processed,
    rows_in_place_of_flags_are_each_added_once,
    an_urgent_row_waits_for_one_transaction_with_others_at_most,
    a_key_without_urgent_rows_rests_longer,
    a_row_is_processed_once_it_is_due_and_a_failing_one_delays_no_other,
    a_database_with_later_steps_gets_the_tables,
);

const KIND: &str = "double";

/// Computes the double of an input; fails for a negative one.
#[derive(Default)]
struct Double {
    batch: usize,
    min_interval: Duration,
    legacy: Option<LegacyFlags>,
    /// Whether each recomputation flags its keys again.
    flags_again: bool,
    /// Keys that are due.
    due: Arc<Mutex<Vec<String>>>,
    /// Reports each recomputation after it has read its inputs; it then waits for a permit.
    gate: Option<(mpsc::UnboundedSender<Vec<String>>, Arc<Semaphore>)>,
    /// Keys that are being recomputed.
    in_progress: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Kind for Double {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: self.batch,
            min_interval: self.min_interval,
            legacy: self.legacy,
        }
    }

    async fn due(&self) -> Result<Vec<String>, Failure> {
        Ok(self.due.lock().unwrap().clone())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        {
            let mut in_progress = self.in_progress.lock().unwrap();
            let free = keys.iter().all(|key| !in_progress.contains(key));
            assert!(free, "{in_progress:?} are at work, and {keys:?}");
            in_progress.extend_from_slice(keys);
        }
        if self.flags_again {
            flag_dirty_in_txn(txn, KIND, keys.iter().cloned()).await?;
        }
        let done = self.double(txn, keys).await;
        let done_with = |list: &Mutex<Vec<String>>| list.lock().unwrap().retain(|key| !keys.contains(key));
        done_with(&self.in_progress);
        if done.is_ok() {
            done_with(&self.due);
        }
        done
    }
}

impl Double {
    async fn double(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let mut figures = Vec::new();
        for key in keys {
            let text = "SELECT value FROM input WHERE key = $1";
            let row = txn.query_one_raw(sql(txn, text, [key.clone().into()])).await?;
            let value: i64 = row.unwrap().try_get("", "value").unwrap();
            figures.push((key, value));
        }
        if let Some((entered, permits)) = &self.gate {
            let _gone = entered.send(keys.to_vec());
            permits.acquire().await.unwrap().forget();
        }
        for (key, value) in figures {
            if value < 0 {
                return Err(Failure::internal(format!("{value} is negative")));
            }
            let text = "INSERT INTO figure (key, value) VALUES ($1, $2)
                        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            let values = [key.clone().into(), (2 * value).into()];
            txn.execute_raw(sql(txn, text, values)).await?;
        }
        Ok(())
    }
}

/// Adds up the rows of a key and deletes them; fails for a negative row.
#[derive(Default)]
struct Sum {
    /// Whether rows with the value 1 are urgent. The first transaction inserts one, under the key `urgent`.
    urgent: bool,
    /// Minimum interval between two computations of a key without such rows.
    others: Duration,
    /// The keys in the order in which they were recomputed.
    order: Arc<Mutex<Vec<String>>>,
}

/// How many keys named `b` have failed twice or more; a machine that is busy may have tried them more often.
const TRIED_TWICE: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived WHERE key = 'b' AND attempts >= 2";

#[async_trait]
impl Kind for Sum {
    fn settings(&self) -> Settings {
        Settings {
            name: "sum",
            batch: 10,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        Source::Inputs {
            table: "part",
            key: "key",
            urgent: self.urgent.then_some(Urgent {
                condition: "value = 1",
                others: self.others,
            }),
        }
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let is_first = {
            let mut order = self.order.lock().unwrap();
            order.extend_from_slice(keys);
            order.len() == keys.len()
        };
        if self.urgent && is_first {
            let text = "INSERT INTO part (key, value) VALUES ('urgent', 1)";
            txn.execute_raw(sql(txn, text, [])).await?;
        }
        for key in keys {
            let text = "DELETE FROM part WHERE key = $1 RETURNING value";
            let parts = txn.query_all_raw(sql(txn, text, [key.clone().into()])).await?;
            let parts: Vec<i64> = parts
                .iter()
                .map(|row| row.try_get("", "value").unwrap())
                .collect();
            if let Some(value) = parts.iter().find(|value| **value < 0) {
                return Err(Failure::internal(format!("{value} is negative")));
            }
            let text = "INSERT INTO figure (key, value) VALUES ($1, $2)
                        ON CONFLICT (key) DO UPDATE SET value = figure.value + excluded.value";
            let values = [key.clone().into(), parts.iter().sum::<i64>().into()];
            txn.execute_raw(sql(txn, text, values)).await?;
        }
        Ok(())
    }
}

/// Rings each alarm once its time has come; fails for a negative value.
struct Alarms {
    now: Arc<AtomicI64>,
    rung: mpsc::UnboundedSender<Vec<String>>,
}

#[async_trait]
impl Kind for Alarms {
    fn settings(&self) -> Settings {
        Settings {
            name: "alarm",
            batch: 2,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        Source::Due(Due {
            table: "alarm",
            key: "CAST(id AS TEXT)",
            column: "at",
            until: Some(self.now.load(Ordering::SeqCst)),
            condition: "at IS NOT NULL",
            every: Duration::from_millis(20),
        })
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let mut rung = Vec::new();
        for key in keys {
            // The other replica may have rung it after this one had found it.
            let text = "UPDATE alarm SET at = NULL WHERE id = $1 AND at IS NOT NULL RETURNING value";
            let id: i64 = key.parse().unwrap();
            let Some(row) = txn.query_one_raw(sql(txn, text, [id.into()])).await? else {
                continue;
            };
            rung.push(key.clone());
            let value: i64 = row.try_get("", "value").unwrap();
            if value < 0 {
                return Err(Failure::internal(format!("{value} is negative")));
            }
        }
        let _gone = self.rung.send(rung);
        Ok(())
    }
}

/// A world with the wake-ups of one replica.
struct Scene {
    world: World,
    derived: Derived,
}

impl Scene {
    async fn new(world: World) -> Self {
        world
            .tamper("CREATE TABLE input (key TEXT PRIMARY KEY, value BIGINT NOT NULL)")
            .await;
        world
            .tamper("CREATE TABLE figure (key TEXT PRIMARY KEY, value BIGINT NOT NULL)")
            .await;
        Self {
            world,
            derived: Derived::default(),
        }
    }

    fn is_postgres(&self) -> bool {
        self.world.to_db.is_some()
    }

    fn run(&self, kind: Double) -> Running {
        run(&self.world, &self.derived, kind)
    }

    /// Sets inputs and flags their figures, in one transaction.
    async fn set(&self, inputs: &[(&str, i64)]) {
        set(&self.world.db, inputs).await.commit().await.unwrap();
        self.derived.committed();
    }

    async fn number(&self, text: &str) -> Option<i64> {
        let reader = self.world.db.reader();
        let row = reader.query_one_raw(sql(reader, text, [])).await.unwrap()?;
        Some(row.try_get("", "n").unwrap())
    }

    /// Waits until a query returns this number as `n`.
    async fn becomes(&self, text: &str, expected: i64) {
        let met = eventually(LONG, async || {
            (self.number(text).await == Some(expected)).then_some(())
        });
        if met.await.is_none() {
            panic!("{text} is {:?}, not {expected}", self.number(text).await);
        }
    }

    async fn figure_becomes(&self, key: &str, value: i64) {
        self.becomes(
            &format!("SELECT value AS n FROM figure WHERE key = '{key}'"),
            value,
        )
        .await;
    }

    async fn marks(&self, key: &str) -> i64 {
        let text = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived_mark WHERE key = '{key}'");
        self.number(&text).await.unwrap()
    }

    /// Waits until no key is flagged.
    async fn settled(&self) {
        self.becomes("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived_mark", 0)
            .await;
    }
}

fn run(replica: &Replica, derived: &Derived, kind: Double) -> Running {
    let runner = Runner::new(replica.db.clone(), derived.clone(), Outbox::default(), kind);
    Running::spawn(|stop| runner.run(stop))
}

/// Sets inputs and flags their figures, without committing.
async fn set(db: &Database, inputs: &[(&str, i64)]) -> Txn {
    let txn = db.begin().await.unwrap();
    for (key, value) in inputs {
        let text = "INSERT INTO input (key, value) VALUES ($1, $2)
                    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let values = [(*key).into(), (*value).into()];
        txn.execute_raw(sql(&txn, text, values)).await.unwrap();
    }
    let keys = inputs.iter().map(|(key, _)| (*key).to_owned());
    flag_dirty_in_txn(&txn, KIND, keys).await.unwrap();
    txn
}

/// A kind that reports each recomputation and waits for a permit.
fn gated() -> (Double, mpsc::UnboundedReceiver<Vec<String>>, Arc<Semaphore>) {
    let (entered, entries) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(0));
    let kind = Double {
        gate: Some((entered, permits.clone())),
        ..Double::default()
    };
    (kind, entries, permits)
}

async fn next(entries: &mut mpsc::UnboundedReceiver<Vec<String>>) -> Vec<String> {
    let entry = tokio::time::timeout(LONG, entries.recv()).await;
    entry.expect("no recomputation has begun").unwrap()
}

async fn a_key_that_fails_is_delayed_and_does_not_block_others(world: World) {
    let scene = Scene::new(world).await;
    // Flagged before all others, and first in every order.
    scene.set(&[("a", -1)]).await;
    scene.set(&[("b", 1), ("c", 2)]).await;
    let _runner = scene.run(Double::default());
    scene.figure_becomes("b", 2).await;
    scene.figure_becomes("c", 4).await;
    scene.set(&[("c", 3), ("a", -1)]).await;
    scene.set(&[("a", -1)]).await;
    scene.figure_becomes("c", 6).await;
    // All its flags are replaced by one.
    let tried = scene
        .number("SELECT attempts AS n FROM derived WHERE key = 'a'")
        .await;
    let tried_again = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived WHERE key = 'a' AND attempts > {}
            AND (SELECT COUNT(*) FROM derived_mark WHERE key = 'a') = 1",
        tried.unwrap()
    );
    scene.becomes(&tried_again, 1).await;
    let kept = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived
                WHERE key = 'a' AND held_until > 0 AND error = 'INTERNAL: -1 is negative'";
    assert_eq!(scene.number(kept).await, Some(1));
    // The change that repairs it flags it like every change.
    scene.set(&[("a", 4)]).await;
    scene.figure_becomes("a", 8).await;
    let clean = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived
                 WHERE key = 'a' AND held_until = 0 AND attempts = 0 AND error IS NULL";
    assert_eq!(scene.number(clean).await, Some(1));
    scene.settled().await;
}

async fn a_key_flagged_during_its_recomputation_is_recomputed_again(world: World) {
    let scene = Scene::new(world).await;
    let (kind, mut entries, permits) = gated();
    let _runner = scene.run(kind);
    scene.set(&[("a", 1)]).await;
    assert_eq!(next(&mut entries).await, ["a"]);
    if scene.is_postgres() {
        // A transaction that flags a key waits neither for its recomputation nor for another one that flags it.
        let open = set(&scene.world.db, &[("b", 7), ("a", 2)]).await;
        let other = scene.world.db.begin().await.unwrap();
        let keys = ["a", "b"].map(str::to_owned);
        flag_dirty_in_txn(&other, KIND, keys.clone()).await.unwrap();
        flag_dirty_in_txn(&open, KIND, keys).await.unwrap();
        other.commit().await.unwrap();
        open.commit().await.unwrap();
        permits.add_permits(10);
    } else {
        // SQLite has one writer.
        let (set, ()) = tokio::join!(set(&scene.world.db, &[("b", 7), ("a", 2)]), async {
            permits.add_permits(10);
        });
        set.commit().await.unwrap();
    }
    scene.derived.committed();
    scene.figure_becomes("b", 14).await;
    scene.figure_becomes("a", 4).await;
    scene.settled().await;
}

async fn a_runner_killed_between_claim_and_commit_loses_nothing(world: World) {
    let scene = Scene::new(world).await;
    let (kind, mut entries, _permits) = gated();
    let runner = scene.run(kind);
    scene.set(&[("a", 1), ("b", 2)]).await;
    next(&mut entries).await;
    drop(runner);
    assert_eq!(scene.number("SELECT value AS n FROM figure").await, None);
    let _runner = scene.run(Double::default());
    scene.figure_becomes("a", 2).await;
    scene.figure_becomes("b", 4).await;
    scene.settled().await;
}

async fn of_a_batch_that_fails_only_the_broken_key_stays_dirty(world: World) {
    let scene = Scene::new(world).await;
    let (kind, mut entries, permits) = gated();
    permits.add_permits(100);
    scene.set(&[("a", 1), ("b", -1), ("c", 3), ("d", 4)]).await;
    let _runner = scene.run(Double { batch: 3, ..kind });
    for (key, value) in [("a", 2), ("c", 6), ("d", 8)] {
        scene.figure_becomes(key, value).await;
    }
    let tried = [["a", "b", "c"].as_slice(), &["a"], &["b"], &["c"], &["d"]];
    for keys in tried {
        assert_eq!(next(&mut entries).await, keys);
    }
    // From now on it is tried alone, and the others succeed.
    scene.set(&[("a", 5), ("b", -2), ("c", 6)]).await;
    scene.becomes(TRIED_TWICE, 1).await;
    scene.figure_becomes("a", 10).await;
    scene.figure_becomes("c", 12).await;
    let mut later = Vec::new();
    while let Ok(keys) = entries.try_recv() {
        later.push(keys.join(" "));
    }
    later.sort();
    later.dedup();
    assert_eq!(later, ["a c", "b"]);
}

async fn a_key_is_recomputed_again_after_the_minimum_interval_only(world: World) {
    let scene = Scene::new(world).await;
    let with_interval = || Double {
        min_interval: Duration::from_secs(3600),
        ..Double::default()
    };
    scene.set(&[("a", 1)]).await;
    let _first = scene.run(with_interval());
    scene.figure_becomes("a", 2).await;
    scene.set(&[("a", 2)]).await;
    scene.set(&[("b", 2)]).await;
    // The interval applies on other replicas as well: a key that was flagged later is recomputed, this one is not.
    let other = scene.world.replica().await;
    let _second = run(&other, &scene.derived, with_interval());
    scene.figure_becomes("b", 4).await;
    assert_eq!((scene.marks("a").await, scene.marks("b").await), (1, 0));
    let rested = "UPDATE derived SET held_until = 1 WHERE key = 'a'";
    scene.world.tamper(rested).await;
    let _third = run(&other, &scene.derived, with_interval());
    scene.figure_becomes("a", 4).await;
    scene.settled().await;
}

async fn a_due_key_is_recomputed_without_a_dirty_flag(world: World) {
    let scene = Scene::new(world).await;
    scene
        .world
        .tamper("INSERT INTO input VALUES ('a', 1), ('b', -1)")
        .await;
    let due = Arc::new(Mutex::new(Vec::new()));
    let _runner = scene.run(Double {
        due: due.clone(),
        ..Double::default()
    });
    due.lock().unwrap().extend(["b", "a"].map(str::to_owned));
    scene.figure_becomes("a", 2).await;
    // It stays due, and is flagged once.
    scene.becomes(TRIED_TWICE, 1).await;
    assert_eq!(scene.marks("b").await, 1);
    scene
        .world
        .tamper("UPDATE input SET value = 3 WHERE key = 'b'")
        .await;
    scene.figure_becomes("b", 6).await;
    scene.settled().await;
}

async fn a_due_key_is_recomputed_while_others_are_flagged_all_the_time(world: World) {
    let scene = Scene::new(world).await;
    scene.set(&[("a", 1)]).await;
    scene.world.tamper("INSERT INTO input VALUES ('b', 2)").await;
    let due = Arc::new(Mutex::new(Vec::new()));
    let _runner = scene.run(Double {
        due: due.clone(),
        flags_again: true,
        ..Double::default()
    });
    scene.figure_becomes("a", 2).await;
    due.lock().unwrap().push("b".to_owned());
    scene.figure_becomes("b", 4).await;
}

async fn keys_that_are_recomputed_for_the_first_time_are_known(world: World) {
    let scene = Scene::new(world).await;
    let (kind, mut entries, permits) = gated();
    let _runner = scene.run(kind);
    scene.set(&[("a/1", 1)]).await;
    next(&mut entries).await;
    let known = async |prefix| {
        recomputed_keys(scene.world.db.reader(), KIND, prefix)
            .await
            .unwrap()
    };
    assert_eq!(known("a/").await, ["a/1"]);
    permits.add_permits(1);
    scene.figure_becomes("a/1", 2).await;
    for (prefix, keys) in [("a/", 1), ("a", 1), ("a/1", 1), ("a/1/", 0), ("b", 0), ("A", 0)] {
        assert_eq!(known(prefix).await.len(), keys, "{prefix}");
    }
}

async fn dirty_flags_of_the_previous_release_are_processed(world: World) {
    let scene = Scene::new(world).await;
    for text in [
        "CREATE TABLE dirty (part TEXT NOT NULL, year BIGINT NOT NULL, PRIMARY KEY (part, year))",
        "INSERT INTO input VALUES ('a/2024', 1), ('b/2024', 2)",
        "INSERT INTO dirty VALUES ('a', 2024), ('b', 2024)",
    ] {
        scene.world.tamper(text).await;
    }
    let mut held = None;
    if scene.is_postgres() {
        // A process of the previous release has locked one of them.
        let txn = scene.world.db.begin().await.unwrap();
        let update = "UPDATE dirty SET year = year WHERE part = 'a'";
        txn.execute_unprepared(update).await.unwrap();
        held = Some(txn);
    }
    let _runner = scene.run(Double {
        legacy: Some(LegacyFlags {
            table: "dirty",
            key: "part || '/' || year",
        }),
        ..Double::default()
    });
    scene.figure_becomes("b/2024", 4).await;
    let left = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM dirty";
    if let Some(txn) = held {
        assert_eq!(scene.number(left).await, Some(1));
        txn.commit().await.unwrap();
    }
    scene.figure_becomes("a/2024", 2).await;
    assert_eq!(scene.number(left).await, Some(0));
    scene.settled().await;
}

/// Creates the table of inputs of [`Sum`].
async fn parts(scene: &Scene) {
    let identity = match scene.is_postgres() {
        true => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        false => "INTEGER PRIMARY KEY",
    };
    let table = format!("CREATE TABLE part (id {identity}, key TEXT NOT NULL, value BIGINT NOT NULL)");
    scene.world.tamper(&table).await;
}

fn add_up(scene: &Scene, kind: Sum) -> Running {
    let (db, derived) = (scene.world.db.clone(), scene.derived.clone());
    let runner = Runner::new(db, derived, Outbox::default(), kind);
    Running::spawn(|stop| runner.run(stop))
}

async fn an_urgent_row_waits_for_one_transaction_with_others_at_most(world: World) {
    let scene = Scene::new(world).await;
    parts(&scene).await;
    let rows: Vec<String> = (10..50).map(|n| format!("('k{n}', 2)")).collect();
    let text = format!("INSERT INTO part (key, value) VALUES {}", rows.join(", "));
    scene.world.tamper(&text).await;
    let order = Arc::<Mutex<Vec<String>>>::default();
    let _running = add_up(
        &scene,
        Sum {
            urgent: true,
            order: order.clone(),
            ..Sum::default()
        },
    );
    scene
        .becomes("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM part", 0)
        .await;
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 41);
    // A quarter of the ten keys of a batch, and then the one that is urgent.
    assert_eq!(order.iter().position(|key| key == "urgent"), Some(2));
}

async fn a_key_without_urgent_rows_rests_longer(world: World) {
    let scene = Scene::new(world).await;
    parts(&scene).await;
    let add = async |parts: &str| {
        let text = format!("INSERT INTO part (key, value) VALUES {parts}");
        scene.world.tamper(&text).await;
        scene.derived.committed();
    };
    add("('a', 2)").await;
    let _running = add_up(
        &scene,
        Sum {
            urgent: true,
            others: Duration::from_secs(3600),
            ..Sum::default()
        },
    );
    scene.figure_becomes("a", 2).await;
    // The second key comes after the first one, and has not been computed yet.
    add("('a', 4), ('b', 8)").await;
    scene.figure_becomes("b", 8).await;
    scene
        .becomes("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM part", 1)
        .await;
    add("('a', 1)").await;
    scene.figure_becomes("a", 7).await;
    add("('a', 3)").await;
    let rested = "UPDATE derived SET held_until = 1 WHERE key = 'a'";
    assert_eq!(scene.world.tamper(rested).await, 1);
    scene.figure_becomes("a", 10).await;
}

async fn rows_in_place_of_flags_are_each_added_once(world: World) {
    let scene = Scene::new(world).await;
    parts(&scene).await;
    let add = async |parts: &str| {
        let text = format!("INSERT INTO part (key, value) VALUES {parts}");
        scene.world.tamper(&text).await;
        scene.derived.committed();
    };
    // The first row fails, and delays none of the others.
    add("('b', -1), ('a', 1), ('a', 2)").await;
    let other = scene.world.replica().await;
    let runner = |replica: &Replica| {
        let (db, derived) = (replica.db.clone(), scene.derived.clone());
        let runner = Runner::new(db, derived, Outbox::default(), Sum::default());
        Running::spawn(|stop| runner.run(stop))
    };
    let _runners = [runner(&scene.world), runner(&other)];
    scene.figure_becomes("a", 3).await;
    for _ in 0..20 {
        add("('a', 1), ('c', 2), ('b', 5)").await;
    }
    scene.figure_becomes("a", 23).await;
    scene.figure_becomes("c", 40).await;
    scene.becomes(TRIED_TWICE, 1).await;
    let left = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM part";
    assert_eq!(scene.number(left).await, Some(21));
    scene
        .world
        .tamper("UPDATE part SET value = 7 WHERE value = -1")
        .await;
    scene.figure_becomes("b", 107).await;
    scene.becomes(left, 0).await;
}

async fn a_row_is_processed_once_it_is_due_and_a_failing_one_delays_no_other(world: World) {
    let scene = Scene::new(world).await;
    let table = "CREATE TABLE alarm (id BIGINT PRIMARY KEY, at BIGINT, value BIGINT NOT NULL)";
    scene.world.tamper(table).await;
    let rows = "INSERT INTO alarm VALUES (1, 20, 0), (2, 10, 0), (3, 5, -1), (4, 30, 0), (5, 40, 0)";
    scene.world.tamper(rows).await;
    let (rung, mut bells) = mpsc::unbounded_channel();
    let now = Arc::new(AtomicI64::new(30));
    let other = scene.world.replica().await;
    let runner = |replica: &Replica| {
        let (now, rung) = (now.clone(), rung.clone());
        let derived = Derived::default();
        let kind = Alarms { now, rung };
        let runner = Runner::new(replica.db.clone(), derived, Outbox::default(), kind);
        Running::spawn(|stop| runner.run(stop))
    };
    let _runners = [runner(&scene.world), runner(&other)];
    let waiting = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM alarm WHERE at IS NOT NULL";
    scene.becomes(waiting, 2).await;
    let tried = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived WHERE key = '3' AND attempts >= 2";
    scene.becomes(tried, 1).await;
    let left = "SELECT id AS n FROM alarm WHERE at > 30";
    assert_eq!(scene.number(left).await, Some(5), "it is not due yet");
    now.store(40, Ordering::SeqCst);
    scene.becomes(waiting, 1).await;
    scene.world.tamper("UPDATE alarm SET value = 0").await;
    scene.becomes(waiting, 0).await;
    let mut all = Vec::new();
    while let Ok(keys) = bells.try_recv() {
        all.extend(keys);
    }
    all.sort();
    assert_eq!(all, ["1", "2", "3", "4", "5"], "each rang once");
    // Only a key that is being processed or has failed has a row.
    scene
        .becomes("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived", 0)
        .await;
}

async fn a_database_with_later_steps_gets_the_tables(world: World) {
    world.tamper("DROP TABLE derived").await;
    world.tamper("DROP TABLE derived_mark").await;
    let step = "DELETE FROM seaql_migrations WHERE version = 'm0000_platform_derived'";
    assert_eq!(world.tamper(step).await, 1);
    world.migrate().await;
    assert_eq!(
        world
            .tamper("INSERT INTO derived_mark (kind, key) VALUES ('a', 'b')")
            .await,
        1
    );
    assert_eq!(
        world
            .tamper("INSERT INTO derived (kind, key) VALUES ('a', 'b')")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_keys_and_never_recompute_one_together() {
    let scene = Scene::new(World::new(Store::Postgres, crate::world::Broker::Memory).await).await;
    let other = scene.world.replica().await;
    let in_progress = Arc::new(Mutex::new(Vec::new()));
    let runner = |replica: &Replica| {
        let (kind, entries, permits) = gated();
        let kind = Double {
            in_progress: in_progress.clone(),
            batch: 2,
            ..kind
        };
        (run(replica, &scene.derived, kind), entries, permits)
    };
    let (_first, mut of_first, permits_of_first) = runner(&scene.world);
    let (_second, mut of_second, permits_of_second) = runner(&other);
    let keys: Vec<String> = (0..40).map(|n| format!("k-{n:02}")).collect();
    let inputs: Vec<(&str, i64)> = keys.iter().map(|key| (key.as_str(), 1)).collect();
    scene.set(&inputs).await;
    // Both recompute at the same time.
    let (one, two) = tokio::join!(next(&mut of_first), next(&mut of_second));
    assert!(one.iter().all(|key| !two.contains(key)), "{one:?} and {two:?}");
    // A key that is flagged again during its recomputation stays with its replica; the other keys do not.
    scene.set(&inputs).await;
    permits_of_second.add_permits(1000);
    scene
        .becomes(
            "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM figure WHERE value = 2",
            38,
        )
        .await;
    permits_of_first.add_permits(1000);
    scene.settled().await;
    for value in [2, 3] {
        let inputs: Vec<(&str, i64)> = keys.iter().map(|key| (key.as_str(), value)).collect();
        scene.set(&inputs).await;
    }
    scene.settled().await;
    scene
        .becomes(
            "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM figure WHERE value = 6",
            40,
        )
        .await;
}
