//! Every method reports every fault at once, stores nothing, and repeats nothing of what was written.

use prima_proto::complaint::v1;
use tonic::{Code, Status};

use crate::{call::*, fixture::*};

/// Part of every text of a refused request.
const MARK: &str = "rahasia-4711";

#[track_caller]
fn silent(status: &Status) {
    let text = format!(
        "{} {:?}",
        status.message(),
        String::from_utf8_lossy(status.details())
    );
    assert!(!text.contains(MARK), "{text}");
}

/// A call in which every field is wrong.
fn broken(method: Method, report: &Submitted) -> Call {
    Call {
        request_id: format!("{MARK} !"),
        name: MARK.into(),
        etag: MARK.into(),
        access: Some(v1::Access {
            tracking_code: MARK.into(),
            secret: MARK.into(),
        }),
        to: MARK.into(),
        into: MARK.into(),
        unit: MARK.into(),
        category: MARK.into(),
        reason: String::new(),
        text: format!("{MARK}\u{7}"),
        rating: 6,
        attachments: vec![MARK.into(), "attachments/a".into(), "attachments/a".into()],
        ..call(method, report)
    }
}

#[tokio::test]
async fn every_action_reports_every_fault_at_once_and_stores_and_repeats_nothing() {
    on_each_database(async |mut world| {
        let report = world.submit_in_state("satu", "verifying").await;
        let (lines, requests) = (world.count("timeline").await, world.count("request").await);
        let access = ["access.tracking_code", "access.secret"];
        for method in Method::ALL {
            let mut expected = vec!["request_id"];
            if method.is_reporters() {
                expected.extend(access);
            } else {
                expected.push("name");
            }
            expected.extend(match method {
                Verify => &["unit", "category", "note"][..],
                RequestCompletion | Reopen | Escalate => &["text"],
                Reject => &["text", "reason"],
                Merge => &["into"],
                Forward => &["to", "text"],
                Rate => &["rating", "text"],
                StartVerification | StartFollowUp | Close => &[],
                Respond | Reply => &["text", "attachments[0]", "attachments[2]"],
            });
            let refusal = world.call(broken(method, &report)).await.unwrap_err();
            silent(&refusal);
            assert_eq!(faults::<()>(Err(refusal)), expected, "{method:?}");
            let empty = Call {
                request_id: String::new(),
                name: String::new(),
                access: None,
                ..broken(method, &report)
            };
            let refusal = world.call(empty).await;
            let found = faults(refusal);
            let head = if method.is_reporters() { "access" } else { "name" };
            assert_eq!(found[..2], ["request_id", head], "{method:?}");
        }
        assert_eq!(world.count("timeline").await, lines);
        assert_eq!(world.count("request").await, requests);
    })
    .await;
}

#[tokio::test]
async fn texts_may_have_the_lengths_of_the_contract() {
    on_each_database(async |mut world| {
        let lengths: &[(Method, &str, usize, usize)] = &[
            (Verify, "verifying", 0, 5000),
            (RequestCompletion, "verifying", 5, 5000),
            (Reject, "verifying", 5, 5000),
            (Forward, "verifying", 5, 5000),
            (Respond, "in_progress", 5, 10_000),
            (Reply, "responded", 2, 10_000),
            (Reopen, "closed", 5, 5000),
            (Rate, "closed", 0, 2000),
            (Escalate, "received", 5, 5000),
        ];
        for (method, state, least, most) in lengths {
            let mut tries = vec![(*least, true), (*most, true), (most + 1, false)];
            tries.extend(least.checked_sub(1).map(|n| (n, false)));
            for (n, fits) in tries {
                let report = world.submit_in_state(&format!("{method:?}-{n}"), state).await;
                let call = Call {
                    // The limits count characters, not bytes.
                    text: "é".repeat(n),
                    ..call(*method, &report)
                };
                let done = world.call(call).await;
                assert_eq!(done.is_ok(), fits, "{method:?} {n}: {done:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn faults_that_depend_on_the_report_are_reported_together_as_well() {
    on_each_database(async |mut world| {
        let report = world.submit_in_state("satu", "verifying").await;
        let verify = Call {
            unit: format!("{ELSEWHERE}/units/disdik"),
            class: MARK.into(),
            category: String::new(),
            ..call(Verify, &report)
        };
        let refusal = world.call(verify).await.unwrap_err();
        silent(&refusal);
        assert_eq!(faults::<()>(Err(refusal)), ["unit", "class", "category"]);
        let reject = Call {
            reason: MARK.into(),
            ..call(Reject, &report)
        };
        let refusal = world.call(reject).await.unwrap_err();
        silent(&refusal);
        assert_eq!(faults::<()>(Err(refusal)), ["reason"]);
        assert_eq!(world.timeline(&report.name).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_submission_reports_every_fault_at_once_and_stores_and_repeats_nothing() {
    on_each_database(async |mut world| {
        let wrong = || v1::SubmitComplaintRequest {
            request_id: format!("{MARK} !"),
            parent: MARK.into(),
            class: MARK.into(),
            category: MARK.into(),
            title: format!("{MARK}\u{7}"),
            text: MARK.into(),
            location: format!("{MARK}\n"),
            region: MARK.into(),
            incident_date: MARK.into(),
            channel: 99,
            sp4n_number: MARK.repeat(10),
            reporter: Some(v1::Reporter {
                display_name: format!("{MARK}\u{7}"),
                identity_number: MARK.into(),
                phone: MARK.into(),
                email: MARK.into(),
                address: format!("{MARK}\u{7}"),
            }),
            attachments: vec![MARK.into()],
            ..Default::default()
        };
        let refusal = world
            .complaints
            .submit_complaint(intake(wrong()))
            .await
            .unwrap_err();
        silent(&refusal);
        let expected = [
            "request_id",
            "parent",
            "class",
            "category",
            "title",
            "text",
            "region",
            "incident_date",
            "channel",
            "sp4n_number",
            "reporter.identity_number",
            "reporter.display_name",
            "reporter.phone",
            "reporter.email",
            "reporter.address",
            "attachments[0]",
        ];
        assert_eq!(faults::<()>(Err(refusal)), expected);
        let nobody = v1::SubmitComplaintRequest {
            reporter: None,
            incident_date: "2026-02-14".into(),
            ..report("satu")
        };
        let refusal = world.complaints.submit_complaint(intake(nobody)).await;
        assert_eq!(faults(refusal), ["incident_date", "reporter"]);
        assert_eq!(world.count("complaint").await, 0);
        assert_eq!(world.count("request").await, 0);
    })
    .await;
}

#[tokio::test]
async fn an_anonymous_reporter_needs_no_name_and_dates_follow_the_agencys_time_zone() {
    on_each_database(async |mut world| {
        let reporter = v1::Reporter {
            phone: "081234567890".into(),
            ..Default::default()
        };
        let nameless = |anonymous| v1::SubmitComplaintRequest {
            anonymous,
            reporter: Some(reporter.clone()),
            ..report("satu")
        };
        let refusal = world.complaints.submit_complaint(intake(nameless(false))).await;
        assert_eq!(faults(refusal), ["reporter.display_name"]);
        world.submit_as(nameless(true)).await;
        // It is the 14th in Papua, and still the 13th in Bogor.
        world.at("2026-02-13T16:00:00Z");
        let today = |id: &str, parent: &str| v1::SubmitComplaintRequest {
            incident_date: "2026-02-14".into(),
            parent: parent.into(),
            ..report(id)
        };
        world.submit_as(today("dua", "agencies/9471")).await;
        let refusal = world
            .complaints
            .submit_complaint(intake(today("tiga", AGENCY)))
            .await;
        assert_eq!(faults(refusal), ["incident_date"]);
    })
    .await;
}

#[tokio::test]
async fn a_request_with_unknown_files_is_refused_as_a_whole() {
    on_each_database(async |mut world| {
        let unknown = vec!["attachments/a".to_owned(), "attachments/b".to_owned()];
        let expected = ["attachments[0]", "attachments[1]"];
        for (method, state) in [(Respond, "in_progress"), (Reply, "responded")] {
            let report = world.submit_in_state(state, state).await;
            let before = world.timeline(&report.name).await;
            let with = Call {
                attachments: unknown.clone(),
                ..call(method, &report)
            };
            let refusal = refused(
                world.call(with.clone()).await,
                Code::InvalidArgument,
                "INVALID_FIELDS",
            );
            assert_eq!(violations(&refusal), expected);
            assert_eq!(world.timeline(&report.name).await, before);
            // The refused request stored no response, so the same id without the files is a new request.
            let without = Call {
                attachments: Vec::new(),
                ..with
            };
            world.call(without).await.unwrap();
        }
        let submission = v1::SubmitComplaintRequest {
            attachments: unknown,
            ..report("satu")
        };
        let refusal = world.complaints.submit_complaint(intake(submission)).await;
        assert_eq!(faults(refusal), expected);
        assert_eq!(world.count("complaint").await, 2);
    })
    .await;
}
