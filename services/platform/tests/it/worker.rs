//! Workers, on every database and every bus.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use prima_platform::{
    bus::{
        Bus, Connection, ConsumerInfo, Delivery, Error, Event, Follow, Head, Job, Owner, Question, Settle,
        StreamInfo, Verdict, Work,
    },
    clock::Clock,
    consume::{Handler, HandlerError, Source, Worker, dead_letters, dead_letters_retry},
    db::{Txn, sql},
    testing::{eventually, nats::Nats},
};
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::watch;

use crate::{
    half_open::forget_blocked_connection,
    world::{Broker, LONG, Replica, Running, SERVICE, Store, World, event, matrix, on_jetstream},
};

matrix!(
    each_version_is_applied_once_by_one_of_the_replicas,
    states_delivered_twice_and_out_of_order_are_applied_once_and_in_order,
    a_state_that_failed_transiently_is_applied_later,
    a_state_that_can_never_be_applied_is_a_dead_letter_until_a_release_can,
    a_dead_letter_is_tried_again_on_request,
    a_newer_version_clears_a_dead_letter,
    a_dead_letter_older_than_the_applied_state_is_cleared,
    a_recreated_stream_is_read_from_the_beginning,
    a_database_that_lost_its_position_gets_all_states_again,
    a_database_restored_from_an_older_backup_gets_the_missing_states,
    a_raised_revision_applies_all_states_again,
    a_restarted_worker_continues_at_its_position,
    replicas_of_an_idle_worker_do_not_disturb_each_other,
    a_worker_waits_for_its_stream,
);

/// Handler that writes every state into the table `applied`.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) revision: i64,
    pub(crate) filters: &'static [&'static str],
    /// Whether it can apply payloads that begin with `odd`.
    applies_odd: Arc<AtomicBool>,
    /// How many more times the database fails.
    failures: Arc<AtomicU64>,
    committed: Arc<AtomicBool>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            revision: 1,
            filters: &["prima.survey.>"],
            applies_odd: Arc::default(),
            failures: Arc::default(),
            committed: Arc::default(),
        }
    }
}

#[async_trait]
impl Handler for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }
    fn revision(&self) -> i64 {
        self.revision
    }
    fn source(&self) -> Source {
        Source::new(SERVICE, self.filters)
    }
    async fn handle(&self, txn: &Txn, delivery: &Delivery) -> Result<(), HandlerError> {
        let event = &delivery.event;
        if event.payload.starts_with(b"unstorable") {
            let text = "INSERT INTO applied (subject, version, payload) VALUES (NULL, 1, NULL)";
            txn.execute_raw(sql(txn, text, [])).await?;
        }
        let text = "INSERT INTO applied (subject, version, payload) VALUES ($1, $2, $3)";
        let values = [
            event.subject.clone().into(),
            event.version.into(),
            event.payload.clone().into(),
        ];
        txn.execute_raw(sql(txn, text, values)).await?;
        if event.payload.starts_with(b"odd") && !self.applies_odd.load(Ordering::SeqCst) {
            return Err(HandlerError::Permanent("odd".into()));
        }
        let left = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return Err(HandlerError::Db(DbErr::Custom(
                "the database is elsewhere".into(),
            )));
        }
        Ok(())
    }
    fn committed(&self) {
        self.committed.store(true, Ordering::SeqCst);
    }
}

pub(crate) fn work(replica: &Replica, bus: &Arc<dyn Bus>, handler: Recorder) -> Running {
    work_comparing(replica, bus, handler, Duration::from_secs(600))
}

/// Starts a worker with this interval of comparisons.
pub(crate) fn work_comparing(
    replica: &Replica,
    bus: &Arc<dyn Bus>,
    handler: Recorder,
    every: Duration,
) -> Running {
    let worker = Worker::new(replica.db.clone(), bus.clone(), Clock::system(), handler);
    let worker = worker.compare_every(every);
    Running::spawn(|stop| worker.run(stop))
}

/// The applied states, in order.
pub(crate) async fn applied(replica: &Replica) -> Vec<(String, i64, String)> {
    let reader = replica.db.reader();
    let text = "SELECT subject, version, payload FROM applied ORDER BY id";
    let rows = reader.query_all_raw(sql(reader, text, [])).await.unwrap();
    let row = |row: &sea_orm::QueryResult| {
        let payload: Vec<u8> = row.try_get("", "payload").unwrap();
        let subject: String = row.try_get("", "subject").unwrap();
        let name = subject.strip_prefix("prima.survey.").unwrap().to_owned();
        (
            name,
            row.try_get("", "version").unwrap(),
            String::from_utf8(payload).unwrap(),
        )
    };
    rows.iter().map(row).collect()
}

fn applied_once(applied: &[(String, i64, String)]) {
    let mut newest = BTreeMap::new();
    for (subject, version, _) in applied {
        let before = newest.insert(subject, version);
        assert!(
            before.is_none_or(|before| before < version),
            "{subject}: {version} after {before:?}"
        );
    }
}

/// Waits until exactly these payloads have been applied, in any order.
pub(crate) async fn have_been_applied(replica: &Replica, payloads: &[&str]) {
    let mut wanted: Vec<_> = payloads.iter().map(|p| (*p).to_owned()).collect();
    wanted.sort();
    let found = async || {
        let mut found: Vec<_> = applied(replica)
            .await
            .into_iter()
            .map(|(_, _, payload)| payload)
            .collect();
        found.sort();
        found
    };
    if eventually(LONG, || async { (found().await == wanted).then_some(()) })
        .await
        .is_none()
    {
        assert_eq!(found().await, wanted);
    }
}

async fn letters(replica: &Replica) -> BTreeSet<(String, i64)> {
    let reader = replica.db.reader();
    let rows = reader
        .query_all_raw(sql(reader, "SELECT subject, version FROM dead_letter", []))
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            (
                row.try_get("", "subject").unwrap(),
                row.try_get("", "version").unwrap(),
            )
        })
        .collect()
}

pub(crate) async fn letters_become(replica: &Replica, wanted: &[(&str, i64)]) {
    let wanted: BTreeSet<_> = wanted
        .iter()
        .map(|(name, version)| (format!("prima.survey.{name}"), *version))
        .collect();
    if eventually(LONG, || async {
        (letters(replica).await == wanted).then_some(())
    })
    .await
    .is_none()
    {
        assert_eq!(letters(replica).await, wanted);
    }
}

/// Waits until all states on the bus have been acknowledged.
pub(crate) async fn acknowledged_all(bus: &Arc<dyn Bus>, revision: i64) {
    let done = eventually(LONG, || async {
        let last = bus.stream(SERVICE).await.ok()??.last_sequence;
        bus.acknowledged(SERVICE, &format!("recorder-r{revision}"))
            .await
            .ok()?
            .filter(|at| *at >= last)
    });
    done.await.expect("not acknowledged");
}

/// A bus that counts how workers join, and may deliver out of order.
struct Spy {
    inner: Arc<dyn Bus>,
    joins: AtomicU64,
    restarts: AtomicU64,
    checks: AtomicU64,
    scramble: bool,
}

impl Spy {
    fn on(inner: &Arc<dyn Bus>, scramble: bool) -> Arc<Self> {
        let inner = inner.clone();
        Arc::new(Self {
            inner,
            joins: 0.into(),
            restarts: 0.into(),
            checks: 0.into(),
            scramble,
        })
    }
}

#[async_trait]
impl Bus for Spy {
    async fn ensure_stream(&self, service: &str) -> Result<StreamInfo, Error> {
        self.inner.ensure_stream(service).await
    }
    async fn stream(&self, service: &str) -> Result<Option<StreamInfo>, Error> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.inner.stream(service).await
    }
    async fn set_complete(&self, service: &str) -> Result<(), Error> {
        self.inner.set_complete(service).await
    }
    async fn publish(&self, service: &str, event: &Event, expected: u64) -> Result<u64, Error> {
        self.inner.publish(service, event, expected).await
    }
    async fn last(&self, service: &str, subject: &str) -> Result<Option<Head>, Error> {
        self.inner.last(service, subject).await
    }
    async fn heads(&self, service: &str) -> Result<BoxStream<'static, Result<Head, Error>>, Error> {
        self.inner.heads(service).await
    }
    async fn follow_after(
        &self,
        service: &str,
        filters: &[String],
        after: u64,
    ) -> Result<Box<dyn Follow>, Error> {
        self.inner.follow_after(service, filters, after).await
    }
    async fn stored(&self, service: &str, sequence: u64) -> Result<Option<i64>, Error> {
        self.inner.stored(service, sequence).await
    }
    async fn work(
        &self,
        service: &str,
        name: &str,
        filters: &[String],
        restart: bool,
    ) -> Result<Box<dyn Work>, Error> {
        self.joins.fetch_add(1, Ordering::SeqCst);
        self.restarts.fetch_add(u64::from(restart), Ordering::SeqCst);
        let inner = self.inner.work(service, name, filters, restart).await?;
        Ok(if self.scramble {
            Box::new(Scrambled {
                inner,
                earlier: Vec::new(),
            })
        } else {
            inner
        })
    }
    async fn consumer(&self, service: &str, name: &str) -> Result<Option<ConsumerInfo>, Error> {
        self.inner.consumer(service, name).await
    }
    async fn fetch(&self, service: &str, subject: &str) -> Result<Option<Delivery>, Error> {
        self.inner.fetch(service, subject).await
    }
    async fn claim(&self, service: &str, owner: &Owner) -> Result<(), Error> {
        self.inner.claim(service, owner).await
    }
    async fn ask(&self, service: &str, holder: &str) -> Result<Option<String>, Error> {
        self.inner.ask(service, holder).await
    }
    async fn questions(&self, service: &str) -> Result<BoxStream<'static, Question>, Error> {
        self.inner.questions(service).await
    }
    fn connection(&self) -> watch::Receiver<Connection> {
        self.inner.connection()
    }
}

/// Delivers every state twice, the second time after later ones.
struct Scrambled {
    inner: Box<dyn Work>,
    earlier: Vec<Delivery>,
}

#[async_trait]
impl Work for Scrambled {
    async fn next(&mut self, limit: usize) -> Result<Vec<Job>, Error> {
        let mut jobs = self.inner.next(limit.min(3)).await?;
        jobs.reverse();
        let now: Vec<Delivery> = jobs.iter().map(|job| job.delivery.clone()).collect();
        let again = std::mem::replace(&mut self.earlier, now).into_iter();
        jobs.extend(again.map(|delivery| Job {
            delivery,
            attempt: 2,
            settle: Box::new(Unheard),
        }));
        Ok(jobs)
    }
}

struct Unheard;

#[async_trait]
impl Settle for Unheard {
    async fn settle(self: Box<Self>, _: Verdict) -> Result<(), Error> {
        Ok(())
    }
}

async fn each_version_is_applied_once_by_one_of_the_replicas(world: World) {
    const SUBJECTS: usize = 40;
    const LAST: i64 = 8;
    world.bus.ensure_stream(SERVICE).await.unwrap();
    let other = world.replica().await;
    let _left = work(&world, &world.bus, Recorder::default());
    let _right = work(&other, &other.bus, Recorder::default());
    let mut sequences = vec![0; SUBJECTS];
    for version in 1..=LAST {
        for (i, sequence) in sequences.iter_mut().enumerate() {
            let event = event(SERVICE, &format!("s{i}"), version, &format!("{version}"));
            *sequence = world.bus.publish(SERVICE, &event, *sequence).await.unwrap();
        }
    }
    acknowledged_all(&world.bus, 1).await;
    let applied = applied(&world).await;
    applied_once(&applied);
    assert_eq!(
        applied.iter().filter(|(_, version, _)| *version == LAST).count(),
        SUBJECTS
    );
}

async fn states_delivered_twice_and_out_of_order_are_applied_once_and_in_order(world: World) {
    world.bus.ensure_stream(SERVICE).await.unwrap();
    let bus: Arc<dyn Bus> = Spy::on(&world.bus, true);
    let _worker = work(&world, &bus, Recorder::default());
    for version in 1..=12 {
        for name in ["a", "b", "c"] {
            world
                .publish(SERVICE, name, version, &format!("{name}{version}"))
                .await;
        }
    }
    acknowledged_all(&world.bus, 1).await;
    let applied = applied(&world).await;
    applied_once(&applied);
    assert_eq!(applied.iter().filter(|(_, version, _)| *version == 12).count(), 3);
}

async fn a_state_that_failed_transiently_is_applied_later(world: World) {
    let handler = Recorder {
        failures: Arc::new(4.into()),
        ..Recorder::default()
    };
    for name in ["a", "b"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let _worker = work(&world, &world.bus, handler.clone());
    have_been_applied(&world, &["a", "b"]).await;
    acknowledged_all(&world.bus, 1).await;
    assert_eq!(handler.failures.load(Ordering::SeqCst), 0);
    assert!(
        handler.committed.load(Ordering::SeqCst),
        "the relay would not have been woken"
    );
    letters_become(&world, &[]).await;
}

async fn a_state_that_can_never_be_applied_is_a_dead_letter_until_a_release_can(world: World) {
    for (name, payload) in [("a", "plain a"), ("b", "odd b"), ("c", "plain c")] {
        world.publish(SERVICE, name, 1, payload).await;
    }
    let worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["plain a", "plain c"]).await;
    letters_become(&world, &[("b", 1)]).await;
    acknowledged_all(&world.bus, 1).await;
    worker.stop().await;
    // The same release can't apply it either.
    let worker = work(&world, &world.bus, Recorder::default());
    world.publish(SERVICE, "d", 1, "plain d").await;
    have_been_applied(&world, &["plain a", "plain c", "plain d"]).await;
    letters_become(&world, &[("b", 1)]).await;
    worker.stop().await;
    let handler = Recorder {
        applies_odd: Arc::new(true.into()),
        ..Recorder::default()
    };
    let _worker = work(&world, &world.bus, handler.clone());
    have_been_applied(&world, &["plain a", "plain c", "plain d", "odd b"]).await;
    letters_become(&world, &[]).await;
    assert!(handler.committed.load(Ordering::SeqCst));
}

async fn a_dead_letter_is_tried_again_on_request(world: World) {
    world.publish(SERVICE, "a", 1, "odd").await;
    let handler = Recorder::default();
    let _worker = work(&world, &world.bus, handler.clone());
    letters_become(&world, &[("a", 1)]).await;
    handler.applies_odd.store(true, Ordering::SeqCst);
    assert_eq!(dead_letters_retry(&world.db).await.unwrap(), 1);
    have_been_applied(&world, &["odd"]).await;
    letters_become(&world, &[]).await;
    assert!(dead_letters(&world.db).await.unwrap().is_empty());
}

async fn a_newer_version_clears_a_dead_letter(world: World) {
    world.publish(SERVICE, "a", 1, "odd").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    letters_become(&world, &[("a", 1)]).await;
    world.publish(SERVICE, "a", 2, "odd still").await;
    letters_become(&world, &[("a", 2)]).await;
    world.publish(SERVICE, "a", 3, "plain").await;
    have_been_applied(&world, &["plain"]).await;
    letters_become(&world, &[]).await;
}

async fn a_dead_letter_older_than_the_applied_state_is_cleared(world: World) {
    world.publish(SERVICE, "a", 5, "plain").await;
    let worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["plain"]).await;
    worker.stop().await;
    // Another replica was slow to store an older state as a dead letter.
    let blob = if world.db.backend() == sea_orm::DbBackend::Postgres {
        "''::bytea"
    } else {
        "x''"
    };
    let columns = "(consumer, subject, version, type, payload, withdrawn, reason, failed_at)";
    let values = format!("('recorder', 'prima.survey.a', 4, 'test', {blob}, 0, 'odd', 0)");
    world
        .tamper(&format!("INSERT INTO dead_letter {columns} VALUES {values}"))
        .await;
    let _worker = work(
        &world,
        &world.bus,
        Recorder {
            applies_odd: Arc::new(true.into()),
            ..Recorder::default()
        },
    );
    letters_become(&world, &[]).await;
    have_been_applied(&world, &["plain"]).await;
}

async fn a_recreated_stream_is_read_from_the_beginning(mut world: World) {
    for name in ["a", "b", "c", "d"] {
        world.publish(SERVICE, name, 1, &format!("{name}1")).await;
    }
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1", "b1", "c1", "d1"]).await;
    acknowledged_all(&world.bus, 1).await;
    world.lose_the_bus();
    // The owner fills it again, in another order, with one change and one new subject.
    let there = eventually(LONG, || async { world.bus.ensure_stream(SERVICE).await.ok() });
    there.await.expect("the bus comes back");
    for (name, version) in [("e", 1), ("a", 2), ("b", 1), ("c", 1), ("d", 1)] {
        world
            .publish(SERVICE, name, version, &format!("{name}{version}"))
            .await;
    }
    have_been_applied(&world, &["a1", "b1", "c1", "d1", "a2", "e1"]).await;
    acknowledged_all(&world.bus, 1).await;
    applied_once(&applied(&world).await);
}

async fn a_database_that_lost_its_position_gets_all_states_again(world: World) {
    for name in ["a", "b"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a", "b"]).await;
    acknowledged_all(&world.bus, 1).await;
    worker.stop().await;
    for table in ["consumed", "applied"] {
        world.tamper(&format!("DELETE FROM {table}")).await;
    }
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a", "b"]).await;
}

async fn a_database_restored_from_an_older_backup_gets_the_missing_states(world: World) {
    world.publish(SERVICE, "a", 1, "a1").await;
    world.publish(SERVICE, "b", 1, "b1").await;
    let worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1", "b1"]).await;
    acknowledged_all(&world.bus, 1).await;
    worker.stop().await;
    world.publish(SERVICE, "c", 1, "c1").await;
    world.publish(SERVICE, "a", 2, "a2").await;
    let worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1", "b1", "c1", "a2"]).await;
    acknowledged_all(&world.bus, 1).await;
    worker.stop().await;
    // The backup is older than the second run.
    world
        .tamper("DELETE FROM applied WHERE version = 2 OR subject LIKE '%.c'")
        .await;
    world
        .tamper("DELETE FROM consumed WHERE subject LIKE '%.c'")
        .await;
    world.tamper("UPDATE consumed SET version = 1").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1", "b1", "c1", "a2"]).await;
}

async fn a_raised_revision_applies_all_states_again(world: World) {
    for name in ["a", "b"] {
        world.publish(SERVICE, name, 1, name).await;
    }
    let worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a", "b"]).await;
    worker.stop().await;
    let raised = Recorder {
        revision: 2,
        ..Recorder::default()
    };
    let worker = work(&world, &world.bus, raised.clone());
    have_been_applied(&world, &["a", "a", "b", "b"]).await;
    acknowledged_all(&world.bus, 2).await;
    worker.stop().await;
    let _worker = work(&world, &world.bus, raised);
    world.publish(SERVICE, "a", 2, "c").await;
    have_been_applied(&world, &["a", "a", "b", "b", "c"]).await;
}

async fn a_restarted_worker_continues_at_its_position(world: World) {
    let handler = Recorder {
        filters: &["prima.survey.score.>", "prima.survey.unit.*"],
        ..Recorder::default()
    };
    world.publish(SERVICE, "result.a", 1, "of another subject").await;
    world.publish(SERVICE, "score.a", 1, "a").await;
    world
        .publish(SERVICE, "unit.odd", 1, "odd, and the last of its subjects")
        .await;
    world.publish(SERVICE, "result.b", 1, "of another subject").await;
    let spy = Spy::on(&world.bus, false);
    let bus: Arc<dyn Bus> = spy.clone();
    for start in 1..=3 {
        let joined = spy.joins.load(Ordering::SeqCst);
        let worker = work(&world, &bus, handler.clone());
        have_been_applied(&world, &["a"]).await;
        letters_become(&world, &[("unit.odd", 1)]).await;
        // Waits until it has checked its idle stream.
        let checked = spy.checks.load(Ordering::SeqCst);
        let idle = eventually(LONG, || async {
            let acknowledged = world.bus.acknowledged(SERVICE, "recorder-r1").await.ok()??;
            let joined = spy.joins.load(Ordering::SeqCst) > joined;
            let checked = spy.checks.load(Ordering::SeqCst) > checked + 1;
            (joined && acknowledged >= 3 && checked).then_some(())
        });
        idle.await.expect("the stream is not checked");
        worker.stop().await;
        assert_eq!(spy.joins.load(Ordering::SeqCst), joined + 1, "start {start}");
        assert_eq!(
            spy.restarts.load(Ordering::SeqCst),
            0,
            "start {start} began from the beginning"
        );
    }
    world.publish(SERVICE, "score.b", 1, "b").await;
    let _worker = work(&world, &bus, handler);
    have_been_applied(&world, &["a", "b"]).await;
}

async fn replicas_of_an_idle_worker_do_not_disturb_each_other(world: World) {
    let handler = Recorder {
        filters: &["prima.survey.score.>"],
        ..Recorder::default()
    };
    for version in 1..=3 {
        world
            .publish(SERVICE, "result.a", version, "of another subject")
            .await;
    }
    let other = world.replica().await;
    let spy = Spy::on(&world.bus, false);
    let bus: Arc<dyn Bus> = spy.clone();
    let _left = work(&world, &bus, handler.clone());
    eventually(LONG, || async {
        (spy.joins.load(Ordering::SeqCst) == 1).then_some(())
    })
    .await
    .expect("the left one joins");
    let _right = work(&other, &bus, handler);
    // Both have joined and checked the idle stream.
    let idle = eventually(LONG, || async {
        (spy.checks.load(Ordering::SeqCst) >= 12).then_some(())
    });
    idle.await.expect("not idle");
    assert_eq!(spy.joins.load(Ordering::SeqCst), 2, "they disturb each other");
    world.publish(SERVICE, "score.a", 1, "a").await;
    have_been_applied(&world, &["a"]).await;
}

async fn a_worker_waits_for_its_stream(world: World) {
    let _worker = work(&world, &world.bus, Recorder::default());
    world.publish(SERVICE, "a", 1, "a").await;
    have_been_applied(&world, &["a"]).await;
}

on_jetstream!(
    a_worker_continues_after_a_restart_of_the_bus,
    a_lost_connection_is_replaced,
    a_deleted_consumer_is_created_again
);

async fn a_worker_continues_after_a_restart_of_the_bus(mut world: World) {
    world.publish(SERVICE, "a", 1, "a1").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1"]).await;
    world.nats.as_mut().map(Nats::kill).unwrap();
    world.nats.as_mut().map(Nats::restart).unwrap();
    let there = eventually(LONG, || async { world.bus.stream(SERVICE).await.ok() });
    there.await.expect("the bus comes back");
    world.publish(SERVICE, "a", 2, "a2").await;
    world.publish(SERVICE, "b", 1, "b1").await;
    have_been_applied(&world, &["a1", "a2", "b1"]).await;
}

async fn a_lost_connection_is_replaced(world: World) {
    let other = world.replica().await;
    other.publish(SERVICE, "a", 1, "a1").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1"]).await;
    world.to_bus.as_ref().unwrap().forget();
    other.publish(SERVICE, "a", 2, "a2").await;
    have_been_applied(&world, &["a1", "a2"]).await;
}

async fn a_deleted_consumer_is_created_again(world: World) {
    world.publish(SERVICE, "a", 1, "a1").await;
    let _worker = work(&world, &world.bus, Recorder::default());
    have_been_applied(&world, &["a1"]).await;
    let client = async_nats::connect(world.nats.as_ref().unwrap().url())
        .await
        .unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("PRIMA_SURVEY")
        .await
        .unwrap();
    assert!(stream.delete_consumer("recorder-r1").await.unwrap().success);
    world.publish(SERVICE, "b", 1, "b1").await;
    have_been_applied(&world, &["a1", "b1"]).await;
    assert!(
        tokio::time::timeout(Duration::from_secs(5), stream.consumer_info("recorder-r1"))
            .await
            .unwrap()
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_of_the_database_that_never_comes_times_out() {
    let world = World::new(Store::Postgres, Broker::Memory).await;
    let other = world.replica().await;
    let _worker = work(&world, &world.bus, Recorder::default());
    world.publish(SERVICE, "a", 1, "a1").await;
    have_been_applied(&other, &["a1"]).await;
    let publish = world.publish(SERVICE, "a", 2, "a2");
    forget_blocked_connection(&world, &other, "LOCK TABLE applied", publish).await;
    // The lost session keeps its locks for twenty seconds.
    have_been_applied(&other, &["a1", "a2"]).await;
}
