//! Repeated requests, stale versions and concurrent calls.

use futures::future::join_all;
use prima_platform::caller::Role;
use prima_proto::complaint::v1;
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{call::*, fixture::*};

/// Each method with a state that allows it.
const STATES: [(Method, &str); 13] = [
    (StartVerification, "received"),
    (Verify, "verifying"),
    (RequestCompletion, "in_progress"),
    (Reject, "verifying"),
    (Merge, "verifying"),
    (Forward, "verifying"),
    (StartFollowUp, "dispositioned"),
    (Respond, "in_progress"),
    (Reply, "responded"),
    (Close, "responded"),
    (Reopen, "closed"),
    (Rate, "closed"),
    (Escalate, "received"),
];

#[tokio::test]
async fn a_repeat_gets_the_stored_response_even_from_a_replica_with_a_new_first_key() {
    on_each_database(async |mut world| {
        let mut config = world.config.clone();
        config.complaint.keys.insert(0, key("k2"));
        let mut replica = world.replica(config).await;
        let other = world.submit_in_state("lain", "verifying").await;
        for (method, state) in STATES {
            let report = world.submit_in_state(&format!("{method:?}"), state).await;
            let call = Call {
                into: other.name.clone(),
                ..call(method, &report)
            };
            let first = world.call(call.clone()).await.unwrap();
            let lines = world.count("timeline").await;
            // The agency no longer handles a forwarded report, yet the caller gets the stored response.
            assert_eq!(world.call(call.clone()).await.unwrap(), first, "{method:?}");
            assert_eq!(replica.call(call.clone()).await.unwrap(), first, "{method:?}");
            let changed = Call {
                etag: "1".into(),
                text: "Isi yang lain".into(),
                access: Some(v1::Access {
                    tracking_code: report.code.to_lowercase(),
                    ..report.access().unwrap()
                }),
                ..call
            };
            for world in [&world, &replica] {
                let refusal = world.call(changed.clone()).await;
                let refusal = refused(refusal, Code::InvalidArgument, "REQUEST_ID_REUSED");
                assert_eq!(violations(&refusal), ["request_id"]);
            }
            assert_eq!(world.count("timeline").await, lines, "{method:?}");
        }
        let (first, again) = (world.submit("satu").await, replica.submit("satu").await);
        assert_eq!((first.code, first.secret), (again.code, again.secret));
        assert_eq!(first.status, again.status);
        // A report that was received under the new key can be processed by the other replica.
        let new = replica.submit("baru").await;
        assert_eq!(replica.done(StartVerification, &new).await.state, "verifying");
    })
    .await;
}

#[tokio::test]
async fn a_stale_etag_is_aborted_and_a_current_one_is_not() {
    on_each_database(async |mut world| {
        let other = world.submit_in_state("lain", "verifying").await;
        for (method, state) in STATES.into_iter().filter(|(m, _)| !m.is_reporters()) {
            let report = world.submit_in_state(&format!("{method:?}"), state).await;
            let raised = world.done(Escalate, &report).await;
            let with = |etag: &str| Call {
                into: other.name.clone(),
                etag: etag.into(),
                ..call(method, &report)
            };
            let refusal = world.call(with(&report.status.etag)).await;
            refused(refusal, Code::Aborted, "ETAG_MISMATCH");
            let status = world.call(with(&raised.etag)).await.unwrap();
            assert_ne!(status.etag, raised.etag, "{method:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_equal_submissions_make_one_report() {
    on_each_database(async |world| {
        let file = world.file_of(intake_caller()).await;
        let request = v1::SubmitComplaintRequest {
            attachments: vec![file],
            ..report("satu")
        };
        let calls = (0..50).map(|_| {
            let (mut client, request) = (world.complaints.clone(), intake(request.clone()));
            async move { client.submit_complaint(request).await }
        });
        let mut answers = Vec::new();
        for answer in join_all(calls).await {
            answers.push(answer.unwrap().into_inner());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        for table in ["complaint", "timeline", "request", "attachment"] {
            // The upload stores an idempotency key as well.
            let expected = if table == "request" { 2 } else { 1 };
            assert_eq!(world.count(table).await, expected, "{table}");
        }
    })
    .await;
}

/// Two portals have tokens with the same subject: neither gets the report of the other, nor its secret.
#[tokio::test]
async fn a_request_id_belongs_to_the_agencies_of_its_caller() {
    on_each_database(async |world| {
        let submit = async |agency: &str| {
            let mut request = tonic::Request::new(report("satu"));
            request
                .extensions_mut()
                .insert(caller("Portal", Role::Intake, agency));
            world.complaints.clone().submit_complaint(request).await
        };
        let first = submit("3271").await.unwrap().into_inner();
        assert_eq!(submit("3271").await.unwrap().into_inner(), first);
        match submit("*").await {
            Ok(other) => {
                let other = other.into_inner();
                assert_ne!(other.tracking_code, first.tracking_code);
                assert_ne!(other.secret, first.secret);
            }
            Err(refusal) => panic!("{refusal:?}"),
        }
        assert_eq!(world.count("complaint").await, 2);
    })
    .await;
}

fn intake_caller() -> prima_platform::caller::Caller {
    caller("loket", Role::Intake, "3271")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_concurrent_answers_one_succeeds() {
    on_each_database(async |mut world| {
        for n in 0..5 {
            let report = world.submit_in_state(&n.to_string(), "in_progress").await;
            let by = |subject: &str| {
                let officer = caller(subject, Role::Operator, "3271");
                world.call_as(officer, call(Respond, &report))
            };
            let (one, two) = tokio::join!(by("satu"), by("dua"));
            assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
            refused(one.and(two), Code::FailedPrecondition, "ILLEGAL_TRANSITION");
            let lines = world.timeline(&report.name).await;
            assert_eq!(lines.len(), 5);
            assert!(lines.iter().zip(1..).all(|(line, n)| line.number == n));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_actions_are_serialised() {
    on_each_database(async |mut world| {
        let report = world.submit_in_state("satu", "responded").await;
        let raise = |_| world.call(call(Escalate, &report));
        let repeated = call(Reply, &report);
        let reply = |_| world.call(repeated.clone());
        let (raised, replied) = tokio::join!(join_all((0..10).map(raise)), join_all((0..10).map(reply)));
        let mut levels: Vec<i32> = raised.into_iter().flatten().map(|s| s.level).collect();
        levels.sort_unstable();
        assert_eq!(levels, [1, 2, 3]);
        let replied: Vec<_> = replied.into_iter().map(Result::unwrap).collect();
        assert!(replied.iter().all(|status| *status == replied[0]));
        let lines = world.timeline(&report.name).await;
        assert_eq!(lines.len(), 5 + 3 + 1);
        assert!(lines.iter().zip(1..).all(|(line, n)| line.number == n));
        assert!(lines.is_sorted_by_key(|line| line.part("at").to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_can_be_attached_to_one_answer_only() {
    on_each_database(async |mut world| {
        let file = world.file_of(usual_caller(Respond)).await;
        let mut done = 0;
        for id in ["satu", "dua"] {
            let report = world.submit_in_state(id, "in_progress").await;
            let with = Call {
                attachments: vec![file.clone()],
                ..call(Respond, &report)
            };
            match world.call(with.clone()).await {
                Ok(status) => {
                    done += 1;
                    assert_eq!(world.call(with).await.unwrap(), status);
                }
                refusal => assert_eq!(faults(refusal), ["attachments[0]"]),
            }
        }
        assert_eq!(done, 1);
    })
    .await;
}

impl World {
    /// Uploads a small file; returns its name.
    async fn file_of(&self, by: prima_platform::caller::Caller) -> String {
        let content = b"%PDF-1.7 surat".to_vec();
        let head = v1::UploadAttachmentHead {
            request_id: request_id(),
            display_name: "surat.pdf".into(),
            media_type: "application/pdf".into(),
            size: i64::try_from(content.len()).unwrap(),
            sha256: Sha256::digest(&content).to_vec(),
            access: None,
        };
        use v1::upload_attachment_request::Part;
        let parts = [Part::Head(head), Part::Data(content)];
        let parts = parts.map(|part| v1::UploadAttachmentRequest { part: Some(part) });
        let stream = prima_platform::testing::served::by(by, futures::stream::iter(parts));
        let answer = self.complaints.clone().upload_attachment(stream).await;
        answer.unwrap().into_inner().attachment.unwrap().name
    }
}
