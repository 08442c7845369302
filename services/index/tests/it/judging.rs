//! Who may evaluate and decide objections: those named by the cycle, and never the assessed.

use prima_platform::caller::Role;
use prima_proto::index::v1 as pb;
use tonic::{Code, Request};

use crate::{fixture::*, setup::*};

const ASSESSED: &str = "ASSESSED_MAY_NOT_EVALUATE";

/// Callers related to the assessed, each with the role of an evaluator, and whether they may evaluate in the agency's
/// own cycle.
fn assessed() -> [(&'static str, Vec<Role>, &'static str, bool); 5] {
    [
        ("penilai-kota", vec![Role::Evaluator], "3271", true),
        ("ortal", vec![Role::Admin, Role::Evaluator], "3271", true),
        ("rangkap", vec![Role::Operator, Role::Evaluator], "3271", false),
        ("semua", vec![Role::Operator, Role::Evaluator], "*", false),
        // This caller submitted for the unit.
        ("operator", vec![Role::Evaluator], "*", false),
    ]
}

fn objection(id: &str, assessment: &str) -> pb::FileObjectionRequest {
    pb::FileObjectionRequest {
        request_id: id.into(),
        assessment: assessment.into(),
        indicator: scored("offline")[0].clone(),
        reason: "Bukti terlewat".into(),
    }
}

fn granted(assessment: &str, number: i64) -> pb::DecideObjectionRequest {
    pb::DecideObjectionRequest {
        assessment: assessment.into(),
        number,
        granted: true,
        level: Some(5),
        decision: "Bukti diterima".into(),
    }
}

/// Submits the self-assessment (F-01) of the unit.
async fn self_assessed(t: &World, by: Request<()>, assessment: &str) {
    let (metadata, extensions, ()) = by.into_parts();
    let request = pb::SubmitSelfAssessmentRequest {
        request_id: format!("f01-{assessment}").replace('/', "-"),
        assessment: assessment.into(),
        levels: vec![pb::SelfLevel {
            indicator: scored("offline")[0].clone(),
            level: 5,
            note: String::new(),
        }],
    };
    let request = Request::from_parts(metadata, extensions, request);
    t.assessment
        .clone()
        .submit_self_assessment(request)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assessed_neither_evaluate_nor_decide_in_a_national_cycle() {
    on_each_database(async |mut t| {
        let named = assessed().map(|(subject, ..)| subject.to_owned());
        for (id, scheme, evaluators) in [
            ("terbuka", pb::Scheme::Nasional, Vec::new()),
            (
                "bernama",
                pb::Scheme::Khusus,
                [&named[..], &["e".into()]].concat(),
            ),
        ] {
            let cycle = pb::Cycle {
                scheme: scheme.into(),
                evaluators,
                ..cycle()
            };
            open(&t, id, cycle).await;
            let name = enroll(&t, id, "a", "offline").await;
            self_assessed(&t, operator(()), &name).await;
        }
        t.after_hours(F02_OPENS);
        for id in ["terbuka", "bernama"] {
            let name = format!("cycles/{id}/agencies/3271/units/a");
            for (subject, roles, agency, _) in assessed() {
                let own = evaluation("x", &name, &all("offline", 5));
                let given = t
                    .assessment
                    .submit_evaluation(holding(subject, &roles, agency, own))
                    .await;
                refused(given, Code::PermissionDenied, ASSESSED);
            }
            // A caller with the role in another agency learns nothing of the cycle.
            let elsewhere = holding(
                "e",
                &[Role::Evaluator],
                "3273",
                evaluation("x", &name, &all("offline", 5)),
            );
            let elsewhere = t.assessment.submit_evaluation(elsewhere).await;
            refused(elsewhere, Code::PermissionDenied, "PERMISSION_DENIED");
            evaluate(&t, "e", &format!("e-{id}"), &name, &all("offline", 3)).await;
            let filed = as_role("keberatan", Role::Operator, objection(id, &name));
            t.assessment.file_objection(filed).await.unwrap();
            let filer = [("keberatan", vec![Role::Evaluator], "*", false)];
            for (subject, roles, agency, _) in assessed().into_iter().chain(filer) {
                let decision = holding(subject, &roles, agency, granted(&name, 1));
                let decided = t.assessment.decide_objection(decision).await;
                refused(decided, Code::PermissionDenied, ASSESSED);
            }
            let decided = t
                .assessment
                .decide_objection(evaluator("e", granted(&name, 1)))
                .await;
            assert!(decided.unwrap().into_inner().objection.unwrap().granted);
        }
        assert_eq!(t.count("evaluation WHERE evaluator <> 'e'").await, 0);
        assert_eq!(t.count("objection WHERE decider <> 'e'").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_evaluates_in_its_own_cycle_but_not_by_its_operators() {
    on_each_database(async |mut t| {
        let own = pb::Cycle {
            scheme: pb::Scheme::Mandiri.into(),
            agency: "agencies/3271".into(),
            ..cycle()
        };
        open(&t, "m", own).await;
        let name = enroll(&t, "m", "a", "offline").await;
        self_assessed(&t, operator(()), &name).await;
        t.after_hours(F02_OPENS);
        for (subject, roles, agency, may) in assessed() {
            let levels = evaluation(subject, &name, &all("offline", 3));
            let given = t
                .assessment
                .submit_evaluation(holding(subject, &roles, agency, levels))
                .await;
            match may {
                true => assert!(given.is_ok(), "{subject}: {given:?}"),
                false => drop(refused(given, Code::PermissionDenied, ASSESSED)),
            }
        }
        let filed = as_role("keberatan", Role::Operator, objection("o", &name));
        t.assessment.file_objection(filed).await.unwrap();
        // Callers who may not decide come first, because afterwards the objection is decided.
        let mut callers = assessed();
        callers.sort_by_key(|(.., may)| *may);
        for (subject, roles, agency, may) in callers {
            let decision = holding(subject, &roles, agency, granted(&name, 1));
            let decided = t.assessment.decide_objection(decision).await;
            match may {
                true => assert!(decided.is_ok(), "{subject}: {decided:?}"),
                false => drop(refused(decided, Code::PermissionDenied, ASSESSED)),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_names_who_evaluates_and_who_decides() {
    on_each_database(async |mut t| {
        let named = pb::Cycle {
            evaluators: vec!["e1".into(), "e2".into()],
            objection_deciders: vec!["e1".into(), "pleno".into()],
            ..cycle()
        };
        let opened = open(&t, "c", named.clone()).await;
        assert_eq!(opened.evaluators, named.evaluators);
        let get = pb::GetCycleRequest {
            name: "cycles/c".into(),
        };
        for (caller, shown) in [
            (admin(get.clone()), true),
            (evaluator("x", get.clone()), true),
            (operator(get.clone()), false),
            (as_role("ortal", Role::Admin, get.clone()), false),
        ] {
            let read = t.assessment.get_cycle(caller).await.unwrap();
            let read = read.into_inner().cycle.unwrap();
            let found = (read.evaluators == named.evaluators)
                && (read.objection_deciders == named.objection_deciders);
            assert_eq!(found, shown);
            assert_eq!(read.evaluators.is_empty(), !shown);
        }
        let listed = t
            .assessment
            .list_cycles(admin(pb::ListCyclesRequest::default()))
            .await
            .unwrap();
        assert!(listed.into_inner().cycles.iter().all(|c| c.evaluators.is_empty()));
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        for other in ["e3", "pleno"] {
            let levels = evaluation("x", &name, &all("offline", 5));
            let given = t.assessment.submit_evaluation(evaluator(other, levels)).await;
            refused(given, Code::PermissionDenied, "NOT_NAMED_EVALUATOR");
        }
        evaluate(&t, "e1", "a", &name, &all("offline", 3)).await;
        t.assessment
            .file_objection(operator(objection("o", &name)))
            .await
            .unwrap();
        for (other, reason) in [
            ("e2", "NOT_NAMED_DECIDER"),
            ("e3", "NOT_NAMED_DECIDER"),
            ("e1", "GAVE_THE_LEVEL"),
        ] {
            let decided = t
                .assessment
                .decide_objection(evaluator(other, granted(&name, 1)))
                .await;
            refused(decided, Code::PermissionDenied, reason);
        }
        t.assessment
            .decide_objection(evaluator("pleno", granted(&name, 1)))
            .await
            .unwrap();
        let bad = pb::Cycle {
            evaluators: vec!["e".into(), "e".into()],
            objection_deciders: vec![String::new()],
            year: "2024".into(),
            ..cycle()
        };
        let request = pb::OpenCycleRequest {
            request_id: "bad".into(),
            cycle_id: "bad".into(),
            cycle: Some(bad),
        };
        assert_eq!(
            faults(t.assessment.open_cycle(admin(request)).await),
            ["cycle.evaluators", "cycle.objection_deciders"]
        );
    })
    .await;
}

fn renamed(etag: &str, evaluators: &[&str], deciders: &[&str], paths: &[&str]) -> pb::UpdateCycleRequest {
    let subjects = |given: &[&str]| given.iter().map(|s| (*s).to_owned()).collect();
    pb::UpdateCycleRequest {
        cycle: Some(pb::Cycle {
            name: "cycles/c".into(),
            etag: etag.into(),
            evaluators: subjects(evaluators),
            objection_deciders: subjects(deciders),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: paths.iter().map(|p| (*p).to_owned()).collect(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluators_and_deciders_are_changed_by_those_who_run_the_cycle_until_it_is_settled() {
    on_each_database(async |mut t| {
        let named = pb::Cycle {
            evaluators: vec!["e1".into()],
            objection_deciders: vec!["pleno".into()],
            ..cycle()
        };
        let opened = open(&t, "c", named).await;
        let name = enroll(&t, "c", "a", "offline").await;
        let both = ["evaluators", "objection_deciders"];
        let change = renamed(&opened.etag, &["e2"], &[], &both);
        for caller in [
            operator(change.clone()),
            evaluator("e1", change.clone()),
            as_role("ortal", Role::Admin, change.clone()),
        ] {
            let done = t.assessment.update_cycle(caller).await;
            refused(done, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let wrong = renamed(
            "",
            &["e2", "e2"],
            &[""],
            &["evaluators", "objection_deciders", "year"],
        );
        let wrong = t.assessment.update_cycle(admin(wrong)).await;
        assert_eq!(
            faults(wrong),
            ["update_mask", "cycle.evaluators", "cycle.objection_deciders"]
        );
        let nothing = t.assessment.update_cycle(admin(renamed("", &[], &[], &[]))).await;
        assert_eq!(faults(nothing), ["update_mask"]);
        let changed = t.assessment.update_cycle(admin(change.clone())).await;
        let changed = changed.unwrap().into_inner().cycle.unwrap();
        assert_eq!(
            (&changed.evaluators[..], &changed.objection_deciders[..]),
            (&["e2".to_owned()][..], &[][..])
        );
        assert_eq!(changed.display_name, opened.display_name);
        let stale = t.assessment.update_cycle(admin(change)).await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        t.after_hours(F02_OPENS);
        let levels = evaluation("x", &name, &all("offline", 5));
        let before = t.assessment.submit_evaluation(evaluator("e1", levels)).await;
        refused(before, Code::PermissionDenied, "NOT_NAMED_EVALUATOR");
        evaluate(&t, "e2", "e2", &name, &all("offline", 3)).await;
        let settle = pb::FinalizeCycleRequest {
            name: "cycles/c".into(),
            allow_incomplete: true,
            ..Default::default()
        };
        t.assessment.finalize_cycle(admin(settle)).await.unwrap();
        let late = t
            .assessment
            .update_cycle(admin(renamed("", &["e3"], &[], &["evaluators"])))
            .await;
        refused(late, Code::FailedPrecondition, "CYCLE_FINAL");
    })
    .await;
}
