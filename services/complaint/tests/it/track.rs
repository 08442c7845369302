//! What each kind of reader sees of a report.

use prima_proto::complaint::v1;
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{
    fixture::{
        Submitted, UNIT, World, coordinator, intake, liaison, on_each_database, public, refused, report,
        request_id,
    },
    helpers::png,
};

/// The kind of reader, and how it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Code,
    Secret,
    Official,
}

/// Every text contains a word of its own, which shows who can read that text.
const TITLE: &str = "Kata judul satu";
const TEXT: &str = "Kata isi dua yang menceritakan apa yang terjadi di loket.";
const PLACE: &str = "Kata tempat tiga";
const SP4N: &str = "sp4n-empat";
const NOTE: &str = "Kata catatan lima untuk unit";
const ASKED: &str = "Kata permintaan enam";
pub const REPLY: &str = "Kata balasan tujuh";
const RAISED: &str = "Kata eskalasi delapan";
const ANSWER: &str = "Kata jawaban sembilan";
const COMMENT: &str = "Kata komentar sepuluh";
const FILE: &str = "berkas-sebelas.png";
const REPLY_FILE: &str = "berkas-dua-belas.png";

/// What no reader of a report sees: the identity of the reporter.
const NEVER: [&str; 5] = [
    "Siti Rahayu",
    "3271014506900001",
    "34567890",
    "siti@",
    "Pajajaran",
];

async fn upload(world: &mut World, access: Option<v1::Access>, name: &str) -> String {
    let bytes = png(name);
    let head = v1::UploadAttachmentHead {
        request_id: request_id(),
        display_name: name.into(),
        media_type: "image/png".into(),
        size: i64::try_from(bytes.len()).unwrap(),
        sha256: Sha256::digest(&bytes).to_vec(),
        access: access.clone(),
    };
    let part = |part| v1::UploadAttachmentRequest { part: Some(part) };
    use v1::upload_attachment_request::Part;
    let stream = futures::stream::iter([part(Part::Head(head)), part(Part::Data(bytes))]);
    let request = if access.is_some() {
        public(stream)
    } else {
        intake(stream)
    };
    let answer = world.complaints.upload_attachment(request).await.unwrap();
    answer.into_inner().attachment.unwrap().name
}

/// Submits a report in which every field is set.
async fn submitted(world: &mut World, anonymous: bool, confidential: bool) -> Submitted {
    let file = upload(world, None, FILE).await;
    let request = v1::SubmitComplaintRequest {
        request_id: request_id(),
        title: TITLE.into(),
        text: TEXT.into(),
        location: PLACE.into(),
        sp4n_number: format!("{SP4N}-{anonymous}-{confidential}"),
        anonymous,
        confidential,
        attachments: vec![file],
        ..report("x")
    };
    world.submit_as(request).await
}

pub async fn verify(world: &mut World, name: &str) {
    let request = v1::VerifyComplaintRequest {
        request_id: request_id(),
        name: name.into(),
        unit: UNIT.into(),
        category: "licensing".into(),
        note: NOTE.into(),
        ..Default::default()
    };
    world
        .complaints
        .verify_complaint(coordinator(request))
        .await
        .unwrap();
}

pub async fn respond(world: &mut World, name: &str) {
    let request = v1::RespondToComplaintRequest {
        request_id: request_id(),
        name: name.into(),
        text: ANSWER.into(),
        ..Default::default()
    };
    world
        .complaints
        .respond_to_complaint(liaison(request))
        .await
        .unwrap();
}

pub async fn ask(world: &mut World, name: &str) {
    let request = v1::RequestCompletionRequest {
        request_id: request_id(),
        name: name.into(),
        text: ASKED.into(),
        ..Default::default()
    };
    let request = liaison(request);
    world.complaints.request_completion(request).await.unwrap();
}

/// Brings a report through all actions with a text.
async fn complete_life(world: &mut World, report: &Submitted) {
    let name = report.name.clone();
    verify(world, &name).await;
    let request = v1::StartFollowUpRequest {
        request_id: request_id(),
        name: name.clone(),
        ..Default::default()
    };
    world.complaints.start_follow_up(liaison(request)).await.unwrap();
    ask(world, &name).await;
    let file = upload(world, report.access(), REPLY_FILE).await;
    let request = v1::ReplyToComplaintRequest {
        request_id: request_id(),
        access: report.access(),
        text: REPLY.into(),
        attachments: vec![file],
    };
    world
        .complaints
        .reply_to_complaint(public(request))
        .await
        .unwrap();
    let request = v1::EscalateComplaintRequest {
        request_id: request_id(),
        name: name.clone(),
        text: RAISED.into(),
        ..Default::default()
    };
    world
        .complaints
        .escalate_complaint(coordinator(request))
        .await
        .unwrap();
    respond(world, &name).await;
    let request = v1::RateComplaintRequest {
        request_id: request_id(),
        access: report.access(),
        rating: 4,
        text: COMMENT.into(),
    };
    world.complaints.rate_complaint(public(request)).await.unwrap();
}

async fn track(world: &mut World, access: Option<v1::Access>) -> v1::TrackComplaintResponse {
    let request = public(v1::TrackComplaintRequest { access });
    world
        .complaints
        .track_complaint(request)
        .await
        .unwrap()
        .into_inner()
}

async fn get(world: &mut World, name: &str) -> v1::Complaint {
    let request = coordinator(v1::GetComplaintRequest { name: name.into() });
    let answer = world.complaints.get_complaint(request).await.unwrap();
    answer.into_inner().complaint.unwrap()
}

fn code_only(report: &Submitted) -> Option<v1::Access> {
    Some(v1::Access {
        tracking_code: report.code.clone(),
        secret: String::new(),
    })
}

pub async fn read(world: &mut World, report: &Submitted, reader: Reader) -> v1::Complaint {
    match reader {
        Reader::Official => get(world, &report.name).await,
        Reader::Code => track(world, code_only(report)).await.complaint.unwrap(),
        Reader::Secret => track(world, report.access()).await.complaint.unwrap(),
    }
}

/// The texts that a reader sees.
fn readable_words(reader: Reader, confidential: bool) -> Vec<&'static str> {
    let said = [TITLE, TEXT, PLACE, SP4N, "2026-02-10"];
    match reader {
        Reader::Official => {
            let rest = [NOTE, ASKED, REPLY, RAISED, ANSWER, COMMENT, FILE, REPLY_FILE];
            [&said[..], &rest].concat()
        }
        Reader::Secret => [&said[..], &[ASKED, REPLY, ANSWER, COMMENT, FILE, REPLY_FILE]].concat(),
        Reader::Code if confidential => Vec::new(),
        Reader::Code => [&said[..], &[ASKED, ANSWER]].concat(),
    }
}

#[tokio::test]
async fn each_reader_sees_exactly_what_they_may() {
    on_each_database(async |mut world| {
        for flags in 0..4 {
            let (anonymous, confidential) = (flags & 1 != 0, flags & 2 != 0);
            let report = submitted(&mut world, anonymous, confidential).await;
            complete_life(&mut world, &report).await;
            for reader in [Reader::Code, Reader::Secret, Reader::Official] {
                let complaint = read(&mut world, &report, reader).await;
                let shown = format!("{complaint:?}");
                let expected = readable_words(reader, confidential);
                for word in readable_words(Reader::Official, false) {
                    let says = format!("{reader:?} {flags} {word}: {shown}");
                    // The file names of an anonymous or confidential report are replaced, because they may contain the name of a
                    // person.
                    let neutral = (anonymous || confidential) && [FILE, REPLY_FILE].contains(&word);
                    assert_eq!(
                        shown.contains(word),
                        expected.contains(&word) && !neutral,
                        "{says}"
                    );
                }
                let neutral = (anonymous || confidential) && expected.contains(&FILE);
                assert_eq!(
                    shown.contains("lampiran-1.png"),
                    neutral,
                    "{reader:?} {flags}: {shown}"
                );
                for word in NEVER {
                    assert!(!shown.contains(word), "{reader:?} {word}");
                }
                let official = reader == Reader::Official;
                for word in ["koordinator\"", "penghubung\"", "loket\"", "complaints/"] {
                    assert!(official || !shown.contains(word), "{reader:?} {word}: {shown}");
                }
                assert_eq!(
                    (complaint.anonymous, complaint.confidential),
                    (anonymous, confidential)
                );
                assert_eq!(complaint.rating, 4);
                let status = complaint.status.unwrap();
                assert_eq!(status.name, if official { &report.name } else { "" });
                assert_eq!(status.etag.is_empty(), !official);
                let label = if official {
                    "Sudah ditanggapi"
                } else {
                    "Laporan sudah ditanggapi"
                };
                assert_eq!(
                    (status.state.as_str(), status.state_label.as_str()),
                    ("responded", label)
                );
                assert_eq!(
                    (status.agency.as_str(), status.unit.as_str()),
                    ("agencies/3271", UNIT)
                );
                assert_eq!(
                    (status.class.as_str(), status.category.as_str()),
                    ("complaint_regular", "licensing")
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_reader_sees_the_same_steps() {
    on_each_database(async |mut world| {
        let report = submitted(&mut world, false, true).await;
        complete_life(&mut world, &report).await;
        let steps = |complaint: v1::Complaint| -> Vec<(i64, String, String, String, String, String)> {
            let step = |e: v1::TimelineEntry| {
                let kind = e
                    .kind()
                    .as_str_name()
                    .trim_start_matches("TIMELINE_KIND_")
                    .to_owned();
                (e.number, kind, e.action, e.role, e.from_state, e.to_state)
            };
            complaint.timeline.into_iter().map(step).collect()
        };
        let official = steps(read(&mut world, &report, Reader::Official).await);
        let kinds: Vec<(&str, &str, &str)> = official
            .iter()
            .map(|s| (s.1.as_str(), s.2.as_str(), s.5.as_str()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("RECEIVED", "", "received"),
                ("TRANSITION", "start_verification", "verifying"),
                ("TRANSITION", "disposition", "dispositioned"),
                ("TRANSITION", "start_follow_up", "in_progress"),
                ("TRANSITION", "hold", "on_hold_follow_up"),
                ("TRANSITION", "reply", "in_progress"),
                ("ESCALATED_BY_HAND", "", "in_progress"),
                ("TRANSITION", "respond", "responded"),
                ("RATED", "", "responded"),
            ]
        );
        assert_eq!(steps(read(&mut world, &report, Reader::Code).await), official);
        assert_eq!(steps(read(&mut world, &report, Reader::Secret).await), official);
    })
    .await;
}

#[tokio::test]
async fn a_malformed_and_an_unknown_code_get_the_same_response() {
    on_each_database(async |mut world| {
        let report = world.submit("1").await;
        let other = world.submit("2").await;
        let access = |code: &str, secret: &str| {
            Some(v1::Access {
                tracking_code: code.into(),
                secret: secret.into(),
            })
        };
        let mut answers = Vec::new();
        let tried = [
            None,
            access("", ""),
            access("", &report.secret),
            access("apa saja", ""),
            access("00000-00000-00000-00000", ""),
            access("00000-00000-00000-00000", &report.secret),
            access(&report.code, &other.secret),
            access(&report.code, "x"),
            access(&report.code, "!?#"),
            access(&report.code, &format!("{}0", report.secret)),
            access(&format!("{}0", report.code), ""),
        ];
        for access in tried {
            let request = public(v1::TrackComplaintRequest { access });
            let answer = world.complaints.track_complaint(request).await;
            let status = refused(answer, Code::NotFound, "NOT_FOUND");
            answers.push((status.message().to_owned(), status.details().to_vec()));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        // A code as people write it down.
        let spoken = format!(" {} ", report.code.to_lowercase().replace('-', " "));
        let secret = report.secret.to_lowercase().replace('-', "");
        let read = track(&mut world, access(&spoken, &secret)).await;
        assert_eq!(read.complaint.unwrap().actions, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_merged_report_shows_only_the_state_of_the_other_report() {
    on_each_database(async |mut world| {
        let mut reports = Vec::new();
        for title in ["Judul pertama", "Judul kedua", "Judul ketiga"] {
            let request = v1::SubmitComplaintRequest {
                request_id: request_id(),
                title: title.into(),
                ..report("x")
            };
            reports.push(world.submit_as(request).await);
        }
        let merge = |from: usize, into: usize| v1::MergeComplaintRequest {
            request_id: request_id(),
            name: reports[from].name.clone(),
            into: reports[into].name.clone(),
            ..Default::default()
        };
        assert_eq!(track(&mut world, reports[0].access()).await.merged, None);
        let (first, second) = (merge(0, 1), merge(1, 2));
        world
            .complaints
            .merge_complaint(coordinator(first))
            .await
            .unwrap();
        let merged = track(&mut world, reports[0].access()).await.merged.unwrap();
        assert_eq!((merged.state.as_str(), merged.open), ("received", true));
        // The other report is merged into a third one.
        world
            .complaints
            .merge_complaint(coordinator(second))
            .await
            .unwrap();
        verify(&mut world, &reports[2].name).await;
        for access in [code_only(&reports[0]), reports[0].access()] {
            let answer = track(&mut world, access).await;
            let merged = answer.merged.clone().unwrap();
            let only = v1::ComplaintStatus {
                state: "dispositioned".into(),
                state_label: "Laporan diteruskan ke unit pelaksana".into(),
                state_time: merged.state_time,
                open: true,
                ..Default::default()
            };
            assert_eq!(merged, only);
            let shown = format!("{answer:?}");
            assert!(shown.contains("Judul pertama") && shown.contains("archived"));
            for other in ["Judul kedua", "Judul ketiga", "complaints/"] {
                assert!(!shown.contains(other), "{shown}");
            }
        }
        let official = get(&mut world, &reports[0].name).await;
        assert_eq!(official.merged_into, reports[1].name);
        assert_eq!(official.timeline.last().unwrap().other, reports[1].name);
        let into = get(&mut world, &reports[1].name).await;
        let line = into
            .timeline
            .iter()
            .find(|line| line.kind() == v1::TimelineKind::Merged);
        assert_eq!(line.unwrap().other, reports[0].name);
        let public = track(&mut world, reports[1].access()).await.complaint.unwrap();
        assert!(
            public
                .timeline
                .iter()
                .any(|line| line.kind() == v1::TimelineKind::Merged)
        );
        assert!(!format!("{public:?}").contains("complaints/"));
    })
    .await;
}
