//! The guarantees that must hold when processes and servers are killed at any step.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use prima_platform::{caller::Role, clock::Clock, testing::eventually, token::Signer};
use prima_proto::{ranking::v1::LeagueRow, survey::v1::SubmitResponsesRequest};
use prima_tests::{
    Cluster, DEADLINE, Suite,
    client::Client,
    process::{Command, Process, Service},
    sample,
};
use tokio::task::JoinHandle;

/// Submits responses until it is stopped. Each one is repeated until it is acknowledged.
struct Citizens {
    stop: Arc<AtomicBool>,
    next: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Citizens {
    fn start(client: &Client, survey: &str) -> Self {
        let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..8)
            .map(|_| {
                let (stop, next) = (stop.clone(), next.clone());
                let (mut client, survey) = (client.clone(), survey.to_owned());
                #[expect(clippy::disallowed_methods, reason = "awaited by `finish`")]
                tokio::spawn(async move {
                    while !stop.load(Ordering::SeqCst) {
                        let n = next.fetch_add(1, Ordering::SeqCst);
                        while let Err(status) = client
                            .submit(&survey, &format!("r-{n}"), sample::response(n))
                            .await
                        {
                            let code = status.code();
                            assert!(
                                matches!(
                                    code,
                                    tonic::Code::Unavailable
                                        | tonic::Code::Unknown
                                        | tonic::Code::Cancelled
                                        | tonic::Code::Internal
                                        | tonic::Code::ResourceExhausted
                                ),
                                "{status:?}"
                            );
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                })
            })
            .collect();
        Self { stop, next, tasks }
    }

    /// Waits until `count` more responses have begun.
    async fn more(&self, count: usize) {
        let goal = self.next.load(Ordering::SeqCst) + count;
        let met = eventually(DEADLINE, || async {
            (self.next.load(Ordering::SeqCst) >= goal).then_some(())
        });
        met.await.expect("responses continue");
    }

    /// Stops when every begun response was acknowledged, and returns how many there are.
    async fn finish(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            tokio::time::timeout(DEADLINE, task)
                .await
                .expect("acknowledged in time")
                .unwrap();
        }
        self.next.load(Ordering::SeqCst)
    }
}

fn shown(rows: Vec<LeagueRow>) -> Vec<LeagueRow> {
    rows.into_iter()
        .map(|row| LeagueRow { version: 0, ..row })
        .collect()
}

/// Asserts that every acknowledged response is counted once, that the bus contains what the outbox contains, and that
/// the tables equal a rebuild.
async fn converged(suite: &Suite, survey: &str, count: usize) {
    let cluster = &suite.cluster;
    let mut client = suite.client.clone();
    let stored = cluster.number("SELECT count(*) FROM survey.response").await;
    assert_eq!(stored, i64::try_from(count).unwrap(), "responses stored");
    let result = client.result(survey).await;
    assert_eq!(result.respondents, stored, "respondents counted");
    let kept_back = result.respondents - result.disclosed_respondents;
    assert_eq!(kept_back, 0, "{kept_back} answers are not released");
    let disclosed: Vec<i64> = result.elements.iter().map(|e| e.answers).collect();
    assert_eq!(
        disclosed, [result.disclosed_respondents; 9],
        "answers disclosed per element"
    );
    let mut totals = BTreeMap::new();
    for element in sample::ELEMENTS {
        let text = format!(
            "SELECT c1 + 2 * c2 + 3 * c3 + 4 * c4 FROM survey.survey_element e
             JOIN survey.survey s ON s.id = e.survey_id WHERE s.name = '{survey}' AND element = '{element}'"
        );
        totals.insert(element.to_owned(), cluster.number(&text).await);
    }
    assert_eq!(totals, sample::totals(0..count), "sums per element");
    // The agency's score is recomputed with a delay, so wait for its last value before comparing.
    let quiet = eventually(DEADLINE, || async {
        let waiting = "SELECT (SELECT count(*) FROM survey.survey_delta)
                            + (SELECT count(*) FROM survey.derived_mark)";
        (cluster.number(waiting).await == 0).then_some(())
    });
    quiet.await.expect("agencies recomputed");
    cluster.settle("survey").await;
    cluster.settle("directory").await;
    let fresh = cluster
        .command(Service::Ranking)
        .database(&cluster.fresh_database().await)
        .start()
        .await;
    fresh.wait_ready().await;
    let rebuilt = Client::new(&suite.directory.url(), &suite.survey.url(), &fresh.url(), "");
    for cohort in ["dpmptsp", "dpmptsp.32", "kota"] {
        let same = eventually(DEADLINE, || {
            let (mut client, mut rebuilt) = (client.clone(), rebuilt.clone());
            async move {
                let here = shown(client.table(cohort).await.ok()?);
                let there = shown(rebuilt.table(cohort).await.ok()?);
                (here == there && here[0].respondents == stored).then_some(())
            }
        });
        if same.await.is_none() {
            let (here, there) = (client.table(cohort).await, rebuilt.clone().table(cohort).await);
            panic!("{cohort} differs from a rebuild: {here:?} / {there:?}, {stored} responses");
        }
    }
    // A consumer reports a refilled stream as followed only a moment after the last state.
    let current = eventually(DEADLINE, || {
        let mut client = client.clone();
        async move { (!client.freshness().await.stale).then_some(()) }
    });
    current.await.expect("the tables are current again");
}

async fn begin() -> (Suite, String, Citizens) {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let survey = client.create_survey(&unit, "2024-q3").await;
    let citizens = Citizens::start(&client, &survey);
    citizens.more(50).await;
    (suite, survey, citizens)
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_survey_loses_and_doubles_nothing() {
    let (mut suite, survey, citizens) = begin().await;
    for _ in 0..4 {
        suite.survey.restart().await;
        citizens.more(60).await;
    }
    let count = citizens.finish().await;
    converged(&suite, &survey, count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_ranking_changes_no_table() {
    let (mut suite, survey, citizens) = begin().await;
    for _ in 0..3 {
        suite.ranking.restart().await;
        citizens.more(60).await;
    }
    let count = citizens.finish().await;
    converged(&suite, &survey, count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_nats_loses_nothing() {
    let (mut suite, survey, citizens) = begin().await;
    for _ in 0..3 {
        suite.cluster.nats.kill();
        citizens.more(60).await;
        suite.cluster.nats.restart();
        citizens.more(60).await;
    }
    let count = citizens.finish().await;
    converged(&suite, &survey, count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_lost_its_storage_is_filled_again() {
    let (mut suite, survey, citizens) = begin().await;
    suite.cluster.nats.kill();
    suite.cluster.nats.wipe_storage();
    citizens.more(30).await;
    suite.cluster.nats.restart();
    citizens.more(60).await;
    let count = citizens.finish().await;
    converged(&suite, &survey, count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_relay_writes_nothing_old_over_new() {
    let (mut suite, survey, citizens) = begin().await;
    let second = suite.cluster.serve(Service::Survey).await;
    // The first replica has the lease of the relay; the citizens continue with the second replica.
    let count_before = citizens.finish().await;
    suite.client = Client::new(
        &suite.directory.url(),
        &second.url(),
        &suite.ranking.url(),
        &suite.cluster.admin(),
    );
    let client = suite.client.clone();
    suite.survey.pause();
    let stop = count_before + 100;
    for n in count_before..stop {
        let mut client = client.clone();
        client
            .submit(&survey, &format!("r-{n}"), sample::response(n))
            .await
            .unwrap();
    }
    // The second replica takes over the relay when the lease expires.
    suite.cluster.settle("survey").await;
    suite.survey.resume();
    for n in stop..stop + 50 {
        let mut client = client.clone();
        client
            .submit(&survey, &format!("r-{n}"), sample::response(n))
            .await
            .unwrap();
    }
    converged(&suite, &survey, stop + 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_bus_down_survey_accepts_and_ranking_serves_its_snapshot() {
    let (mut suite, survey, citizens) = begin().await;
    let count = citizens.finish().await;
    converged(&suite, &survey, count).await;
    let mut client = suite.client.clone();
    let before = client.table("dpmptsp").await.unwrap();
    let saved = eventually(DEADLINE, || async {
        let newest = "SELECT count(*) FROM ranking.snapshot WHERE subject LIKE '%.score.skm.%'";
        (suite.cluster.number(newest).await == 2).then_some(())
    });
    saved.await.expect("the snapshot is written");
    suite.cluster.nats.kill();
    suite.survey.restart().await;
    suite.ranking.restart().await;
    suite.ranking.wait_ready().await;
    for n in count..count + 20 {
        client
            .submit(&survey, &format!("r-{n}"), sample::response(n))
            .await
            .unwrap();
    }
    assert_eq!(
        client.result(&survey).await.respondents,
        i64::try_from(count + 20).unwrap()
    );
    let during = client.table("dpmptsp").await.unwrap();
    assert_eq!(during[0].respondents, before[0].respondents, "the snapshot");
    assert!(client.freshness().await.stale, "and reports that it is stale");
    suite.cluster.nats.restart();
    converged(&suite, &survey, count + 20).await;
}

/// Starts survey so that it ends at the fail point `point`, which unfinished work may reach even before it serves;
/// submits until it has ended; then starts it without the fail point and continues.
async fn crash_at(suite: &mut Suite, survey: &str, point: &str, from: usize) -> usize {
    suite
        .survey
        .set("PRIMA_FAILPOINTS", Some(&format!("{point}=exit")));
    suite.survey.relaunch();
    let citizens = Citizens::start_from(&suite.client, survey, from);
    assert_eq!(suite.survey.wait().await, 137, "survey passes {point}");
    suite.survey.restart_with("PRIMA_FAILPOINTS", None).await;
    citizens.more(20).await;
    citizens.finish().await
}

impl Citizens {
    fn start_from(client: &Client, survey: &str, from: usize) -> Self {
        let citizens = Self::start(client, survey);
        citizens.next.fetch_max(from, Ordering::SeqCst);
        citizens
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_steps_loses_and_doubles_nothing() {
    let (mut suite, survey, citizens) = begin().await;
    let mut count = citizens.finish().await;
    for point in [
        "intake.shared",
        "intake.inserted",
        "intake.added",
        "intake.committed",
        "results.locked",
        "results.staged",
        "derived.taken",
        "derived.recomputed",
        "derived.committed",
        "relay.read",
        "relay.published",
        "relay.marked",
    ] {
        count = crash_at(&mut suite, &survey, point, count).await;
    }
    converged(&suite, &survey, count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_end_of_an_import_leaves_nothing_of_it_waiting() {
    let mut suite = Suite::in_steps().await;
    let unit = suite.client.unit("32", "3271").await;
    let survey = suite.client.create_survey(&unit, "2024-q3").await;
    let point = Some("results.import_ended=exit");
    suite.survey.restart_with("PRIMA_FAILPOINTS", point).await;
    suite.survey.wait_ready().await;
    let rows = (0..12).map(|n| SubmitResponsesRequest {
        survey: survey.clone(),
        response_id: format!("r-{n}"),
        response: Some(sample::response(n)),
        ..Default::default()
    });
    let rows = tokio_stream::iter(rows.collect::<Vec<_>>());
    assert!(suite.client.survey.submit_responses(rows).await.is_err());
    assert_eq!(suite.survey.wait().await, 137);
    suite.survey.restart_with("PRIMA_FAILPOINTS", None).await;
    suite.survey.wait_ready().await;
    let result = suite.client.result(&survey).await;
    assert_eq!((result.counted, result.pending), (12, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_worker_applies_each_unit_once() {
    let cluster = Cluster::start().await;
    let directory = cluster.serve(Service::Directory).await;
    let mut survey: Process = cluster.serve(Service::Survey).await;
    let ranking = cluster.serve(Service::Ranking).await;
    let mut client = Client::new(&directory.url(), &survey.url(), &ranking.url(), &cluster.admin());
    for (point, province, city) in [
        ("worker.applied", "32", "3271"),
        ("worker.committed", "33", "3371"),
    ] {
        survey.set("PRIMA_FAILPOINTS", Some(&format!("{point}=exit")));
        survey.relaunch();
        client.unit(province, city).await;
        assert_eq!(survey.wait().await, 137, "survey passes {point}");
        survey.restart_with("PRIMA_FAILPOINTS", None).await;
        let known = eventually(DEADLINE, || async {
            let sql = format!("SELECT count(*) FROM survey.directory_unit WHERE agency = '{city}'");
            (cluster.number(&sql).await == 1).then_some(())
        });
        known.await.expect("the unit is confirmed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_embedded_run_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let signer = Signer::generate().unwrap();
    let now = Clock::system().now();
    let token = signer
        .sign(
            "test",
            &[Role::Admin],
            &["*".into()],
            now,
            chrono::Duration::hours(1),
        )
        .unwrap();
    let mut up = Command::new(Service::Up)
        .data(dir.path())
        .env("PRIMA_AUTH__PUBLIC_KEY", signer.public_key())
        .start()
        .await;
    let mut client = Client::new(&up.url(), &up.url(), &up.url(), &token);
    let unit = client.unit("32", "3271").await;
    let survey = client.create_survey(&unit, "2024-q3").await;
    let citizens = Citizens::start(&client, &survey);
    for _ in 0..3 {
        citizens.more(60).await;
        up.restart().await;
    }
    citizens.more(60).await;
    let count = citizens.finish().await;
    client.close(&survey).await;
    let result = client.result(&survey).await;
    assert_eq!(result.respondents, i64::try_from(count).unwrap());
    let totals: BTreeMap<String, i64> = result.elements.iter().map(|e| (e.key.clone(), e.total)).collect();
    assert_eq!(totals, sample::totals(0..count));
    for cohort in ["dpmptsp", "kota"] {
        let ranked = eventually(DEADLINE, || {
            let (mut client, index) = (client.clone(), result.index.clone());
            async move {
                let rows = client.table(cohort).await.ok()?;
                rows.first()
                    .filter(|row| row.rank == 1 && row.score == index)
                    .map(|_| ())
            }
        });
        assert!(
            ranked.await.is_some(),
            "{cohort}: {:?}",
            client.table(cohort).await
        );
    }
    assert_eq!(up.stop().await, 0, "a clean end");
}
