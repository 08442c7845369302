//! Who may do what to a report.

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

/// Each method of officers, in a state that allows it, and who may.
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
async fn every_method_of_officers_belongs_to_their_roles_in_the_agency_that_has_the_report() {
    on_each_database(async |mut world| {
        let other = world.brought("lain", "verifying").await;
        for (n, (method, state, may)) in RIGHTS.iter().enumerate() {
            let about = |report: &Submitted| Call {
                into: other.name.clone(),
                ..call(*method, report)
            };
            let report = world.brought(&format!("{n}"), state).await;
            let before = world.timeline(&report.name).await;
            for stranger in strangers() {
                // Who may read reports elsewhere is told that there is none.
                let reads = stranger.holds(&[Role::Operator, Role::Admin]).is_ok();
                let refusal = world.call_as(stranger, about(&report)).await;
                let refusal = if reads {
                    refused(refusal, Code::NotFound, "NOT_FOUND")
                } else {
                    refused(refusal, Code::PermissionDenied, "PERMISSION_DENIED")
                };
                let told = format!("{refusal:?}");
                assert!(!told.contains("3271") && !told.contains(state), "{told}");
            }
            let nobody = world.call_as(Caller::anonymous(), about(&report)).await;
            refused(nobody, Code::Unauthenticated, "TOKEN_MISSING");
            for (_, officer) in officers().into_iter().filter(|(who, _)| !may.contains(who)) {
                let refusal = world.call_as(officer, about(&report)).await;
                refused(refusal, Code::PermissionDenied, "WRONG_ROLE");
            }
            assert_eq!(world.timeline(&report.name).await, before);
            for (who, officer) in officers().into_iter().filter(|(who, _)| may.contains(who)) {
                let report = world.brought(&format!("{n}-{who}"), state).await;
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
async fn a_name_of_no_report_is_told_to_whoever_has_a_token() {
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
async fn the_reporter_acts_by_code_and_secret_and_who_guesses_learns_nothing() {
    on_each_database(async |mut world| {
        let others = world.brought("lain", "responded").await;
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
            let report = world.brought(&format!("{n}"), state).await;
            let before = world.timeline(&report.name).await;
            let with = |code: &str, secret: &str| Call {
                access: Some(v1::Access {
                    tracking_code: code.into(),
                    secret: secret.into(),
                }),
                ..call(method, &report)
            };
            let told = |status: &Status| {
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
            assert_eq!(told(&secret), told(&code));
            // A token is no code.
            let coordinator = caller("koordinator", Role::Admin, "3271");
            let without = Call {
                access: None,
                ..call(method, &report)
            };
            assert_eq!(faults(world.call_as(coordinator, without).await), ["access"]);
            assert_eq!(world.timeline(&report.name).await, before);
            // As somebody reads it out.
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
async fn reporters_who_chose_the_same_request_id_do_not_meet() {
    on_each_database(async |mut world| {
        for id in ["satu", "dua"] {
            let report = world.brought(id, "responded").await;
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
async fn reports_are_taken_in_by_who_may_of_any_agency() {
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
