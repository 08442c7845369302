//! What must hold for reports when processes and servers are killed, at any step.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use prima_platform::{clock::Clock, testing::eventually};
use prima_proto::{complaint::v1, event::v1::ComplaintPerformanceState};
use prima_tests::{
    Cluster, DEADLINE,
    complaint::{AWAY, HOME, Life, People, Step, UNIT, Watcher, set_length},
    process::{Process, Service},
};
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use super::{ANSWERED, becomes, lines, performance, year};
use Step::{
    Close, Escalate, Forward, Hold, Merge, Rate, Reject, Reopen, Reply, Respond, StartFollowUp,
    StartVerification, Submit, Verify,
};

/// Lives that have every action among them.
const WAYS: [&[Step]; 3] = [
    &[
        Submit,
        StartVerification,
        Hold,
        Reply,
        Forward,
        StartVerification,
        Verify,
        StartFollowUp,
        Respond,
        Close,
        Rate(3),
        Reopen,
        Escalate,
        StartFollowUp,
        Respond,
        Close,
    ],
    &[Submit, StartVerification, Reject],
    &[Submit, StartVerification, Merge],
];

/// A complaint service, its people and its cluster.
struct Scene {
    people: People,
    complaint: Process,
    cluster: Cluster,
}

impl Scene {
    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let complaint = cluster.serve(Service::Complaint).await;
        Self {
            people: People::new(&cluster, &complaint.url()),
            complaint,
            cluster,
        }
    }

    /// Waits until the service has nothing left to do by itself.
    async fn quiet(&self) {
        let quiet = eventually(DEADLINE, || async {
            let marks = self
                .cluster
                .number("SELECT count(*) FROM complaint.derived_mark")
                .await;
            let unfed = self
                .cluster
                .number("SELECT count(*) FROM complaint.timeline WHERE feed IS NULL")
                .await;
            (marks + unfed == 0).then_some(())
        });
        quiet.await.expect("figures and feed are done");
    }

    async fn lines(&self) -> i64 {
        self.cluster
            .number("SELECT count(*) FROM complaint.timeline")
            .await
    }

    /// Takes a step that the process does not survive: before it is committed at `complaint.staged`, after it at
    /// `complaint.committed`. Then the same call is answered, once and for ever.
    async fn dies_at(&mut self, point: &str, life: &mut Life, step: Step) {
        self.quiet().await;
        let before = self.lines().await;
        let value = format!("{point}=exit");
        self.complaint
            .restart_with("PRIMA_FAILPOINTS", Some(&value))
            .await;
        let lost = life.take(&self.people, step).await.unwrap_err();
        assert!(is_a_loss(&lost), "{step:?} at {point}: {lost:?}");
        assert_eq!(self.complaint.wait().await, 137, "{step:?} passes {point}");
        // A merger stands in both timelines.
        let own = if step == Merge { 2 } else { 1 };
        let committed = if point == "complaint.committed" { own } else { 0 };
        let grown = self.lines().await - before;
        assert_eq!(grown, committed, "lines of {step:?} at {point}");
        self.complaint.restart_with("PRIMA_FAILPOINTS", None).await;
        let answer = life.take(&self.people, step).await.unwrap();
        assert_eq!(
            life.repeat(&self.people).await.unwrap(),
            answer,
            "{step:?} repeated"
        );
        assert_eq!(self.lines().await - before, own, "lines of {step:?}");
    }
}

/// Whether a status tells that the process or the database went away, not that the request is bad.
fn is_a_loss(status: &Status) -> bool {
    use Code::{Cancelled, Internal, ResourceExhausted, Unavailable, Unknown};
    matches!(
        status.code(),
        Unavailable | Unknown | Cancelled | Internal | ResourceExhausted
    )
}

/// Takes a step until it is acknowledged.
async fn insist(life: &mut Life, people: &People, step: Step) {
    while let Err(status) = life.take(people, step).await {
        assert!(is_a_loss(&status), "{step:?} of {}: {status:?}", life.id);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every line of the lives is stored, in order, without a gap, none twice.
async fn nothing_is_lost_or_doubled(scene: &Scene, lives: &[Life]) {
    let stored = scene
        .cluster
        .number("SELECT count(*) FROM complaint.complaint")
        .await;
    assert_eq!(stored, i64::try_from(lives.len()).unwrap(), "reports stored");
    for life in lives {
        let complaint = scene.people.get(&life.name).await;
        let mut kept = lines(&complaint);
        kept.retain(|(kind, _)| *kind != v1::TimelineKind::Merged);
        assert_eq!(kept, life.lines(), "{}", life.id);
        assert_eq!(complaint.status.unwrap().state, life.state, "{}", life.id);
    }
}

/// What the figures of a unit must be, by the steps that were acknowledged.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Received, archived, merged, verified, resolved, open, reopened, sp4n.
    flags: [i64; 8],
    ratings: (i64, i64),
    by_class: BTreeMap<String, i64>,
    by_channel: BTreeMap<String, i64>,
}

fn recounted(lives: &[Life], agency: &str) -> Counts {
    let mut counts = Counts::default();
    for life in lives.iter().filter(|life| life.agency() == agency) {
        let after_hop = life.taken.rsplit(|step| *step == Forward).next().unwrap();
        // Without a unit it counts nowhere yet.
        if !after_hop.contains(&Verify) && !life.report.parent.contains("/units/") {
            continue;
        }
        if life.state == "archived" && life.taken.contains(&Merge) {
            counts.flags[2] += 1;
            continue;
        }
        let settled = matches!(life.state.as_str(), "archived" | "closed");
        let flags = [
            true,
            life.state == "archived",
            false,
            after_hop.contains(&Verify) || after_hop.contains(&Reject),
            life.state == "closed",
            !settled,
            life.taken.contains(&Reopen),
            !life.report.sp4n_number.is_empty(),
        ];
        for (count, holds) in counts.flags.iter_mut().zip(flags) {
            *count += i64::from(holds);
        }
        let stars = life.taken.iter().rev().find_map(|step| match step {
            Rate(stars) => Some(i64::from(*stars)),
            _ => None,
        });
        if let Some(stars) = stars {
            counts.ratings.0 += 1;
            counts.ratings.1 += stars;
        }
        *counts.by_class.entry(life.report.class.clone()).or_default() += 1;
        let channel = life.report.channel().as_str_name();
        let channel = channel.trim_start_matches("CHANNEL_").to_lowercase();
        *counts.by_channel.entry(channel).or_default() += 1;
    }
    counts
}

fn told(figures: &ComplaintPerformanceState) -> Counts {
    let f = figures;
    let by = |groups: &[prima_proto::event::v1::ComplaintGroupFacts]| {
        let counted = groups.iter().filter(|g| g.received > 0);
        counted.map(|g| (g.key.clone(), g.received)).collect()
    };
    Counts {
        flags: [
            f.received, f.archived, f.merged, f.verified, f.resolved, f.open, f.reopened, f.sp4n,
        ],
        ratings: (f.ratings, f.rating_total),
        by_class: by(&f.by_class),
        by_channel: by(&f.by_channel),
    }
}

/// The figures of both units are those of the lives: computed for the month, published for the year.
async fn figures_follow(people: &People, lives: &[Life]) {
    let month = (Clock::system().now() + TimeDelta::hours(7))
        .format("%Y-m%m")
        .to_string();
    for agency in [HOME, AWAY] {
        let expected = recounted(lives, agency);
        let computed = performance(people, agency, &month).await.performance.unwrap();
        assert_eq!(told(&computed), expected, "{agency} in {month}");
        let published = eventually(DEADLINE, || async {
            let figures = performance(people, agency, &year()).await.performance.unwrap();
            (told(&figures) == expected).then_some(())
        });
        if published.await.is_none() {
            let figures = performance(people, agency, &year()).await;
            panic!("{agency} in the year: {figures:?}, expected {expected:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_or_after_the_commit_of_any_action_loses_and_doubles_nothing() {
    let mut scene = Scene::start().await;
    let watcher = Watcher::start(&scene.people.national, "agencies/-", "0");
    let mut other = Life::new("induk");
    other.lead(&scene.people, &[Submit]).await;
    let mut lives = vec![other];
    for point in ["complaint.staged", "complaint.committed"] {
        let mut died = BTreeSet::new();
        for (n, steps) in WAYS.into_iter().enumerate() {
            let mut life = Life::new(&format!("{point}-{n}"));
            life.into.clone_from(&lives[0].name);
            for step in steps {
                if died.insert(*step) {
                    scene.dies_at(point, &mut life, *step).await;
                } else {
                    life.lead(&scene.people, &[*step]).await;
                }
            }
            lives.push(life);
        }
        assert_eq!(died.len(), 14, "every action");
    }
    nothing_is_lost_or_doubled(&scene, &lives).await;
    figures_follow(&scene.people, &lives).await;
    let mut complaints = Vec::new();
    for life in &lives {
        complaints.push(scene.people.get(&life.name).await);
    }
    watcher.told(&complaints).await;
    scene.cluster.settle("complaint").await;
}

/// Clients that lead lives until told to stop; each step is repeated until it is acknowledged.
struct Citizens {
    stop: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<Life>>>,
}

impl Citizens {
    fn start(people: &People, into: &str) -> Self {
        let (stop, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..8)
            .map(|_| {
                let (stop, begun) = (stop.clone(), begun.clone());
                let (people, into) = (people.clone(), into.to_owned());
                #[expect(clippy::disallowed_methods, reason = "awaited by `finish`")]
                tokio::spawn(async move {
                    let mut lives = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        let n = begun.fetch_add(1, Ordering::SeqCst);
                        let mut life = citizen(n);
                        life.into.clone_from(&into);
                        for step in way(n) {
                            insist(&mut life, &people, *step).await;
                        }
                        lives.push(life);
                    }
                    lives
                })
            })
            .collect();
        Self { stop, begun, tasks }
    }

    /// Waits until so many more lives have begun.
    async fn more(&self, count: usize) {
        let goal = self.begun.load(Ordering::SeqCst) + count;
        let met = eventually(DEADLINE, || async {
            (self.begun.load(Ordering::SeqCst) >= goal).then_some(())
        });
        met.await.expect("lives go on");
    }

    /// Stops; every step of every life begun has been acknowledged.
    async fn finish(self) -> Vec<Life> {
        self.stop.store(true, Ordering::SeqCst);
        let mut lives = Vec::new();
        for task in self.tasks {
            let own = tokio::time::timeout(DEADLINE, task)
                .await
                .expect("acknowledged in time");
            lives.extend(own.unwrap());
        }
        lives
    }
}

/// A life unlike its neighbours.
fn citizen(n: usize) -> Life {
    let mut life = Life::new(&format!("warga-{n}"));
    let classes = ["complaint_regular", "complaint_oversight", "aspiration"];
    let channels = [
        v1::Channel::Web,
        v1::Channel::Sms,
        v1::Channel::FaceToFace,
        v1::Channel::Letter,
    ];
    life.report.class = classes[n % classes.len()].to_owned();
    life.report.channel = channels[n % channels.len()].into();
    if n.is_multiple_of(3) {
        life.report.sp4n_number = format!("LPR-{n}");
    }
    if n.is_multiple_of(2) {
        life.report.parent = format!("agencies/{HOME}/units/{UNIT}");
    }
    life
}

fn way(n: usize) -> &'static [Step] {
    const MORE: [&[Step]; 3] = [
        &ANSWERED,
        &[
            Submit,
            StartVerification,
            Verify,
            StartFollowUp,
            Respond,
            Close,
            Rate(5),
        ],
        &[Submit],
    ];
    let ways = [WAYS[0], MORE[0], WAYS[1], MORE[1], WAYS[2], MORE[2]];
    ways[n % ways.len()]
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_and_a_bus_without_memory_lose_and_double_nothing() {
    let mut scene = Scene::start().await;
    let watcher = Watcher::start(&scene.people.national, "agencies/-", "0");
    let mut other = Life::new("induk");
    other.lead(&scene.people, &[Submit]).await;
    let citizens = Citizens::start(&scene.people, &other.name);
    for _ in 0..4 {
        citizens.more(12).await;
        scene.complaint.restart().await;
    }
    // The bus loses all it had; reports go on meanwhile.
    scene.cluster.nats.kill();
    scene.cluster.nats.wipe_storage();
    citizens.more(12).await;
    scene.cluster.nats.restart();
    citizens.more(6).await;
    let mut lives = citizens.finish().await;
    lives.push(other);
    nothing_is_lost_or_doubled(&scene, &lives).await;
    for life in &lives {
        let last = life.repeat(&scene.people).await.unwrap();
        assert_eq!(last.status.state, life.state, "{} repeated", life.id);
    }
    figures_follow(&scene.people, &lives).await;
    let mut complaints = Vec::new();
    for life in &lives {
        complaints.push(scene.people.get(&life.name).await);
    }
    watcher.told(&complaints).await;
    scene.cluster.settle("complaint").await;
    let heads = scene.cluster.heads("complaint").await;
    for kind in ["performance", "score.complaint-resolution"] {
        let prefix = format!("prima.complaint.{kind}.");
        assert!(
            heads.keys().any(|subject| subject.starts_with(&prefix)),
            "{kind}: {heads:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_taken_with_everything_else_down_and_go_on_when_the_database_is_back() {
    let mut cluster = Cluster::start().await;
    cluster.nats.kill();
    let complaint = cluster.serve(Service::Complaint).await;
    complaint.wait_ready().await;
    let people = People::new(&cluster, &complaint.url());
    let mut life = Life::new("sendiri");
    life.lead(&people, &ANSWERED).await;

    cluster.postgres.kill();
    let away = eventually(DEADLINE, || {
        let (mut life, people) = (life.clone(), people.clone());
        async move {
            let status = life.take(&people, Close).await.unwrap_err();
            assert!(is_a_loss(&status), "{status:?}");
            (status.code() == Code::Unavailable).then_some(())
        }
    });
    away.await.expect("UNAVAILABLE while the database is away");
    cluster.postgres.restart();
    insist(&mut life, &people, Close).await;
    assert_eq!(life.repeat(&people).await.unwrap().status.state, "closed");
    cluster.nats.restart();
    cluster.settle("complaint").await;
    let complaint = people.get(&life.name).await;
    assert_eq!(lines(&complaint), life.lines());
}

/// Two replicas that meet due times at the same moment, and one of them killed in the middle of it.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_what_is_due_and_tell_it_once() {
    let mut scene = Scene::start().await;
    let second = scene.cluster.serve(Service::Complaint).await;
    let both = [scene.people.clone(), People::new(&scene.cluster, &second.url())];
    let watchers = both
        .each_ref()
        .map(|p| Watcher::start(&p.national, "agencies/-", "0"));
    let mut people = both[0].clone();
    // Verification is late from the start, and an answer closes.
    let change = people.change_workflow("seketika", |workflow| {
        set_length(workflow, "verification", serde_json::json!({"days": 0}));
        set_length(workflow, "reply_window", serde_json::json!({"days": 0}));
    });
    change.await;
    let mut lives: Vec<Life> = (0..40).map(|n| Life::new(&format!("tenggat-{n}"))).collect();
    for (n, life) in lives.iter_mut().enumerate() {
        life.lead(&both[n % 2], &ANSWERED[..3]).await;
    }
    for (n, life) in lives.iter_mut().enumerate() {
        life.lead(&both[(n + 1) % 2], &ANSWERED[3..]).await;
        if n == 20 {
            scene.complaint.kill();
            scene.complaint.restart().await;
        }
    }
    let mut complaints = Vec::new();
    for life in &lives {
        let complaint = becomes(&both[1], &life.name, "closed").await;
        let count = |kind: v1::TimelineKind, action: &str| {
            let told = lines(&complaint);
            told.iter()
                .filter(|(k, a)| (*k, a.as_str()) == (kind, action))
                .count()
        };
        assert_eq!(
            count(v1::TimelineKind::Escalation, ""),
            1,
            "{:?}",
            complaint.timeline
        );
        assert_eq!(
            count(v1::TimelineKind::Transition, "close"),
            1,
            "{:?}",
            complaint.timeline
        );
        assert_eq!(
            complaint.timeline.len(),
            ANSWERED.len() + 2,
            "{:?}",
            complaint.timeline
        );
        complaints.push(complaint);
    }
    for watcher in watchers {
        watcher.told(&complaints).await;
    }
    scene.cluster.settle("complaint").await;
}

/// The process dies while the system closes reports; the next one goes on where it ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_sweep_before_or_after_its_commit_closes_each_report_once() {
    let mut scene = Scene::start().await;
    let mut people = scene.people.clone();
    let change = people.change_workflow("seketika", |workflow| {
        set_length(workflow, "reply_window", serde_json::json!({"days": 0}));
    });
    change.await;
    for point in ["complaint.staged", "complaint.committed"] {
        // A slow sweep leaves time to answer before it comes.
        scene
            .complaint
            .restart_with("PRIMA_COMPLAINT__SWEEP_MILLIS", Some("3600000"))
            .await;
        let mut lives: Vec<Life> = (0..3).map(|n| Life::new(&format!("{point}-{n}"))).collect();
        for life in &mut lives {
            life.lead(&people, &ANSWERED).await;
        }
        scene.quiet().await;
        let trap = format!("{point}=exit");
        scene.complaint.set("PRIMA_COMPLAINT__SWEEP_MILLIS", Some("50"));
        scene.complaint.set("PRIMA_FAILPOINTS", Some(&trap));
        scene.complaint.relaunch();
        assert_eq!(scene.complaint.wait().await, 137, "the sweep passes {point}");
        scene.complaint.restart_with("PRIMA_FAILPOINTS", None).await;
        for life in &lives {
            let complaint = becomes(&people, &life.name, "closed").await;
            let mut expected = life.lines();
            expected.push((v1::TimelineKind::Transition, "close".into()));
            assert_eq!(lines(&complaint), expected);
        }
    }
}
