//! The runner of derived figures, on every database: what is marked is recomputed, whoever fails, waits or dies.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use prima_platform::{
    db::{Database, Txn, sql},
    derived::{Derived, Kind, Older, Runner, Settings, keys_taken, mark_in_txn},
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
    a_key_that_fails_waits_longer_and_holds_up_nobody,
    a_mark_set_during_a_recomputation_is_worked_off_again,
    a_runner_killed_between_claim_and_commit_loses_nothing,
    of_a_batch_that_fails_only_the_broken_key_is_left,
    a_key_rests_after_it_was_recomputed,
    what_is_due_is_recomputed_without_a_mark,
    what_is_due_does_not_wait_for_marks_to_cease,
    keys_that_are_worked_off_for_the_first_time_are_known,
    marks_of_the_release_before_are_worked_off,
    a_database_with_later_steps_gets_the_tables,
);

const KIND: &str = "double";

/// The double of an input; of a negative one there is none.
#[derive(Default)]
struct Double {
    batch: usize,
    rest: Duration,
    older: Option<Older>,
    /// Whether each recomputation marks its keys again.
    restless: bool,
    /// Keys that are due by themselves.
    due: Arc<Mutex<Vec<String>>>,
    /// Told of each recomputation that has read, which then waits for a permit.
    gate: Option<(mpsc::UnboundedSender<Vec<String>>, Arc<Semaphore>)>,
    /// Keys that are being recomputed.
    at_work: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Kind for Double {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: self.batch,
            rest: self.rest,
            older: self.older,
        }
    }

    async fn due(&self) -> Result<Vec<String>, Failure> {
        Ok(self.due.lock().unwrap().clone())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        {
            let mut at_work = self.at_work.lock().unwrap();
            let free = keys.iter().all(|key| !at_work.contains(key));
            assert!(free, "{at_work:?} are at work, and {keys:?}");
            at_work.extend_from_slice(keys);
        }
        if self.restless {
            mark_in_txn(txn, KIND, keys.iter().cloned()).await?;
        }
        let done = self.double(txn, keys).await;
        let done_with = |list: &Mutex<Vec<String>>| list.lock().unwrap().retain(|key| !keys.contains(key));
        done_with(&self.at_work);
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

/// What a replica stands on beside its database.
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

    /// Sets inputs and marks their figures, in one transaction.
    async fn set(&self, inputs: &[(&str, i64)]) {
        set(&self.world.db, inputs).await.commit().await.unwrap();
        self.derived.committed();
    }

    async fn number(&self, text: &str) -> Option<i64> {
        let reader = self.world.db.reader();
        let row = reader.query_one_raw(sql(reader, text, [])).await.unwrap()?;
        Some(row.try_get("", "n").unwrap())
    }

    /// Waits until a query of one number `n` answers this.
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

    /// Waits until nothing is marked.
    async fn settled(&self) {
        self.becomes("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived_mark", 0)
            .await;
    }
}

fn run(replica: &Replica, derived: &Derived, kind: Double) -> Running {
    let runner = Runner::new(replica.db.clone(), derived.clone(), Outbox::default(), kind);
    Running::spawn(|stop| runner.run(stop))
}

/// Sets inputs and marks their figures; not committed yet.
async fn set(db: &Database, inputs: &[(&str, i64)]) -> Txn {
    let txn = db.begin().await.unwrap();
    for (key, value) in inputs {
        let text = "INSERT INTO input (key, value) VALUES ($1, $2)
                    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let values = [(*key).into(), (*value).into()];
        txn.execute_raw(sql(&txn, text, values)).await.unwrap();
    }
    let keys = inputs.iter().map(|(key, _)| (*key).to_owned());
    mark_in_txn(&txn, KIND, keys).await.unwrap();
    txn
}

/// A kind that tells of each recomputation and waits for a permit.
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
    entry.expect("no recomputation begins").unwrap()
}

async fn a_key_that_fails_waits_longer_and_holds_up_nobody(world: World) {
    let scene = Scene::new(world).await;
    // Marked before all others, and first in every order.
    scene.set(&[("a", -1)]).await;
    scene.set(&[("b", 1), ("c", 2)]).await;
    let _runner = scene.run(Double::default());
    scene.figure_becomes("b", 2).await;
    scene.figure_becomes("c", 4).await;
    scene.set(&[("c", 3), ("a", -1)]).await;
    scene.set(&[("a", -1)]).await;
    scene.figure_becomes("c", 6).await;
    // Whatever was marked meanwhile waits as one.
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
    // What mends it says so as every change does.
    scene.set(&[("a", 4)]).await;
    scene.figure_becomes("a", 8).await;
    let clean = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM derived
                 WHERE key = 'a' AND held_until = 0 AND attempts = 0 AND error IS NULL";
    assert_eq!(scene.number(clean).await, Some(1));
    scene.settled().await;
}

async fn a_mark_set_during_a_recomputation_is_worked_off_again(world: World) {
    let scene = Scene::new(world).await;
    let (kind, mut entries, permits) = gated();
    let _runner = scene.run(kind);
    scene.set(&[("a", 1)]).await;
    assert_eq!(next(&mut entries).await, ["a"]);
    if scene.is_postgres() {
        // Nobody who marks waits for the recomputation, nor for another who marks.
        let open = set(&scene.world.db, &[("b", 7), ("a", 2)]).await;
        let other = scene.world.db.begin().await.unwrap();
        let keys = ["a", "b"].map(str::to_owned);
        mark_in_txn(&other, KIND, keys.clone()).await.unwrap();
        mark_in_txn(&open, KIND, keys).await.unwrap();
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

async fn of_a_batch_that_fails_only_the_broken_key_is_left(world: World) {
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
    // From now on it takes nobody with it.
    scene.set(&[("a", 5), ("b", -2), ("c", 6)]).await;
    scene
        .becomes("SELECT attempts AS n FROM derived WHERE key = 'b'", 2)
        .await;
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

async fn a_key_rests_after_it_was_recomputed(world: World) {
    let scene = Scene::new(world).await;
    let restful = || Double {
        rest: Duration::from_secs(3600),
        ..Double::default()
    };
    scene.set(&[("a", 1)]).await;
    let _first = scene.run(restful());
    scene.figure_becomes("a", 2).await;
    scene.set(&[("a", 2)]).await;
    scene.set(&[("b", 2)]).await;
    // It rests for other replicas as well: what was marked after it is done, it is not.
    let other = scene.world.replica().await;
    let _second = run(&other, &scene.derived, restful());
    scene.figure_becomes("b", 4).await;
    assert_eq!((scene.marks("a").await, scene.marks("b").await), (1, 0));
    let rested = "UPDATE derived SET held_until = 1 WHERE key = 'a'";
    scene.world.tamper(rested).await;
    let _third = run(&other, &scene.derived, restful());
    scene.figure_becomes("a", 4).await;
    scene.settled().await;
}

async fn what_is_due_is_recomputed_without_a_mark(world: World) {
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
    // It stays due, and is marked once.
    scene
        .becomes("SELECT attempts AS n FROM derived WHERE key = 'b'", 2)
        .await;
    assert_eq!(scene.marks("b").await, 1);
    scene
        .world
        .tamper("UPDATE input SET value = 3 WHERE key = 'b'")
        .await;
    scene.figure_becomes("b", 6).await;
    scene.settled().await;
}

async fn what_is_due_does_not_wait_for_marks_to_cease(world: World) {
    let scene = Scene::new(world).await;
    scene.set(&[("a", 1)]).await;
    scene.world.tamper("INSERT INTO input VALUES ('b', 2)").await;
    let due = Arc::new(Mutex::new(Vec::new()));
    let _runner = scene.run(Double {
        due: due.clone(),
        restless: true,
        ..Double::default()
    });
    scene.figure_becomes("a", 2).await;
    due.lock().unwrap().push("b".to_owned());
    scene.figure_becomes("b", 4).await;
}

async fn keys_that_are_worked_off_for_the_first_time_are_known(world: World) {
    let scene = Scene::new(world).await;
    let (kind, mut entries, permits) = gated();
    let _runner = scene.run(kind);
    scene.set(&[("a/1", 1)]).await;
    next(&mut entries).await;
    let known = async |prefix| keys_taken(scene.world.db.reader(), KIND, prefix).await.unwrap();
    assert_eq!(known("a/").await, ["a/1"]);
    permits.add_permits(1);
    scene.figure_becomes("a/1", 2).await;
    for (prefix, keys) in [("a/", 1), ("a", 1), ("a/1", 1), ("a/1/", 0), ("b", 0), ("A", 0)] {
        assert_eq!(known(prefix).await.len(), keys, "{prefix}");
    }
}

async fn marks_of_the_release_before_are_worked_off(world: World) {
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
        // A process of the release before has its hand on one of them.
        let txn = scene.world.db.begin().await.unwrap();
        let update = "UPDATE dirty SET year = year WHERE part = 'a'";
        txn.execute_unprepared(update).await.unwrap();
        held = Some(txn);
    }
    let _runner = scene.run(Double {
        older: Some(Older {
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
async fn two_replicas_share_the_work_and_never_do_a_key_at_once() {
    let scene = Scene::new(World::new(Store::Postgres, crate::world::Broker::Memory).await).await;
    let other = scene.world.replica().await;
    let at_work = Arc::new(Mutex::new(Vec::new()));
    let runner = |replica: &Replica| {
        let (kind, entries, permits) = gated();
        let kind = Double {
            at_work: at_work.clone(),
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
    // Each is at work while the other is.
    let (one, two) = tokio::join!(next(&mut of_first), next(&mut of_second));
    assert!(one.iter().all(|key| !two.contains(key)), "{one:?} and {two:?}");
    // What is marked again while it is at work is left to whoever has it; the others are not.
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
