//! Commands: repeated requests, races, failures, staged states, etags.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::Clock,
    command::{App, Command, IdempotencyKey, Work, perform, run},
    config::Config,
    db::sql,
    derived::Derived,
    etag,
    failure::{Failure, found},
    grpc::Watchers,
    id::Ids,
    lifecycle::Tasks,
    outbox::{MAX_PAYLOAD, State},
    request::{self, Faults},
    service::Context,
    testing::served::{by, faults, refused},
};
use prima_proto::access::{About, Grant, Needs, Protected, Rule, v1::Caller as Who};
use prost::Message;
use sea_orm::{ConnectionTrait, FromQueryResult};
use tokio::{sync::Barrier, task::JoinSet};
use tonic::{Code, Request, Status};

use crate::world::{Broker, Replica, SERVICE, Store, World};

const TASKS: usize = 12;

/// A service that stores things, one row each.
struct Shelf {
    world: World,
    context: Context,
}

async fn shelf(store: Store) -> Shelf {
    let world = World::new(store, Broker::Memory).await;
    world
        .tamper(
            "CREATE TABLE thing (name VARCHAR(63) PRIMARY KEY, note TEXT NOT NULL, version BIGINT NOT NULL)",
        )
        .await;
    let context = context(&world);
    Shelf { world, context }
}

fn context(replica: &Replica) -> Context {
    let config = Config::default();
    let tasks = Tasks::default();
    let watchers = Watchers::new(1, &config.grpc, tasks.clone());
    Context {
        service: SERVICE,
        config: Arc::new(config),
        db: replica.db.clone(),
        bus: replica.bus.clone(),
        clock: Clock::system(),
        ids: Ids::random(),
        outbox: replica.outbox.clone(),
        derived: Derived::default(),
        tasks,
        watchers,
    }
}

fn operator<T>(message: T) -> Request<T> {
    by(
        Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]),
        message,
    )
}

fn state(name: &str, version: i64, bytes: usize) -> State {
    State {
        subject: format!("prima.{SERVICE}.{name}"),
        event_type: "prima.event.v1.Test",
        revision: 1,
        version,
        withdrawn: false,
        payload: vec![b'x'; bytes],
        traceparent: None,
    }
}

/// Command that stores a thing; its fields control how it runs.
#[derive(Debug, Clone, Default)]
struct Put {
    request_id: String,
    name: String,
    note: String,
    /// States to stage, in this order.
    stage: Vec<&'static str>,
    /// Size of each of them, bytes.
    bytes: usize,
    /// Whether it stores the thing under a generated name, which is always free.
    anywhere: bool,
    /// Whether it is refused after all its work is done.
    fails: bool,
    /// Barrier at which concurrent commands wait for each other, after they have looked up the stored response.
    meet: Option<Arc<Barrier>>,
}

fn put(request_id: &str, name: &str) -> Put {
    Put {
        request_id: request_id.into(),
        name: name.into(),
        stage: vec!["shelf"],
        ..Put::default()
    }
}

macro_rules! protected {
    ($message:ident, $who:ident, $request_id:expr) => {
        impl Protected for $message {
            const RULE: &'static Rule = &Rule {
                method: stringify!($message),
                grants: &[Grant {
                    who: &[Who::$who],
                    needs: Needs::Nothing,
                }],
                condition: "",
                personal: false,
            };

            fn field(&self, _: &str) -> Option<&str> {
                None
            }

            fn about(&self) -> About<'_> {
                let request_id: fn(&Self) -> &str = $request_id;
                About {
                    resource: Some(("name", &self.name)),
                    request_id: request_id(self),
                    purpose: "",
                }
            }
        }
    };
}

protected!(Put, AnyToken, |put| &put.request_id);
protected!(Note, Public, |_| "");
protected!(Lock, Public, |lock| &lock.request_id);

impl Command for Put {
    type App = Context;
    type Message = Self;
    type Answer = String;

    fn parse(message: Self, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id.clone()));
        if message.name.is_empty() {
            faults.add("name", "is required", "wajib diisi");
        }
        faults.build(|| Some(message))
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = format!("{}/{}", self.name, self.note);
        Some(IdempotencyKey::new("test.Put", &self.request_id, &body))
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(&[Role::Operator], "3271")
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<String, Failure> {
        if let Some(meet) = &self.meet {
            meet.wait().await;
        }
        let version = work.next_version(0);
        let text = "INSERT INTO thing (name, note, version) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let name = match self.anywhere {
            true => work.app.ids.next().to_string(),
            false => self.name.clone(),
        };
        let values = [name.into(), self.note.clone().into(), version.into()];
        let done = work.txn.execute_raw(sql(work.txn, text, values)).await?;
        if done.rows_affected() == 0 {
            return Err(Failure::already_exists(&self.name));
        }
        for name in self.stage {
            work.stage(state(name, version, self.bytes));
        }
        if self.fails {
            return Err(Failure::not_found("shelf"));
        }
        Ok(etag::of(version))
    }
}

/// Command that changes the note of a thing.
#[derive(Debug, Clone)]
struct Note {
    name: String,
    etag: String,
    note: String,
}

#[derive(Debug, FromQueryResult)]
struct Version {
    version: i64,
}

impl Command for Note {
    type App = Context;
    type Message = Self;
    type Answer = String;

    fn parse(message: Self, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(message)
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<String, Failure> {
        let text = match work.txn.get_database_backend() {
            sea_orm::DbBackend::Postgres => "SELECT version FROM thing WHERE name = $1 FOR UPDATE",
            _ => "SELECT version FROM thing WHERE name = $1",
        };
        let select = sql(work.txn, text, [self.name.clone().into()]);
        let stored = Version::find_by_statement(select).one(work.txn).await?;
        let Version { version } = found(stored, &self.name)?;
        etag::check(&self.etag, version, &self.name)?;
        let version = work.next_version(version);
        let text = "UPDATE thing SET note = $2, version = $3 WHERE name = $1";
        let values = [self.name.into(), self.note.into(), version.into()];
        work.txn.execute_raw(sql(work.txn, text, values)).await?;
        Ok(etag::of(version))
    }
}

/// A service whose requests contain personal data.
struct Locked(Context);

impl App for Locked {
    fn context(&self) -> &Context {
        &self.0
    }

    fn digest(&self, body: &[u8]) -> Vec<u8> {
        [b"keyed ", body].concat()
    }
}

/// Command that stores a thing and returns a secret; callers with the password are the same requester.
#[derive(Debug, Clone)]
struct Lock {
    request_id: String,
    word: &'static str,
    name: String,
}

const KEY: &str = " opens with 1234";

impl Command for Lock {
    type App = Locked;
    type Message = Self;
    type Answer = String;

    fn parse(message: Self, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(message)
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(IdempotencyKey::new("test.Lock", &self.request_id, &self.name))
    }

    async fn prepare(&mut self, _: &Locked) -> Result<Option<Caller>, Failure> {
        match self.word {
            "sesame" => Ok(Some(Caller::new("sesame".into(), vec![], vec![]))),
            word => Err(Failure::not_found(word)),
        }
    }

    async fn work(self, work: &mut Work<'_, Locked>) -> Result<String, Failure> {
        let text = "INSERT INTO thing (name, note, version) VALUES ($1, '', 1) ON CONFLICT DO NOTHING";
        let insert = sql(work.txn, text, [self.name.clone().into()]);
        if work.txn.execute_raw(insert).await?.rows_affected() == 0 {
            return Err(Failure::already_exists(&self.name));
        }
        Ok(self.name + KEY)
    }

    fn stored(_: &String) -> Cow<'_, String> {
        Cow::Owned("locked".into())
    }

    async fn replay(_: &Locked, body: &[u8], stored: String) -> Result<String, Failure> {
        assert_eq!(stored, "locked");
        Ok(String::decode(body).map_err(Failure::internal)? + KEY)
    }
}

impl Shelf {
    async fn put(&self, put: Put) -> Result<String, Status> {
        run::<Put>(&self.context, operator(put))
            .await
            .map(|answer| answer.into_inner())
    }

    async fn note(&self, name: &str, etag: &str) -> Result<String, Status> {
        let note = Note {
            name: name.into(),
            etag: etag.into(),
            note: "x".into(),
        };
        // Without a token, since this command needs none.
        run::<Note>(&self.context, Request::new(note))
            .await
            .map(|answer| answer.into_inner())
    }

    /// Runs all `puts` concurrently. On a database with several writers, all of them look up the stored response before
    /// the first one writes.
    async fn race(&self, puts: Vec<Put>) -> Vec<Result<String, Status>> {
        let meet = (self.context.db.backend() == sea_orm::DbBackend::Postgres)
            .then(|| Arc::new(Barrier::new(puts.len())));
        let mut tasks = JoinSet::new();
        for put in puts {
            let (context, meet) = (self.context.clone(), meet.clone());
            tasks.spawn(async move {
                let answer = run::<Put>(&context, operator(Put { meet, ..put })).await;
                answer.map(|answer| answer.into_inner())
            });
        }
        tasks.join_all().await
    }

    async fn count(&self, table: &str) -> i64 {
        let reader = self.world.db.reader();
        let text = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {table}");
        let row = reader.query_one_raw(sql(reader, &text, [])).await.unwrap();
        row.unwrap().try_get("", "n").unwrap()
    }
}

async fn a_repeat_gets_the_stored_response_and_changes_nothing(store: Store) {
    let shelf = shelf(store).await;
    let first = shelf.put(put("p1", "cup")).await.unwrap();
    shelf.note("cup", &first).await.unwrap();
    let (before, _) = shelf.world.in_database().await;
    assert_eq!(shelf.put(put("p1", "cup")).await.unwrap(), first);
    assert_eq!(shelf.world.in_database().await.0, before);
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
    // The id belongs to the caller that used it.
    let other = Caller::new("other".into(), vec![Role::Operator], vec!["3271".into()]);
    let taken = run::<Put>(&shelf.context, by(other, put("p1", "cup"))).await;
    refused(taken, Code::AlreadyExists, "ALREADY_EXISTS");
}

async fn a_command_parsed_elsewhere_is_executed_once_too(store: Store) {
    let shelf = shelf(store).await;
    let (context, put) = (&shelf.context, put("p1", "cup"));
    let caller = Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]);
    let once = put.idempotency_key().unwrap();
    let answered = async || once.find::<String>(context, &caller).await.unwrap();
    assert_eq!(answered().await, None);
    let first = perform(context, &caller, None, put.clone()).await.unwrap();
    assert_eq!(answered().await, Some(first.clone()));
    assert_eq!(perform(context, &caller, None, put).await.unwrap(), first);
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
}

async fn an_id_with_another_body_is_refused(store: Store) {
    let shelf = shelf(store).await;
    shelf.put(put("p1", "cup")).await.unwrap();
    let reused = shelf.put(put("p1", "jug")).await;
    refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let again = shelf.put(put("p2", "cup")).await;
    refused(again, Code::AlreadyExists, "ALREADY_EXISTS");
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
}

async fn a_wrong_message_is_refused_before_a_transaction_begins(store: Store) {
    let shelf = shelf(store).await;
    assert_eq!(faults(shelf.put(put("a b", "")).await), ["request_id", "name"]);
    let anonymous = run::<Put>(&shelf.context, Request::new(put("a b", ""))).await;
    refused(anonymous, Code::Unauthenticated, "TOKEN_MISSING");
    let kiosk = Caller::new("kiosk".into(), vec![Role::Intake], vec!["3271".into()]);
    let denied = run::<Put>(&shelf.context, by(kiosk, put("p1", "cup"))).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (0, 0));
}

async fn equal_concurrent_requests_get_one_response(store: Store) {
    let shelf = shelf(store).await;
    // As many as there are connections, so that none of them waits for a connection while the others wait at the
    // barrier.
    let answers = shelf.race(vec![put("p1", "cup"); 6]).await;
    let mut answers: Vec<String> = answers.into_iter().map(Result::unwrap).collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
}

async fn equal_concurrent_requests_without_a_unique_name_get_one_response(store: Store) {
    let shelf = shelf(store).await;
    let anywhere = Put {
        anywhere: true,
        ..put("p1", "cup")
    };
    let answers = shelf.race(vec![anywhere; 6]).await;
    let mut answers: Vec<String> = answers.into_iter().map(Result::unwrap).collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
}

async fn of_many_bodies_with_one_id_one_is_executed(store: Store) {
    let shelf = shelf(store).await;
    let puts = (0..6).map(|n| put("p1", &format!("cup-{n}")));
    let answers = shelf.race(puts.collect()).await;
    let (answered, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(answered.len(), 1);
    for other in others {
        refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
}

async fn of_many_requests_for_one_name_one_succeeds(store: Store) {
    let shelf = shelf(store).await;
    let puts = (0..TASKS).map(|n| put(&format!("p{n}"), "cup"));
    let mut succeeded = 0;
    for half in puts.collect::<Vec<_>>().chunks(6) {
        for answer in shelf.race(half.to_vec()).await {
            match answer {
                Ok(_) => succeeded += 1,
                taken => drop(refused(taken, Code::AlreadyExists, "ALREADY_EXISTS")),
            }
        }
    }
    assert_eq!(succeeded, 1);
    let counts = (shelf.count("thing").await, shelf.count("request").await);
    assert_eq!((counts, shelf.count("outbox").await), ((1, 1), 1));
}

async fn a_failure_leaves_nothing_behind(store: Store) {
    let shelf = shelf(store).await;
    let failing = Put {
        fails: true,
        ..put("p1", "cup")
    };
    refused(shelf.put(failing.clone()).await, Code::NotFound, "NOT_FOUND");
    for table in ["thing", "request", "outbox"] {
        assert_eq!(shelf.count(table).await, 0, "{table}");
    }
    // No response was stored, so the same id can be used again.
    let tried = Put {
        fails: false,
        ..failing
    };
    shelf.put(tried).await.unwrap();
    // A state that can't be staged rolls back the whole command.
    let large = Put {
        bytes: MAX_PAYLOAD + 1,
        ..put("p2", "jug")
    };
    refused(
        shelf.put(large).await,
        Code::FailedPrecondition,
        "STATE_TOO_LARGE",
    );
    assert_eq!((shelf.count("thing").await, shelf.count("request").await), (1, 1));
}

async fn states_are_staged_in_the_order_of_their_keys(store: Store) {
    let shelf = shelf(store).await;
    // Each pair has the same two aggregates in the opposite order: without sorting, they would deadlock.
    for round in 0..20 {
        let stages = [["a", "b"], ["b", "a"]];
        let puts = (0..6).map(|n| Put {
            stage: stages[n % 2].to_vec(),
            ..put(&format!("p{round}-{n}"), &format!("cup-{round}-{n}"))
        });
        for answer in shelf.race(puts.collect()).await {
            answer.unwrap();
        }
    }
    // Of several states of one aggregate the last one is staged.
    let twice = Put {
        stage: vec!["c", "c"],
        ..put("twice", "jug")
    };
    let version = shelf.put(twice).await.unwrap();
    let (states, _) = shelf.world.in_database().await;
    let names: Vec<&str> = states.keys().map(String::as_str).collect();
    let subjects = ["a", "b", "c"].map(|name| format!("prima.{SERVICE}.{name}"));
    assert_eq!(names, subjects);
    assert_eq!(states[&subjects[2]].0.to_string(), version);
}

async fn a_commit_wakes_the_relay(store: Store) {
    let shelf = shelf(store).await;
    let config = prima_platform::config::Relay {
        poll_millis: 3_600_000,
        ..crate::world::relay_config()
    };
    let (relay, _) = shelf.world.relay(config, "relay");
    shelf.put(put("p1", "cup")).await.unwrap();
    shelf.world.synchronised().await;
    shelf.put(put("p2", "jug")).await.unwrap();
    shelf.world.synchronised().await;
    relay.stop().await;
}

async fn an_etag_that_is_not_current_changes_nothing(store: Store) {
    let shelf = shelf(store).await;
    let first = shelf.put(put("p1", "cup")).await.unwrap();
    let second = shelf.note("cup", &format!("\"{first}\"")).await.unwrap();
    refused(shelf.note("cup", &first).await, Code::Aborted, "ETAG_MISMATCH");
    assert_ne!(shelf.note("cup", "").await.unwrap(), second);
    refused(shelf.note("jug", "").await, Code::NotFound, "NOT_FOUND");
    // Of many changes with one etag one succeeds.
    let current = shelf.note("cup", "").await.unwrap();
    let notes = (0..TASKS).map(|_| shelf.note("cup", &current));
    let answers = futures::future::join_all(notes).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

async fn a_secret_is_returned_again_to_the_same_requester_and_is_not_stored(store: Store) {
    let shelf = shelf(store).await;
    let locked = Locked(shelf.context.clone());
    let cup = Lock {
        request_id: "p1".into(),
        word: "sesame",
        name: "cup".into(),
    };
    let wrong = Lock {
        word: "please",
        ..cup.clone()
    };
    let lock = |lock: &Lock| run::<Lock>(&locked, Request::new(lock.clone()));
    refused(lock(&wrong).await, Code::NotFound, "NOT_FOUND");
    let answers = futures::future::join_all((0..6).map(|_| lock(&cup))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().into_inner(), format!("cup{KEY}"));
    }
    // The id belongs to the callers with the password, independent of the token.
    let answer = run::<Lock>(&locked, operator(cup.clone())).await;
    assert_eq!(answer.unwrap().into_inner(), format!("cup{KEY}"));
    refused(lock(&wrong).await, Code::NotFound, "NOT_FOUND");
    let jug = Lock {
        name: "jug".into(),
        ..cup
    };
    refused(lock(&jug).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let reader = shelf.world.db.reader();
    let row = reader.query_one_raw(sql(reader, "SELECT digest, answer FROM request", []));
    let row = row.await.unwrap().unwrap();
    let part = |column: &str| row.try_get::<Vec<u8>>("", column).unwrap();
    assert_eq!(
        part("digest"),
        [b"keyed ".to_vec(), "cup".to_owned().encode_to_vec()].concat()
    );
    assert_eq!(part("answer"), "locked".to_owned().encode_to_vec());
}

/// Runs each case on each database.
macro_rules! on_each_database {
    ($($case:ident),* $(,)?) => {
        on_each_database!(@on sqlite, Sqlite, $($case),*);
        on_each_database!(@on postgres, Postgres, $($case),*);
    };
    (@on $name:ident, $store:ident, $($case:ident),*) => {
        mod $name {
            use crate::world::Store;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(Store::$store).await;
            })*
        }
    };
}

on_each_database!(
    a_repeat_gets_the_stored_response_and_changes_nothing,
    a_command_parsed_elsewhere_is_executed_once_too,
    an_id_with_another_body_is_refused,
    a_wrong_message_is_refused_before_a_transaction_begins,
    equal_concurrent_requests_get_one_response,
    equal_concurrent_requests_without_a_unique_name_get_one_response,
    of_many_bodies_with_one_id_one_is_executed,
    of_many_requests_for_one_name_one_succeeds,
    a_failure_leaves_nothing_behind,
    states_are_staged_in_the_order_of_their_keys,
    a_commit_wakes_the_relay,
    an_etag_that_is_not_current_changes_nothing,
    a_secret_is_returned_again_to_the_same_requester_and_is_not_stored,
);
