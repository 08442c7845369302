//! Which callers may perform which action on a report.

use prima_platform::caller::{Caller, Role};
use prima_proto::complaint::v1;
use tonic::{Code, Status};

use crate::{call::*, fixture::*};

fn officers() -> [(&'static str, Caller); 3] {
    [
        ("liaison", caller("penghubung", Role::Operator, "3271")),
        ("coordinator", caller("koordinator", Role::Admin, "3271")),
        ("national", caller("kemenpanrb", Role::Admin, "*")),
    ]
}

fn strangers() -> [Caller; 4] {
    [
        caller("loket", Role::Intake, "3271"),
        caller("penilai", Role::Evaluator, "*"),
        caller("penghubung-lain", Role::Operator, "3273"),
        caller("koordinator-lain", Role::Admin, "3273"),
    ]
}

const HIGHER: &[&str] = &["coordinator", "national"];
const EVERY: &[&str] = &["liaison", "coordinator", "national"];

/// Each method of officers, a state that allows it, and the callers who may use it.
const RIGHTS: &[(Method, &str, &[&str])] = &[
    (StartVerification, "received", HIGHER),
    (StartVerification, "forwarded", HIGHER),
    (Verify, "verifying", HIGHER),
    (Verify, "received", HIGHER),
    (RequestCompletion, "verifying", HIGHER),
    (RequestCompletion, "in_progress", EVERY),
    (Reject, "verifying", HIGHER),
    (Merge, "verifying", HIGHER),
    (Forward, "received", HIGHER),
    (Forward, "verifying", HIGHER),
    (Forward, "on_hold", HIGHER),
    (Forward, "dispositioned", EVERY),
    (Forward, "in_progress", EVERY),
    (Forward, "on_hold_follow_up", EVERY),
    (StartFollowUp, "dispositioned", EVERY),
    (StartFollowUp, "reopened", EVERY),
    (Respond, "dispositioned", EVERY),
    (Respond, "in_progress", EVERY),
    (Escalate, "received", HIGHER),
    (Escalate, "in_progress", HIGHER),
];

#[tokio::test]
async fn every_method_of_officers_requires_their_role_in_the_agency_that_handles_the_report() {
    on_each_database(async |mut world| {
        let other = world.submit_in_state("lain", "verifying").await;
        for (n, (method, state, may)) in RIGHTS.iter().enumerate() {
            let about = |report: &Submitted| Call {
                into: other.name.clone(),
                ..call(*method, report)
            };
            let report = world.submit_in_state(&format!("{n}"), state).await;
            let before = world.timeline(&report.name).await;
            for stranger in strangers() {
                // Callers who may read reports elsewhere get `NOT_FOUND`.
                let reads = stranger.require_role(&[Role::Operator, Role::Admin]).is_ok();
                let refusal = world.call_as(stranger, about(&report)).await;
                let refusal = if reads {
                    refused(refusal, Code::NotFound, "NOT_FOUND")
                } else {
                    refused(refusal, Code::PermissionDenied, "PERMISSION_DENIED")
                };
                let text = format!("{refusal:?}");
                assert!(!text.contains("3271") && !text.contains(state), "{text}");
            }
            let nobody = world.call_as(Caller::anonymous(), about(&report)).await;
            refused(nobody, Code::Unauthenticated, "TOKEN_MISSING");
            for (_, officer) in officers().into_iter().filter(|(who, _)| !may.contains(who)) {
                let refusal = world.call_as(officer, about(&report)).await;
                refused(refusal, Code::PermissionDenied, "WRONG_ROLE");
            }
            assert_eq!(world.timeline(&report.name).await, before);
            for (who, officer) in officers().into_iter().filter(|(who, _)| may.contains(who)) {
                let report = world.submit_in_state(&format!("{n}-{who}"), state).await;
                let done = world.call_as(officer, about(&report)).await;
                done.unwrap_or_else(|error| panic!("{method:?} in {state} by {who}: {error:?}"));
            }
        }
        let tried: Vec<Method> = RIGHTS.iter().map(|(method, ..)| *method).collect();
        assert!(Method::ALL.iter().all(|m| m.is_reporters() || tried.contains(m)));
    })
    .await;
}

#[tokio::test]
async fn a_missing_report_is_reported_to_callers_with_a_token() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        for method in Method::ALL.into_iter().filter(|m| !m.is_reporters()) {
            let call = Call {
                name: format!("complaints/{}", request_id()),
                into: report.name.clone(),
                ..call(method, &report)
            };
            refused(world.call(call).await, Code::NotFound, "NOT_FOUND");
        }
    })
    .await;
}

#[tokio::test]
async fn the_reporter_acts_by_code_and_secret_and_guessing_reveals_nothing() {
    on_each_database(async |mut world| {
        let others = world.submit_in_state("lain", "responded").await;
        for (n, (method, state)) in [
            (Reply, "on_hold"),
            (Reply, "responded"),
            (Close, "responded"),
            (Reopen, "closed"),
            (Rate, "responded"),
        ]
        .into_iter()
        .enumerate()
        {
            let report = world.submit_in_state(&format!("{n}"), state).await;
            let before = world.timeline(&report.name).await;
            let with = |code: &str, secret: &str| Call {
                access: Some(v1::Access {
                    tracking_code: code.into(),
                    secret: secret.into(),
                }),
                ..call(method, &report)
            };
            let text = |status: &Status| {
                (
                    status.code(),
                    status.message().to_owned(),
                    status.details().to_vec(),
                )
            };
            let secret = world.call(with(&report.code, &others.secret)).await;
            let secret = refused(secret, Code::NotFound, "NOT_FOUND");
            let code = world.call(with("00000-00000-00000-00000", &report.secret)).await;
            let code = refused(code, Code::NotFound, "NOT_FOUND");
            assert_eq!(text(&secret), text(&code));
            // A token does not replace the tracking code.
            let coordinator = caller("koordinator", Role::Admin, "3271");
            let without = Call {
                access: None,
                ..call(method, &report)
            };
            assert_eq!(faults(world.call_as(coordinator, without).await), ["access"]);
            assert_eq!(world.timeline(&report.name).await, before);
            // A code as somebody reads it out.
            let plain = |text: &str| text.replace('-', " ").to_lowercase();
            let done = world
                .call(with(&plain(&report.code), &plain(&report.secret)))
                .await;
            let done = done.unwrap_or_else(|error| panic!("{method:?} in {state}: {error:?}"));
            assert_eq!((done.name.as_str(), done.etag.as_str()), ("", ""));
            assert_eq!(done.agency, AGENCY);
        }
    })
    .await;
}

#[tokio::test]
async fn equal_request_ids_of_two_reporters_do_not_collide() {
    on_each_database(async |mut world| {
        for id in ["satu", "dua"] {
            let report = world.submit_in_state(id, "responded").await;
            let reply = Call {
                request_id: "1".into(),
                ..call(Reply, &report)
            };
            let status = world.call(reply.clone()).await.unwrap();
            assert_eq!(world.call(reply).await.unwrap(), status);
            assert_eq!(world.timeline(&report.name).await.len(), 6);
        }
    })
    .await;
}

#[tokio::test]
async fn intake_callers_may_submit_reports_to_any_agency() {
    on_each_database(async |mut world| {
        for (n, who) in [
            caller("loket", Role::Intake, "3273"),
            caller("penghubung", Role::Operator, "3271"),
            caller("kemenpanrb", Role::Admin, "*"),
        ]
        .into_iter()
        .enumerate()
        {
            let message = prima_platform::testing::served::by(who, report(&n.to_string()));
            world.complaints.submit_complaint(message).await.unwrap();
        }
        let evaluator = by("penilai", Role::Evaluator, "*", report("lain"));
        let refusal = world.complaints.submit_complaint(evaluator).await;
        refused(refusal, Code::PermissionDenied, "PERMISSION_DENIED");
        let refusal = world.complaints.submit_complaint(public(report("lain"))).await;
        refused(refusal, Code::Unauthenticated, "TOKEN_MISSING");
        assert_eq!(world.count("complaint").await, 3);
    })
    .await;
}
