//! Cycles over gRPC: opened, listed, filled with units, settled.

use prima_platform::caller::{Caller, Role};
use prima_proto::{event::v1 as event, index::v1 as pb};
use tonic::Code;

use crate::{fixture::*, setup::*};

fn request(id: &str, cycle_id: &str, cycle: pb::Cycle) -> pb::OpenCycleRequest {
    pb::OpenCycleRequest {
        request_id: id.into(),
        cycle_id: cycle_id.into(),
        cycle: Some(cycle),
    }
}

fn agency_admin<T>(message: T) -> tonic::Request<T> {
    as_role("ortal", Role::Admin, message)
}

fn own() -> pb::Cycle {
    pb::Cycle {
        scheme: pb::Scheme::Mandiri as i32,
        agency: "agencies/3271".into(),
        ..cycle()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_names_every_fault_at_once() {
    on_each_database(async |mut t| {
        let bad = pb::Cycle {
            display_name: " ".into(),
            scheme: pb::Scheme::Nasional as i32,
            year: "2025-q1".into(),
            agency: "agencies/3271".into(),
            instrument: "pekppp-2022".into(),
            weighting: "x".into(),
            roll_up: "x".into(),
            minimum_respondents: -1,
            under_minimum_policy: "x".into(),
            evaluation_date: "2025-6-30".into(),
            suggestions_count: true,
            self_assessment_window: None,
            evidence_window: Some(pb::Window::default()),
            objection_window: Some(pb::Window {
                open_time: cycle().evaluation_window.unwrap().close_time,
                close_time: cycle().evaluation_window.unwrap().open_time,
            }),
            ..Default::default()
        };
        let found = faults(t.assessment.open_cycle(admin(request("", "A", bad))).await);
        let expected = [
            "request_id",
            "cycle_id",
            "cycle.display_name",
            "cycle.year",
            "cycle.agency",
            "cycle.evaluation_date",
            "cycle.suggestions_count",
            "cycle.minimum_respondents",
            "cycle.self_assessment_window",
            "cycle.evidence_window",
            "cycle.evaluation_window",
            "cycle.objection_window",
            "cycle.weighting",
            "cycle.roll_up",
            "cycle.under_minimum_policy",
        ];
        assert_eq!(found, expected);
        // An instrument without forms, and a missing one.
        for instrument in ["pekppp-2017", "no-such"] {
            let bad = pb::Cycle {
                instrument: instrument.into(),
                scheme: 0,
                ..cycle()
            };
            let found = faults(t.assessment.open_cycle(admin(request("a", "a", bad))).await);
            let expected = match instrument {
                // It was in force until 2021.
                "pekppp-2017" => vec!["cycle.scheme", "cycle.year", "cycle.instrument"],
                _ => vec!["cycle.scheme", "cycle.instrument"],
            };
            assert_eq!(found, expected);
        }
        // Of a year before the instrument, the fault names the one that was in force.
        let early = pb::Cycle {
            year: "2019".into(),
            ..cycle()
        };
        let early = t.assessment.open_cycle(admin(request("a", "a", early))).await;
        assert!(format!("{:?}", early.as_ref().unwrap_err()).contains("pekppp-2017"));
        assert_eq!(faults(early), ["cycle.year"]);
        let bad = pb::Cycle {
            agency: String::new(),
            ..own()
        };
        let found = faults(t.assessment.open_cycle(admin(request("a", "a", bad))).await);
        assert_eq!(found, ["cycle.agency"]);
        assert_eq!(t.count("cycle").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_opened_once_by_whoever_runs_it() {
    on_each_database(async |mut t| {
        let national = request("a", "nasional-2025", cycle());
        let denied = t.assessment.open_cycle(agency_admin(national.clone())).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let denied = t.assessment.open_cycle(operator(request("m", "m", own()))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let anonymous = by(Caller::anonymous(), national.clone());
        refused(
            t.assessment.open_cycle(anonymous).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let answer = t.assessment.open_cycle(admin(national.clone())).await.unwrap();
        let stored = answer.into_inner().cycle.unwrap();
        assert_eq!(
            (stored.weighting.as_str(), stored.roll_up.as_str()),
            ("per_indicator", "mean_of_aspect_means")
        );
        assert_eq!(stored.minimum_respondents, 10);
        assert_eq!(stored.under_minimum_policy, "incomplete");
        assert_eq!(stored.evidence_window, stored.self_assessment_window);
        let again = t.assessment.open_cycle(admin(national)).await.unwrap();
        assert_eq!(again.into_inner().cycle.unwrap(), stored);
        let reused = request("a", "other", cycle());
        refused(
            t.assessment.open_cycle(admin(reused)).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
        // Its scores would have the same key.
        for (id, new) in [("nasional-2025", own()), ("other", cycle())] {
            let taken = t.assessment.open_cycle(admin(request("b", id, new))).await;
            refused(taken, Code::AlreadyExists, "ALREADY_EXISTS");
        }
        let answer = t
            .assessment
            .open_cycle(agency_admin(request("m", "mandiri-2025", own())))
            .await;
        assert_eq!(
            answer.unwrap().into_inner().cycle.unwrap().agency,
            "agencies/3271"
        );
        let name = "cycles/nasional-2025".to_owned();
        let read = t
            .assessment
            .get_cycle(operator(pb::GetCycleRequest { name }))
            .await;
        assert_eq!(read.unwrap().into_inner().cycle.unwrap(), stored);
        let mut list = pb::ListCyclesRequest {
            page_size: 1,
            ..Default::default()
        };
        let first = t
            .assessment
            .list_cycles(operator(list.clone()))
            .await
            .unwrap()
            .into_inner();
        list.page_token = first.next_page_token;
        let second = t
            .assessment
            .list_cycles(operator(list))
            .await
            .unwrap()
            .into_inner();
        let names: Vec<String> = [first.cycles, second.cycles]
            .concat()
            .into_iter()
            .map(|c| c.name)
            .collect();
        assert_eq!(names, ["cycles/mandiri-2025", "cycles/nasional-2025"]);
        assert_eq!(second.next_page_token, "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_enrolled_once_and_read_by_those_of_its_agency() {
    on_each_database(async |mut t| {
        open(&t, "m", own()).await;
        let unit = pb::EnrollUnitRequest {
            request_id: "a".into(),
            cycle: "cycles/m".into(),
            unit: "agencies/3271/units/dpmptsp".into(),
            form: "offline".into(),
        };
        let bad = pb::EnrollUnitRequest {
            request_id: String::new(),
            unit: "agencies/3201/units/dpmptsp".into(),
            form: "both".into(),
            ..unit.clone()
        };
        let found = faults(t.assessment.enroll_unit(agency_admin(bad)).await);
        assert_eq!(found, ["request_id", "form", "unit"]);
        let denied = t.assessment.enroll_unit(operator(unit.clone())).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let unknown = pb::EnrollUnitRequest {
            cycle: "cycles/none".into(),
            ..unit.clone()
        };
        refused(
            t.assessment.enroll_unit(agency_admin(unknown)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let answer = t.assessment.enroll_unit(agency_admin(unit.clone())).await;
        let stored = answer.unwrap().into_inner().assessment.unwrap();
        assert_eq!(stored.indicators.len(), 31);
        assert_eq!(stored.missing.len(), 31, "30 scored rows and F-03");
        let again = t.assessment.enroll_unit(agency_admin(unit.clone())).await;
        assert_eq!(again.unwrap().into_inner().assessment.unwrap(), stored);
        let twice = pb::EnrollUnitRequest {
            request_id: "b".into(),
            ..unit
        };
        refused(
            t.assessment.enroll_unit(agency_admin(twice)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let get = pb::GetAssessmentRequest {
            name: stored.name.clone(),
        };
        let other = Caller::new("x".into(), vec![Role::Operator], vec!["3201".into()]);
        refused(
            t.assessment.get_assessment(by(other.clone(), get.clone())).await,
            Code::PermissionDenied,
            "PERMISSION_DENIED",
        );
        let read = t.assessment.get_assessment(operator(get)).await.unwrap();
        assert_eq!(
            read.into_inner().assessment.unwrap().indicators,
            stored.indicators
        );
        enroll(&t, "m", "disdukcapil", "online").await;
        for parent in ["cycles/m", "cycles/m/agencies/3271"] {
            let list = pb::ListAssessmentsRequest {
                parent: parent.into(),
                ..Default::default()
            };
            refused(
                t.assessment
                    .list_assessments(by(other.clone(), list.clone()))
                    .await,
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            );
            let listed = t.assessment.list_assessments(operator(list)).await.unwrap();
            let forms: Vec<String> = listed
                .into_inner()
                .assessments
                .into_iter()
                .map(|a| a.form)
                .collect();
            assert_eq!(forms, ["online", "offline"]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_settled_once_and_never_changes_again() {
    on_each_database(async |mut t| {
        let opened = open(&t, "c", cycle()).await;
        let whole = enroll(&t, "c", "dpmptsp", "offline").await;
        let partial = enroll(&t, "c", "rsud", "online").await;
        publish(&t, 1, &f03("dpmptsp", "s", "offline", 10, 4), false).await;
        t.after_hours(F02_OPENS);
        evaluate(&t, "e", "a", &whole, &all("offline", 4)).await;
        let before = becomes(&t, &whole, "4.00").await;
        let mut settle = pb::FinalizeCycleRequest {
            name: "cycles/c".into(),
            etag: "1".into(),
            allow_incomplete: false,
        };
        let denied = t.assessment.finalize_cycle(agency_admin(settle.clone())).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let stale = t.assessment.finalize_cycle(admin(settle.clone())).await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        settle.etag = opened.etag;
        let missing = t.assessment.finalize_cycle(admin(settle.clone())).await;
        let missing = refused(missing, Code::FailedPrecondition, "CYCLE_INCOMPLETE");
        assert!(missing.message().contains(&partial), "{missing:?}");
        let objection = pb::FileObjectionRequest {
            request_id: "o".into(),
            assessment: whole.clone(),
            indicator: scored("offline")[0].clone(),
            reason: "Bukti terlewat".into(),
        };
        t.assessment.file_objection(operator(objection)).await.unwrap();
        settle.allow_incomplete = true;
        let open = t.assessment.finalize_cycle(admin(settle.clone())).await;
        let open = refused(open, Code::FailedPrecondition, "OBJECTIONS_OPEN");
        assert!(open.message().contains(&whole), "{open:?}");
        let decision = pb::DecideObjectionRequest {
            assessment: whole.clone(),
            number: 1,
            decision: "Bukti sudah dinilai".into(),
            ..Default::default()
        };
        t.assessment
            .decide_objection(evaluator("e", decision))
            .await
            .unwrap();
        let done = t.assessment.finalize_cycle(admin(settle.clone())).await.unwrap();
        let done = done.into_inner();
        assert_eq!(done.incomplete, [partial.as_str()]);
        assert!(done.cycle.unwrap().final_time.is_some());
        let subject = "prima.index.score.ipp.2025.unit.3271.dpmptsp";
        let score = t.staged::<event::ScoreState>(subject).await.unwrap();
        assert_eq!(score.state.status(), event::ScoreStatus::Final);
        assert!(score.version > before.version);
        let agency = t
            .staged::<event::ScoreState>("prima.index.score.ipp.2025.agency.3271")
            .await
            .unwrap();
        assert_eq!(agency.state.status(), event::ScoreStatus::Final);
        assert_eq!((agency.state.units_counted, agency.state.units_expected), (1, 2));
        // Nothing is accepted any more, and facts that arrive later change nothing.
        refused(
            t.assessment
                .finalize_cycle(admin(pb::FinalizeCycleRequest {
                    etag: String::new(),
                    ..settle
                }))
                .await,
            Code::FailedPrecondition,
            "CYCLE_FINAL",
        );
        let late = evaluation("late", &whole, &all("offline", 5));
        refused(
            t.assessment.submit_evaluation(evaluator("e", late)).await,
            Code::FailedPrecondition,
            "CYCLE_FINAL",
        );
        let late = pb::EnrollUnitRequest {
            request_id: "late".into(),
            cycle: "cycles/c".into(),
            unit: "agencies/3271/units/late".into(),
            form: "online".into(),
        };
        refused(
            t.assessment.enroll_unit(admin(late)).await,
            Code::FailedPrecondition,
            "CYCLE_FINAL",
        );
        publish(&t, 2, &f03("dpmptsp", "s", "offline", 10, 5), false).await;
        prima_platform::testing::eventually(DEADLINE, async || {
            (t.count("fact WHERE version = 2").await == 1 && t.count("derived_mark").await == 0).then_some(())
        })
        .await
        .unwrap();
        assert_eq!(index(&t, &whole).await.index, "4.00");
        assert_eq!(verified(&t, &whole).await, "4/1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_can_have_several_khusus_cycles_each_of_a_part_of_it() {
    on_each_database(async |mut t| {
        let khusus = |year: &str| pb::Cycle {
            scheme: pb::Scheme::Khusus as i32,
            year: year.into(),
            ..cycle()
        };
        for (id, year) in [("ramadan", "2025-q1"), ("haji", "2025-q2"), ("tahunan", "2025")] {
            open(&t, id, khusus(year)).await;
            // The same unit can be in each, because their scores have different periods.
            enroll(&t, id, "a", "offline").await;
        }
        let taken = t
            .assessment
            .open_cycle(admin(request("lagi", "lagi", khusus("2025-q1"))))
            .await;
        refused(taken, Code::AlreadyExists, "ALREADY_EXISTS");
        let bad = t
            .assessment
            .open_cycle(admin(request("salah", "salah", khusus("2025-q5"))))
            .await;
        assert_eq!(faults(bad), ["cycle.year"]);
        let listed = pb::ListCyclesRequest {
            year: "2025".into(),
            ..Default::default()
        };
        let listed = t
            .assessment
            .list_cycles(admin(listed))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(listed.cycles.len(), 3);
    })
    .await;
}
