//! The whole case of a complaint over gRPC with real processes: agencies, the workflow's automatic steps, watchers,
//! ranking and index.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail their test"
)]

mod faults;

use std::collections::BTreeSet;

use chrono::{Datelike, TimeDelta};
use prima_platform::{
    clock::{Clock, to_proto},
    testing::eventually,
};
use prima_proto::{
    complaint::v1,
    index::v1::{self as index, assessment_service_client::AssessmentServiceClient},
    ranking::v1 as ranking,
};
use prima_tests::{
    Cluster, DEADLINE,
    client::{Authorised, Client, authorised},
    complaint::{AWAY, Case, Clients, HOME, Step, UNIT, Watcher, assert_events, set_length},
    process::{Process, Service},
};
use sha2::{Digest, Sha256};
use tonic::Code;

use Step::{
    Close, Escalate, Forward, Hold, Rate, Reopen, Reply, Respond, StartFollowUp, StartVerification, Submit,
    Verify,
};

/// The steps from the counter to a response.
const ANSWERED: [Step; 5] = [Submit, StartVerification, Verify, StartFollowUp, Respond];

/// Kind and action of each entry. Asserts that the entries are numbered without a gap.
fn lines(complaint: &v1::Complaint) -> Vec<(v1::TimelineKind, String)> {
    let numbers: Vec<i64> = complaint.timeline.iter().map(|line| line.number).collect();
    let expected: Vec<i64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "numbers of the timeline");
    let lines = complaint.timeline.iter();
    lines.map(|line| (line.kind(), line.action.clone())).collect()
}

/// The current year in Jakarta, in which all complaints of a test are received.
fn year() -> String {
    (Clock::system().now() + TimeDelta::hours(7)).year().to_string()
}

/// The performance figures of an agency's unit in a period.
async fn performance(clients: &Clients, agency: &str, period: &str) -> v1::GetPerformanceResponse {
    let request = v1::GetPerformanceRequest {
        unit: format!("agencies/{agency}/units/{UNIT}"),
        period: period.to_owned(),
        ..Default::default()
    };
    let answer = clients.national.clone().get_performance(request).await;
    answer.unwrap().into_inner()
}

/// Waits until the service itself has brought a complaint into a state.
async fn becomes(clients: &Clients, name: &str, state: &str) -> v1::Complaint {
    let settled = eventually(DEADLINE, || async {
        let complaint = clients.get(name).await;
        (complaint.status.as_ref().unwrap().state == state).then_some(complaint)
    });
    match settled.await {
        Some(complaint) => complaint,
        None => panic!("not {state}: {:?}", clients.get(name).await),
    }
}

/// Uploads a file as the liaison officer of the agency that the complaint was forwarded to.
async fn upload(clients: &Clients, bytes: &[u8]) -> v1::Attachment {
    let head = v1::UploadAttachmentHead {
        request_id: "berkas".into(),
        display_name: "surat-tanggapan.pdf".into(),
        media_type: "application/pdf".into(),
        size: i64::try_from(bytes.len()).unwrap(),
        sha256: Sha256::digest(bytes).to_vec(),
        access: None,
    };
    let parts = bytes
        .chunks(100_000)
        .map(|part| v1::upload_attachment_request::Part::Data(part.to_vec()));
    let parts = std::iter::once(v1::upload_attachment_request::Part::Head(head)).chain(parts);
    let rows: Vec<_> = parts
        .map(|part| v1::UploadAttachmentRequest { part: Some(part) })
        .collect();
    let mut liaison = clients.liaisons[1].clone();
    let answer = liaison.upload_attachment(tokio_stream::iter(rows)).await.unwrap();
    answer.into_inner().attachment.unwrap()
}

/// The file as the reporter downloads it.
async fn download(clients: &Clients, name: &str, access: Option<v1::Access>) -> Vec<u8> {
    let request = v1::ReadAttachmentRequest {
        name: name.to_owned(),
        access,
    };
    let mut reporter = clients.reporter.clone();
    let mut stream = reporter.read_attachment(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        bytes.extend(part.data);
    }
    bytes
}

/// Opens a cycle, enrolls the unit of [`HOME`] and returns the name of its assessment.
async fn enrolled(assessments: &mut AssessmentServiceClient<Authorised>) -> String {
    let now = Clock::system().now();
    // Complaints are evaluated in the year after they were handled.
    let next = (now + TimeDelta::hours(7)).year() + 1;
    let window = Some(index::Window {
        open_time: Some(to_proto(now - TimeDelta::hours(1))),
        close_time: Some(to_proto(now + TimeDelta::hours(2))),
    });
    let cycle = index::Cycle {
        display_name: "PEKPPP mandiri".into(),
        scheme: index::Scheme::Mandiri as i32,
        year: next.to_string(),
        agency: format!("agencies/{HOME}"),
        instrument: "pekppp-2022".into(),
        under_minimum_policy: "score_zero".into(),
        evaluation_date: format!("{next}-01-31"),
        suggestions_count: true,
        self_assessment_window: window,
        evaluation_window: window,
        ..Default::default()
    };
    let request = index::OpenCycleRequest {
        request_id: "cycle".into(),
        cycle_id: "mandiri".into(),
        cycle: Some(cycle),
    };
    let cycle = assessments.open_cycle(request).await.unwrap().into_inner().cycle;
    let request = index::EnrollUnitRequest {
        request_id: "enroll".into(),
        cycle: cycle.unwrap().name,
        unit: format!("agencies/{HOME}/units/{UNIT}"),
        form: "offline".into(),
    };
    let answer = assessments.enroll_unit(request).await.unwrap().into_inner();
    answer.assessment.unwrap().name
}

/// The level of an indicator that live data suggests.
async fn suggested(
    assessments: &AssessmentServiceClient<Authorised>,
    assessment: &str,
    key: &str,
) -> Option<i32> {
    let request = index::ListSuggestionsRequest {
        assessment: assessment.to_owned(),
    };
    let answer = assessments.clone().list_suggestions(request).await.unwrap();
    let listed = answer.into_inner().suggestions;
    listed.into_iter().find(|s| s.indicator == key).unwrap().level
}

async fn suggests(
    assessments: &AssessmentServiceClient<Authorised>,
    assessment: &str,
    key: &str,
    level: i32,
) {
    let there = eventually(DEADLINE, || async {
        (suggested(assessments, assessment, key).await == Some(level)).then_some(())
    });
    if there.await.is_none() {
        let now = suggested(assessments, assessment, key).await;
        panic!("{key} is {now:?}, not {level}");
    }
}

/// Directory, complaint, ranking and index, with both units in the directory.
struct Scene {
    clients: Clients,
    client: Client,
    assessments: AssessmentServiceClient<Authorised>,
    _services: [Process; 4],
    cluster: Cluster,
}

impl Scene {
    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let directory = cluster.serve(Service::Directory).await;
        let complaint = cluster.serve(Service::Complaint).await;
        let files = format!("file:{}", cluster.objects.path().join("bukti").display());
        let index = cluster.command(Service::Index).env("PRIMA_OBJECTS__URL", &files);
        let index = index.start().await;
        let sources = "[\"complaint\",\"index\"]";
        let ranking = cluster
            .command(Service::Ranking)
            .env("PRIMA_RANKING__SOURCES", sources);
        let ranking = ranking.start().await;
        let admin = cluster.admin();
        // No survey service runs here, and nothing calls it.
        let mut client = Client::new(&directory.url(), "http://127.0.0.1:9", &ranking.url(), &admin);
        client.unit("32", HOME).await;
        let unit = prima_proto::directory::v1::CreateAgencyRequest {
            request_id: "away".into(),
            agency_id: AWAY.into(),
            agency: Some(prima_proto::directory::v1::Agency {
                display_name: "Kota Bandung".into(),
                kind: prima_proto::directory::v1::AgencyKind::Kota as i32,
                parent: "agencies/32".into(),
                ..Default::default()
            }),
        };
        client.directory.create_agency(unit).await.unwrap();
        let unit = prima_proto::directory::v1::CreateUnitRequest {
            request_id: "away-unit".into(),
            parent: format!("agencies/{AWAY}"),
            unit_id: UNIT.into(),
            unit: Some(prima_proto::directory::v1::Unit {
                display_name: "DPMPTSP Kota Bandung".into(),
                unit_type: "dpmptsp".into(),
                ..Default::default()
            }),
        };
        client.directory.create_unit(unit).await.unwrap();
        Self {
            clients: Clients::new(&cluster, &complaint.url()),
            client,
            assessments: AssessmentServiceClient::new(authorised(&index.url(), &admin)),
            _services: [directory, complaint, index, ranking],
            cluster,
        }
    }

    /// Score and respondents of the units in the league table of this year.
    async fn table(&self) -> Vec<(String, String, i64)> {
        let request = ranking::GetLeagueTableRequest {
            name: format!("metrics/complaint-resolution/periods/{}/cohorts/dpmptsp", year()),
            ..Default::default()
        };
        match self.client.ranking.clone().get_league_table(request).await {
            Ok(answer) => {
                let rows = answer.into_inner().rows.into_iter();
                rows.map(|row| (row.subject, row.score, row.respondents))
                    .collect()
            }
            Err(status) if status.code() == Code::NotFound => Vec::new(),
            Err(status) => panic!("{status:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_moves_between_agencies_and_watchers_receive_each_step_once() {
    let mut scene = Scene::start().await;
    let watcher = Watcher::start(&scene.clients.national, "agencies/-", "0");
    // The reply window of new complaints ends at once.
    scene
        .clients
        .change_workflow("tanpa-masa-balas", |workflow| {
            set_length(workflow, "reply_window", serde_json::json!({"days": 0}));
        })
        .await;
    let clients = &scene.clients;
    let mut case = Case::new("bogor");
    case.take_all(clients, &[Submit, StartVerification, Hold]).await;
    assert_eq!(case.state, "on_hold");
    let paused = clients.get(&case.name).await;
    assert!(
        paused.status.unwrap().deadline.unwrap().paused,
        "the deadline is paused"
    );
    case.take_all(clients, &[Reply, Forward]).await;
    assert_eq!((case.state.as_str(), case.agency()), ("forwarded", AWAY));
    // The agency that forwarded the complaint can no longer read it.
    let request = v1::GetComplaintRequest {
        name: case.name.clone(),
    };
    let barred = clients.liaisons[0]
        .clone()
        .get_complaint(request)
        .await
        .unwrap_err();
    assert_eq!(barred.code(), Code::NotFound, "{barred:?}");
    // The watcher's connection breaks, and another watcher resumes from its cursor.
    let received = eventually(DEADLINE, || async { (watcher.seen().len() >= 5).then_some(()) });
    received.await.expect("five entries are received");
    let first_part = watcher.seen();
    drop(watcher);
    let cursor = first_part.last().unwrap().cursor.clone();
    let watcher = Watcher::start(&clients.national, "agencies/-", &cursor);

    let document = [b"%PDF-1.7\n".as_slice(), &b"tanggapan ".repeat(20_000)].concat();
    case.attachments = vec![upload(clients, &document).await.name];
    case.take_all(clients, &[StartVerification, Verify, StartFollowUp, Respond])
        .await;
    let closed = becomes(clients, &case.name, "closed").await;
    let by_system = closed.timeline.last().unwrap();
    assert_eq!(
        (by_system.action.as_str(), by_system.role.as_str()),
        ("close", "system")
    );
    let mut expected = case.lines();
    expected.push((v1::TimelineKind::Transition, "close".into()));
    assert_eq!(lines(&closed), expected);
    assert_eq!((closed.hops, closed.workflow.as_str()), (1, "tanpa-masa-balas"));
    let hop = closed
        .timeline
        .iter()
        .find(|line| line.action == "forward")
        .unwrap();
    assert!(
        hop.from_parent.starts_with(&format!("agencies/{HOME}")),
        "{hop:?}"
    );
    assert!(hop.to_parent.starts_with(&format!("agencies/{AWAY}")), "{hop:?}");
    case.take_all(clients, &[Rate(5)]).await;

    // The reporter reads the response and its attachment with the tracking code and secret alone.
    let request = v1::TrackComplaintRequest {
        access: case.access.clone(),
    };
    let tracked = clients.reporter.clone().track_complaint(request).await.unwrap();
    let tracked = tracked.into_inner().complaint.unwrap();
    assert_eq!((tracked.rating, lines(&tracked).len()), (5, expected.len() + 1));
    let answered = tracked
        .timeline
        .iter()
        .find(|line| line.action == "respond")
        .unwrap();
    let file = answered.attachments.first().unwrap();
    assert_eq!(file.display_name, "surat-tanggapan.pdf");
    assert_eq!(download(clients, &file.name, case.access.clone()).await, document);

    let whole = clients.get(&case.name).await;
    let all: BTreeSet<(String, i64)> = whole
        .timeline
        .iter()
        .map(|l| (case.name.clone(), l.number))
        .collect();
    let received = eventually(DEADLINE, || async {
        (first_part.len() + watcher.seen().len() >= all.len()).then_some(())
    });
    received.await.expect("every entry is received");
    let both = [first_part, watcher.seen()].concat();
    assert_events(&both, &all);
    let text = format!("{both:?}");
    assert!(!text.contains("Catatan") && !text.contains("Siti"), "{text}");
    // A watcher of all agencies receives what happened there, and a late watcher receives the same as the first.
    let late = Watcher::start(&clients.national, "agencies/-", "0");
    late.saw_all(&[whole]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_closes_reopens_and_closes_again() {
    let cluster = Cluster::start().await;
    let complaint = cluster.serve(Service::Complaint).await;
    let clients = Clients::new(&cluster, &complaint.url());
    let mut case = Case::new("ulang");
    case.take_all(&clients, &ANSWERED).await;
    case.take_all(&clients, &[Reply, Respond, Close, Rate(2)]).await;
    assert_eq!(case.state, "closed");
    case.take_all(
        &clients,
        &[Reopen, Escalate, StartFollowUp, Respond, Close, Rate(4)],
    )
    .await;
    let complaint = clients.get(&case.name).await;
    assert_eq!(lines(&complaint), case.lines());
    assert_eq!((complaint.rating, complaint.status.unwrap().open), (4, false));
    let again = case.clone().take(&clients, Rate(3)).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again:?}");
    let illegal = case.clone().take(&clients, Respond).await.unwrap_err();
    assert_eq!(illegal.code(), Code::FailedPrecondition, "{illegal:?}");
    let settled = eventually(DEADLINE, || async {
        let figures = performance(&clients, HOME, &year()).await.performance.unwrap();
        (figures.reopened == 1).then_some(figures)
    });
    let figures = settled.await.expect("the figures follow");
    assert_eq!((figures.received, figures.resolved, figures.open), (1, 1, 0));
    assert_eq!((figures.ratings, figures.rating_total), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn resolved_reports_move_the_league_table_and_the_index() {
    let mut scene = Scene::start().await;
    let assessment = enrolled(&mut scene.assessments).await;
    let (clients, assessments) = (&scene.clients, &scene.assessments);
    assert_eq!(
        suggested(assessments, &assessment, "complaint_followup").await,
        None
    );
    let mut settings = clients.settings.clone();
    let desk = v1::Desk {
        unit: format!("agencies/{HOME}/units/{UNIT}"),
        channels: vec![v1::DeskChannel {
            channel: v1::Channel::FaceToFace.into(),
            since_date: "2024-01-02".into(),
            until_date: String::new(),
        }],
        separate_since_date: "2024-01-02".into(),
        sp4n_since_date: "2024-01-02".into(),
        ..Default::default()
    };
    let request = v1::UpdateDeskRequest {
        request_id: "meja".into(),
        desk: Some(desk),
    };
    settings.update_desk(request).await.unwrap();
    suggests(assessments, &assessment, "complaint_channel_reach", 5).await;

    for n in 0..10 {
        let mut case = Case::new(&format!("sp4n-{n}"));
        case.report.sp4n_number = format!("LPR-{n}");
        case.take_all(clients, &ANSWERED).await;
        case.take_all(clients, &[Close]).await;
    }
    suggests(assessments, &assessment, "complaint_followup", 5).await;
    let unit = format!("agencies/{HOME}/units/{UNIT}");
    let expected = vec![(unit.clone(), "100.00".to_owned(), 10)];
    let ranked = eventually(DEADLINE, || async {
        (scene.table().await == expected).then_some(())
    });
    if ranked.await.is_none() {
        panic!("the league table is {:?}", scene.table().await);
    }
    let answer = performance(clients, HOME, &year()).await;
    let (figures, score) = (answer.performance.unwrap(), answer.score.unwrap());
    assert_eq!(
        (
            figures.received,
            figures.resolved,
            figures.resolved_in_time,
            figures.sp4n
        ),
        (10, 10, 10, 10)
    );
    assert_eq!(
        (score.metric.as_str(), score.value.as_str()),
        ("complaint-resolution", "100.00")
    );
    scene.cluster.settle("complaint").await;
}
