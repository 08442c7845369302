//! What must be true of complaints when processes and servers are killed at any step.

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
    complaint::{AWAY, Case, Clients, HOME, Step, UNIT, Watcher, set_length},
    process::{Process, Service},
};
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use super::{ANSWERED, becomes, lines, performance, year};
use Step::{
    Close, Escalate, Forward, Hold, Merge, Rate, Reject, Reopen, Reply, Respond, StartFollowUp,
    StartVerification, Submit, Verify,
};

/// Sequences of steps that together contain every action.
const SEQUENCES: [&[Step]; 3] = [
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

/// A complaint service, its clients and its cluster.
struct Scene {
    clients: Clients,
    complaint: Process,
    cluster: Cluster,
}

impl Scene {
    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let complaint = cluster.serve(Service::Complaint).await;
        Self {
            clients: Clients::new(&cluster, &complaint.url()),
            complaint,
            cluster,
        }
    }

    /// Waits until the service has nothing left to do by itself.
    async fn wait_until_idle(&self) {
        let quiet = eventually(DEADLINE, || async {
            let dirty = self
                .cluster
                .number("SELECT count(*) FROM complaint.derived_mark")
                .await;
            let unfed = self
                .cluster
                .number("SELECT count(*) FROM complaint.timeline WHERE feed IS NULL")
                .await;
            (dirty + unfed == 0).then_some(())
        });
        quiet.await.expect("figures and feed are done");
    }

    async fn lines(&self) -> i64 {
        self.cluster
            .number("SELECT count(*) FROM complaint.timeline")
            .await
    }

    /// Performs a step during which the process dies: before the commit at `complaint.staged`, after it at
    /// `complaint.committed`. Then the repeated call must be answered, and have effect once.
    async fn crash_at(&mut self, point: &str, case: &mut Case, step: Step) {
        self.wait_until_idle().await;
        let before = self.lines().await;
        let value = format!("{point}=exit");
        self.complaint
            .restart_with("PRIMA_FAILPOINTS", Some(&value))
            .await;
        let lost = case.take(&self.clients, step).await.unwrap_err();
        assert!(is_a_loss(&lost), "{step:?} at {point}: {lost:?}");
        assert_eq!(self.complaint.wait().await, 137, "{step:?} passes {point}");
        // A merge adds an entry to both timelines.
        let own = if step == Merge { 2 } else { 1 };
        let committed = if point == "complaint.committed" { own } else { 0 };
        let grown = self.lines().await - before;
        assert_eq!(grown, committed, "lines of {step:?} at {point}");
        self.complaint.restart_with("PRIMA_FAILPOINTS", None).await;
        let answer = case.take(&self.clients, step).await.unwrap();
        assert_eq!(
            case.repeat(&self.clients).await.unwrap(),
            answer,
            "{step:?} repeated"
        );
        assert_eq!(self.lines().await - before, own, "lines of {step:?}");
    }
}

/// Whether a status says that the process or the database is unreachable, not that the request is invalid.
fn is_a_loss(status: &Status) -> bool {
    use Code::{Cancelled, Internal, ResourceExhausted, Unavailable, Unknown};
    matches!(
        status.code(),
        Unavailable | Unknown | Cancelled | Internal | ResourceExhausted
    )
}

/// Performs a step until it is acknowledged.
async fn take_until_acknowledged(case: &mut Case, clients: &Clients, step: Step) {
    while let Err(status) = case.take(clients, step).await {
        assert!(is_a_loss(&status), "{step:?} of {}: {status:?}", case.id);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asserts that every timeline entry of the cases is stored once, in order and without a gap.
async fn nothing_is_lost_or_doubled(scene: &Scene, cases: &[Case]) {
    let stored = scene
        .cluster
        .number("SELECT count(*) FROM complaint.complaint")
        .await;
    assert_eq!(stored, i64::try_from(cases.len()).unwrap(), "reports stored");
    for case in cases {
        let complaint = scene.clients.get(&case.name).await;
        let mut kept = lines(&complaint);
        kept.retain(|(kind, _)| *kind != v1::TimelineKind::Merged);
        assert_eq!(kept, case.lines(), "{}", case.id);
        assert_eq!(complaint.status.unwrap().state, case.state, "{}", case.id);
    }
}

/// The figures that a unit must have, counted from the acknowledged steps.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Received, archived, merged, verified, resolved, open, reopened, sp4n.
    flags: [i64; 8],
    ratings: (i64, i64),
    by_class: BTreeMap<String, i64>,
    by_channel: BTreeMap<String, i64>,
}

fn recounted(cases: &[Case], agency: &str) -> Counts {
    let mut counts = Counts::default();
    for case in cases.iter().filter(|case| case.agency() == agency) {
        let after_forwarding = case.taken.rsplit(|step| *step == Forward).next().unwrap();
        // A complaint without a unit is not counted yet.
        if !after_forwarding.contains(&Verify) && !case.report.parent.contains("/units/") {
            continue;
        }
        if case.state == "archived" && case.taken.contains(&Merge) {
            counts.flags[2] += 1;
            continue;
        }
        let settled = matches!(case.state.as_str(), "archived" | "closed");
        let flags = [
            true,
            case.state == "archived",
            false,
            after_forwarding.contains(&Verify) || after_forwarding.contains(&Reject),
            case.state == "closed",
            !settled,
            case.taken.contains(&Reopen),
            !case.report.sp4n_number.is_empty(),
        ];
        for (count, counted) in counts.flags.iter_mut().zip(flags) {
            *count += i64::from(counted);
        }
        let stars = case.taken.iter().rev().find_map(|step| match step {
            Rate(stars) => Some(i64::from(*stars)),
            _ => None,
        });
        if let Some(stars) = stars {
            counts.ratings.0 += 1;
            counts.ratings.1 += stars;
        }
        *counts.by_class.entry(case.report.class.clone()).or_default() += 1;
        let channel = case.report.channel().as_str_name();
        let channel = channel.trim_start_matches("CHANNEL_").to_lowercase();
        *counts.by_channel.entry(channel).or_default() += 1;
    }
    counts
}

fn reported(figures: &ComplaintPerformanceState) -> Counts {
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

/// Asserts that the figures of both units equal those of the cases: as computed for the month and as published for the
/// year.
async fn figures_follow(clients: &Clients, cases: &[Case]) {
    let month = (Clock::system().now() + TimeDelta::hours(7))
        .format("%Y-m%m")
        .to_string();
    for agency in [HOME, AWAY] {
        let expected = recounted(cases, agency);
        let computed = performance(clients, agency, &month).await.performance.unwrap();
        assert_eq!(reported(&computed), expected, "{agency} in {month}");
        let published = eventually(DEADLINE, || async {
            let figures = performance(clients, agency, &year()).await.performance.unwrap();
            (reported(&figures) == expected).then_some(())
        });
        if published.await.is_none() {
            let figures = performance(clients, agency, &year()).await;
            panic!("{agency} in the year: {figures:?}, expected {expected:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_or_after_the_commit_of_any_action_loses_and_doubles_nothing() {
    let mut scene = Scene::start().await;
    let watcher = Watcher::start(&scene.clients.national, "agencies/-", "0");
    let mut other = Case::new("induk");
    other.take_all(&scene.clients, &[Submit]).await;
    let mut cases = vec![other];
    for point in ["complaint.staged", "complaint.committed"] {
        let mut died = BTreeSet::new();
        for (n, steps) in SEQUENCES.into_iter().enumerate() {
            let mut case = Case::new(&format!("{point}-{n}"));
            case.into.clone_from(&cases[0].name);
            for step in steps {
                if died.insert(*step) {
                    scene.crash_at(point, &mut case, *step).await;
                } else {
                    case.take_all(&scene.clients, &[*step]).await;
                }
            }
            cases.push(case);
        }
        assert_eq!(died.len(), 14, "every action");
    }
    nothing_is_lost_or_doubled(&scene, &cases).await;
    figures_follow(&scene.clients, &cases).await;
    let mut complaints = Vec::new();
    for case in &cases {
        complaints.push(scene.clients.get(&case.name).await);
    }
    watcher.saw_all(&complaints).await;
    scene.cluster.settle("complaint").await;
}

/// Clients that process cases until they are stopped. Each step is repeated until it is acknowledged.
struct Citizens {
    stop: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<Case>>>,
}

impl Citizens {
    fn start(clients: &Clients, into: &str) -> Self {
        let (stop, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..8)
            .map(|_| {
                let (stop, begun) = (stop.clone(), begun.clone());
                let (clients, into) = (clients.clone(), into.to_owned());
                #[expect(clippy::disallowed_methods, reason = "awaited by `finish`")]
                tokio::spawn(async move {
                    let mut cases = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        let n = begun.fetch_add(1, Ordering::SeqCst);
                        let mut case = citizen(n);
                        case.into.clone_from(&into);
                        for step in sequence_of(n) {
                            take_until_acknowledged(&mut case, &clients, *step).await;
                        }
                        cases.push(case);
                    }
                    cases
                })
            })
            .collect();
        Self { stop, begun, tasks }
    }

    /// Waits until `count` more cases have begun.
    async fn more(&self, count: usize) {
        let goal = self.begun.load(Ordering::SeqCst) + count;
        let met = eventually(DEADLINE, || async {
            (self.begun.load(Ordering::SeqCst) >= goal).then_some(())
        });
        met.await.expect("cases continue");
    }

    /// Stops the clients, when every step of every begun case was acknowledged.
    async fn finish(self) -> Vec<Case> {
        self.stop.store(true, Ordering::SeqCst);
        let mut cases = Vec::new();
        for task in self.tasks {
            let own = tokio::time::timeout(DEADLINE, task)
                .await
                .expect("acknowledged in time");
            cases.extend(own.unwrap());
        }
        cases
    }
}

/// A case that differs from its neighbours.
fn citizen(n: usize) -> Case {
    let mut case = Case::new(&format!("warga-{n}"));
    let classes = ["complaint_regular", "complaint_oversight", "aspiration"];
    let channels = [
        v1::Channel::Web,
        v1::Channel::Sms,
        v1::Channel::FaceToFace,
        v1::Channel::Letter,
    ];
    case.report.class = classes[n % classes.len()].to_owned();
    case.report.channel = channels[n % channels.len()].into();
    if n.is_multiple_of(3) {
        case.report.sp4n_number = format!("LPR-{n}");
    }
    if n.is_multiple_of(2) {
        case.report.parent = format!("agencies/{HOME}/units/{UNIT}");
    }
    case
}

fn sequence_of(n: usize) -> &'static [Step] {
    const MORE_SEQUENCES: [&[Step]; 3] = [
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
    let sequences = [
        SEQUENCES[0],
        MORE_SEQUENCES[0],
        SEQUENCES[1],
        MORE_SEQUENCES[1],
        SEQUENCES[2],
        MORE_SEQUENCES[2],
    ];
    sequences[n % sequences.len()]
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_and_an_emptied_bus_lose_and_double_nothing() {
    let mut scene = Scene::start().await;
    let watcher = Watcher::start(&scene.clients.national, "agencies/-", "0");
    let mut other = Case::new("induk");
    other.take_all(&scene.clients, &[Submit]).await;
    let citizens = Citizens::start(&scene.clients, &other.name);
    for _ in 0..4 {
        citizens.more(12).await;
        scene.complaint.restart().await;
    }
    // The bus loses all its data while complaints continue.
    scene.cluster.nats.kill();
    scene.cluster.nats.wipe_storage();
    citizens.more(12).await;
    scene.cluster.nats.restart();
    citizens.more(6).await;
    let mut cases = citizens.finish().await;
    cases.push(other);
    nothing_is_lost_or_doubled(&scene, &cases).await;
    for case in &cases {
        let last = case.repeat(&scene.clients).await.unwrap();
        assert_eq!(last.status.state, case.state, "{} repeated", case.id);
    }
    figures_follow(&scene.clients, &cases).await;
    let mut complaints = Vec::new();
    for case in &cases {
        complaints.push(scene.clients.get(&case.name).await);
    }
    watcher.saw_all(&complaints).await;
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
async fn complaints_are_accepted_with_everything_else_down_and_continue_when_the_database_is_back() {
    let mut cluster = Cluster::start().await;
    cluster.nats.kill();
    let complaint = cluster.serve(Service::Complaint).await;
    complaint.wait_ready().await;
    let clients = Clients::new(&cluster, &complaint.url());
    let mut case = Case::new("sendiri");
    case.take_all(&clients, &ANSWERED).await;

    cluster.postgres.kill();
    let away = eventually(DEADLINE, || {
        let (mut case, clients) = (case.clone(), clients.clone());
        async move {
            let status = case.take(&clients, Close).await.unwrap_err();
            assert!(is_a_loss(&status), "{status:?}");
            (status.code() == Code::Unavailable).then_some(())
        }
    });
    away.await.expect("UNAVAILABLE while the database is away");
    cluster.postgres.restart();
    take_until_acknowledged(&mut case, &clients, Close).await;
    assert_eq!(case.repeat(&clients).await.unwrap().status.state, "closed");
    cluster.nats.restart();
    cluster.settle("complaint").await;
    let complaint = clients.get(&case.name).await;
    assert_eq!(lines(&complaint), case.lines());
}

/// Two replicas find the same due times at the same moment, and one of them is killed meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_due_complaints_and_record_each_action_once() {
    let mut scene = Scene::start().await;
    let second = scene.cluster.serve(Service::Complaint).await;
    let both = [scene.clients.clone(), Clients::new(&scene.cluster, &second.url())];
    let watchers = both
        .each_ref()
        .map(|p| Watcher::start(&p.national, "agencies/-", "0"));
    let mut clients = both[0].clone();
    // Verification is overdue from the start, and a response closes the complaint.
    let change = clients.change_workflow("seketika", |workflow| {
        set_length(workflow, "verification", serde_json::json!({"days": 0}));
        set_length(workflow, "reply_window", serde_json::json!({"days": 0}));
    });
    change.await;
    let mut cases: Vec<Case> = (0..40).map(|n| Case::new(&format!("tenggat-{n}"))).collect();
    for (n, case) in cases.iter_mut().enumerate() {
        case.take_all(&both[n % 2], &ANSWERED[..3]).await;
    }
    for (n, case) in cases.iter_mut().enumerate() {
        case.take_all(&both[(n + 1) % 2], &ANSWERED[3..]).await;
        if n == 20 {
            scene.complaint.kill();
            scene.complaint.restart().await;
        }
    }
    let mut complaints = Vec::new();
    for case in &cases {
        let complaint = becomes(&both[1], &case.name, "closed").await;
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
        watcher.saw_all(&complaints).await;
    }
    scene.cluster.settle("complaint").await;
}

/// The process dies while the service closes due complaints; the next process continues where it ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_sweep_before_or_after_its_commit_closes_each_report_once() {
    let mut scene = Scene::start().await;
    let mut clients = scene.clients.clone();
    let change = clients.change_workflow("seketika", |workflow| {
        set_length(workflow, "reply_window", serde_json::json!({"days": 0}));
    });
    change.await;
    for point in ["derived.recomputed", "derived.committed"] {
        // A slow sweep leaves time to respond before it comes.
        scene
            .complaint
            .restart_with("PRIMA_COMPLAINT__SWEEP_MILLIS", Some("3600000"))
            .await;
        let mut cases: Vec<Case> = (0..3).map(|n| Case::new(&format!("{point}-{n}"))).collect();
        for case in &mut cases {
            case.take_all(&clients, &ANSWERED).await;
        }
        scene.wait_until_idle().await;
        let trap = format!("{point}=exit");
        scene.complaint.set("PRIMA_COMPLAINT__SWEEP_MILLIS", Some("50"));
        scene.complaint.set("PRIMA_FAILPOINTS", Some(&trap));
        scene.complaint.relaunch();
        assert_eq!(scene.complaint.wait().await, 137, "the sweep passes {point}");
        scene.complaint.restart_with("PRIMA_FAILPOINTS", None).await;
        for case in &cases {
            let complaint = becomes(&clients, &case.name, "closed").await;
            let mut expected = case.lines();
            expected.push((v1::TimelineKind::Transition, "close".into()));
            assert_eq!(lines(&complaint), expected);
        }
    }
}
