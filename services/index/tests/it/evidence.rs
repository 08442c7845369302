//! Evidence over gRPC: links, and files checked before they count.

use std::{path::Path, time::Duration};

use futures::{Stream, StreamExt, stream};
use prima_platform::{
    caller::{Caller, Role},
    testing::eventually,
};
use prima_proto::index::v1::{self as pb, attach_evidence_request::Part};
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{
    fixture::*,
    setup::{self, evaluator, scored, window},
};

/// The unit in a cycle of 2025.
pub const ASSESSMENT: &str = "cycles/pekppp-2025/agencies/3271/units/dpmptsp";

/// Enrolls the unit in a cycle with these windows of F-01 and of evidence.
pub async fn enroll(t: &World, year: &str, first: Option<pb::Window>, evidence: Option<pb::Window>) {
    let cycle = pb::Cycle {
        year: year.into(),
        self_assessment_window: first,
        evidence_window: evidence,
        ..setup::cycle()
    };
    let id = format!("pekppp-{year}");
    setup::open(t, &id, cycle).await;
    setup::enroll(t, &id, "dpmptsp", "offline").await;
}

/// Settles the cycle of 2025.
pub async fn finalize(t: &mut World) {
    let finalize = pb::FinalizeCycleRequest {
        name: "cycles/pekppp-2025".into(),
        allow_incomplete: true,
        ..Default::default()
    };
    t.assessment.finalize_cycle(admin(finalize)).await.unwrap();
}

/// A PDF of 2.5 MiB and its evidence.
fn file() -> (Vec<u8>, pb::Evidence) {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0_u32..655_360).flat_map(u32::to_le_bytes));
    let evidence = pb::Evidence {
        indicator: scored("offline")[0].clone(),
        display_name: "SK standar pelayanan".into(),
        media_type: "application/pdf".into(),
        size: i64::try_from(bytes.len()).unwrap(),
        sha256: Sha256::digest(&bytes).to_vec(),
        ..Default::default()
    };
    (bytes, evidence)
}

fn link() -> pb::Evidence {
    pb::Evidence {
        indicator: scored("offline")[1].clone(),
        display_name: "Maklumat di situs".into(),
        link: "https://dpmptsp.example.go.id/maklumat".into(),
        ..Default::default()
    }
}

fn head(id: &str, assessment: &str, evidence: pb::Evidence) -> pb::AttachEvidenceRequest {
    pb::AttachEvidenceRequest {
        part: Some(Part::Head(pb::AttachEvidenceHead {
            request_id: id.into(),
            assessment: assessment.into(),
            evidence: Some(evidence),
        })),
    }
}

fn data(bytes: &[u8]) -> pb::AttachEvidenceRequest {
    pb::AttachEvidenceRequest {
        part: Some(Part::Data(bytes.to_vec())),
    }
}

/// The messages of a whole file.
fn whole(
    id: &str,
    assessment: &str,
    evidence: pb::Evidence,
    bytes: &[u8],
) -> impl Stream<Item = pb::AttachEvidenceRequest> + Send + use<> {
    let parts: Vec<_> = bytes.chunks(1 << 20).map(data).collect();
    stream::iter(std::iter::once(head(id, assessment, evidence)).chain(parts))
}

fn list(page_size: i32, page_token: &str) -> pb::ListEvidenceRequest {
    pb::ListEvidenceRequest {
        assessment: ASSESSMENT.into(),
        page_size,
        page_token: page_token.into(),
    }
}

fn read(number: i64) -> pb::ReadEvidenceRequest {
    pb::ReadEvidenceRequest {
        assessment: ASSESSMENT.into(),
        number,
    }
}

/// Files below a folder.
fn files(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.map(|p| if p.is_dir() { files(&p) } else { 1 }).sum()
}

/// Waits until there are `count` files.
async fn files_become(dir: &Path, count: usize) {
    let met = async || (files(dir) == count).then_some(());
    eventually(Duration::from_secs(10), met).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_attached_once_listed_and_read_back_whole() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let (bytes, evidence) = file();
        let messages = whole("a", ASSESSMENT, evidence.clone(), &bytes);
        let answer = t.assessment.attach_evidence(operator(messages)).await.unwrap();
        let stored = answer.into_inner().evidence.unwrap();
        assert!(stored.create_time.is_some());
        let expected = pb::Evidence {
            number: 1,
            create_time: stored.create_time,
            ..evidence.clone()
        };
        assert_eq!(stored, expected);
        // A repeat is answered after its head; the rest of the stream is not awaited.
        let again = stream::iter([head("a", ASSESSMENT, evidence.clone())]).chain(stream::pending());
        let answer = t.assessment.attach_evidence(operator(again)).await.unwrap();
        assert_eq!(answer.into_inner().evidence.unwrap(), stored);
        let other = pb::Evidence {
            display_name: "Lain".into(),
            ..evidence.clone()
        };
        let reused = stream::iter([head("a", ASSESSMENT, other)]);
        let reused = t.assessment.attach_evidence(operator(reused)).await;
        refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        let messages = stream::iter([head("b", ASSESSMENT, link())]);
        let answer = t.assessment.attach_evidence(operator(messages)).await.unwrap();
        let linked = answer.into_inner().evidence.unwrap();
        assert_eq!((linked.number, linked.size), (2, 0));
        // The same file again is new evidence, but is stored once.
        let messages = whole("c", ASSESSMENT, evidence, &bytes);
        t.assessment.attach_evidence(operator(messages)).await.unwrap();
        assert_eq!((t.count("evidence").await, files(&t.objects)), (3, 1));
        let answer = t
            .assessment
            .read_evidence(evaluator("evaluator", read(1)))
            .await
            .unwrap();
        let parts: Vec<_> = answer.into_inner().map(|p| p.unwrap().data).collect().await;
        assert!(parts.len() > 1 && parts.concat() == bytes);
        let link = t
            .assessment
            .read_evidence(evaluator("evaluator", read(2)))
            .await
            .map(drop);
        refused(link, Code::FailedPrecondition, "EVIDENCE_IS_LINK");
        let none = t
            .assessment
            .read_evidence(evaluator("evaluator", read(4)))
            .await
            .map(drop);
        refused(none, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_listed_by_indicator_and_number() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let keys = scored("offline");
        for (n, key) in [&keys[1], &keys[0], &keys[1], &keys[0], &keys[0]]
            .iter()
            .enumerate()
        {
            let evidence = pb::Evidence {
                indicator: (*key).clone(),
                ..link()
            };
            let messages = stream::iter([head(&format!("l-{n}"), ASSESSMENT, evidence)]);
            t.assessment.attach_evidence(operator(messages)).await.unwrap();
        }
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = t
                .assessment
                .list_evidence(operator(list(2, &token)))
                .await
                .unwrap();
            let page = page.into_inner();
            assert!(page.evidence.len() <= 2);
            found.extend(page.evidence.into_iter().map(|e| (e.indicator, e.number)));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let mut expected: Vec<_> = [1, 0, 1, 0, 0]
            .into_iter()
            .zip(1..)
            .map(|(key, number)| (keys[key].clone(), number))
            .collect();
        expected.sort();
        assert_eq!(found, expected);
        let bad = faults(t.assessment.list_evidence(operator(list(-1, ""))).await);
        assert_eq!(bad, ["page_size"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_differs_from_its_head_is_refused_and_leaves_nothing() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let (bytes, evidence) = file();
        let cut = &bytes[..bytes.len() - 1];
        let mut changed = bytes.clone();
        changed[2_000_000] ^= 1;
        let png = pb::Evidence {
            media_type: "image/png".into(),
            ..evidence.clone()
        };
        let mut longer = bytes.clone();
        longer.push(0);
        let cases = [
            (evidence.clone(), cut, vec!["evidence.size"]),
            (evidence.clone(), &longer, vec!["evidence.size"]),
            (evidence.clone(), &changed, vec!["evidence.sha256"]),
            (png.clone(), &bytes, vec!["evidence.media_type"]),
            (png, &changed, vec!["evidence.sha256", "evidence.media_type"]),
        ];
        let kept = t.count("request").await;
        for (evidence, bytes, expected) in cases {
            let messages = whole("a", ASSESSMENT, evidence, bytes);
            let found = faults(t.assessment.attach_evidence(operator(messages)).await);
            assert_eq!(found, expected);
        }
        let long = stream::iter([
            head("a", ASSESSMENT, evidence.clone()),
            data(&bytes[..(1 << 20) + 1]),
        ]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(long)).await),
            ["data"]
        );
        let twice = stream::iter([
            head("a", ASSESSMENT, evidence.clone()),
            head("a", ASSESSMENT, evidence.clone()),
        ]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(twice)).await),
            ["data"]
        );
        let more = stream::iter([head("a", ASSESSMENT, link()), data(b"x")]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(more)).await),
            ["data"]
        );
        let headless = stream::iter([data(b"x")]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(headless)).await),
            ["head"]
        );
        assert_eq!((t.count("evidence").await, t.count("request").await), (0, kept));
        files_become(&t.objects, 0).await;
        // The id is free, because only refusals were returned under it.
        let messages = whole("a", ASSESSMENT, evidence, &bytes);
        t.assessment.attach_evidence(operator(messages)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing_and_can_be_repeated() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let (bytes, evidence) = file();
        let begun = stream::iter([head("a", ASSESSMENT, evidence.clone()), data(&bytes[..1 << 20])])
            .chain(stream::pending());
        let mut client = t.assessment.clone();
        let objects = t.objects.clone();
        let call = client.attach_evidence(operator(begun));
        tokio::select! {
            answer = call => unreachable!("{answer:?}"),
            () = files_become(&objects, 1) => {}
        }
        files_become(&t.objects, 0).await;
        assert_eq!(t.count("evidence").await, 0);
        let messages = whole("a", ASSESSMENT, evidence, &bytes);
        let answer = t.assessment.attach_evidence(operator(messages)).await.unwrap();
        assert_eq!(answer.into_inner().evidence.unwrap().number, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_head_is_reported_at_once() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let nothing = stream::iter([head("", "units/x", pb::Evidence::default())]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(nothing)).await),
            [
                "request_id",
                "assessment",
                "evidence.indicator",
                "evidence.display_name",
                "evidence.media_type",
                "evidence.size",
                "evidence.sha256"
            ]
        );
        let (_, evidence) = file();
        let large = pb::Evidence {
            indicator: "zodiac".into(),
            display_name: "x".repeat(201),
            media_type: "text/html".into(),
            size: (20 << 20) + 1,
            sha256: vec![0; 31],
            ..evidence.clone()
        };
        let large = stream::iter([head("a", ASSESSMENT, large)]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(large)).await),
            [
                "evidence.indicator",
                "evidence.display_name",
                "evidence.media_type",
                "evidence.size",
                "evidence.sha256"
            ]
        );
        let both = pb::Evidence {
            link: "ftp://x".into(),
            ..evidence.clone()
        };
        let both = stream::iter([head("a", ASSESSMENT, both)]);
        assert_eq!(
            faults(t.assessment.attach_evidence(operator(both)).await),
            [
                "evidence.link",
                "evidence.media_type",
                "evidence.size",
                "evidence.sha256"
            ]
        );
        for bad in [
            "javascript:alert(1)",
            "https://user:secret@x.id/",
            "https:// x.id",
            "http://",
        ] {
            let evidence = pb::Evidence {
                link: bad.into(),
                ..link()
            };
            let messages = stream::iter([head("a", ASSESSMENT, evidence)]);
            let found = faults(t.assessment.attach_evidence(operator(messages)).await);
            assert_eq!(found, ["evidence.link"], "{bad}");
        }
        let unknown = ASSESSMENT.replace("dpmptsp", "rsud");
        let messages = stream::iter([head("a", &unknown, link())]);
        let unknown = t.assessment.attach_evidence(operator(messages)).await;
        refused(unknown, Code::NotFound, "NOT_FOUND");
        assert_eq!(t.count("evidence").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_accepted_in_its_window_and_never_after_the_cycle_is_settled() {
    on_each_database(async |mut t| {
        // The window of F-01 applies where the cycle has none for evidence; otherwise its own does.
        enroll(&t, "2022", window(-2, -1), None).await;
        enroll(&t, "2023", window(-1, 1), window(1, 2)).await;
        enroll(&t, "2024", window(-2, -1), window(-1, 1)).await;
        enroll(&t, "2025", window(-1, 1), None).await;
        let (bytes, evidence) = file();
        for (year, open) in [("2022", false), ("2023", false), ("2024", true), ("2025", true)] {
            let name = ASSESSMENT.replace("2025", year);
            let messages = whole(&format!("a-{year}"), &name, evidence.clone(), &bytes);
            let answer = t.assessment.attach_evidence(operator(messages)).await;
            if open {
                assert_eq!(answer.unwrap().into_inner().evidence.unwrap().number, 1);
            } else {
                refused(answer, Code::FailedPrecondition, "WINDOW_CLOSED");
            }
        }
        finalize(&mut t).await;
        let messages = stream::iter([head("b", ASSESSMENT, link())]);
        let late = t.assessment.attach_evidence(operator(messages)).await;
        refused(late, Code::FailedPrecondition, "CYCLE_FINAL");
        // A repeat of an earlier request gets the stored response, and evidence can still be read.
        let again = stream::iter([head("a-2025", ASSESSMENT, evidence)]);
        let again = t.assessment.attach_evidence(operator(again)).await.unwrap();
        assert_eq!(again.into_inner().evidence.unwrap().number, 1);
        assert!(t.assessment.read_evidence(operator(read(1))).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_of_the_agency_attach_and_only_its_roles_read() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let attach = || stream::iter([head("a", ASSESSMENT, link())]);
        let role = |role, agency: &str| Caller::new("x".into(), vec![role], vec![agency.to_owned()]);
        for caller in [
            role(Role::Operator, "3273"),
            role(Role::Evaluator, "3271"),
            role(Role::Intake, "3271"),
        ] {
            let answer = t.assessment.attach_evidence(by(caller, attach())).await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        t.assessment.attach_evidence(operator(attach())).await.unwrap();
        for caller in [
            role(Role::Operator, "3273"),
            role(Role::Evaluator, "3273"),
            role(Role::Intake, "3271"),
        ] {
            let listed = t.assessment.list_evidence(by(caller.clone(), list(0, ""))).await;
            refused(listed, Code::PermissionDenied, "PERMISSION_DENIED");
            let content = t.assessment.read_evidence(by(caller, read(1))).await.map(drop);
            refused(content, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let anonymous = || Caller::anonymous();
        let answer = t.assessment.attach_evidence(by(anonymous(), attach())).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        let answer = t
            .assessment
            .read_evidence(by(anonymous(), read(1)))
            .await
            .map(drop);
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        assert!(
            t.assessment
                .list_evidence(evaluator("evaluator", list(0, "")))
                .await
                .is_ok()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_many_callers_at_once_is_numbered_without_a_gap() {
    on_each_database(async |t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..20 {
            let mut client = t.assessment.clone();
            tasks.spawn(async move {
                let messages = stream::iter([head(&format!("n-{n}"), ASSESSMENT, link())]);
                let answer = client.attach_evidence(operator(messages)).await.unwrap();
                answer.into_inner().evidence.unwrap().number
            });
        }
        let mut numbers = tasks.join_all().await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<i64>>());
    })
    .await;
}
