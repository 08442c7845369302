//! Action plans over gRPC.

use prima_platform::{
    caller::{Caller, Role},
    clock::Clock,
};
use prima_proto::{index::v1 as pb, period::jakarta_day};
use tonic::Code;

use crate::{
    evidence::{ASSESSMENT, enroll, finalize},
    fixture::*,
    setup::{scored, window},
};

fn action(due_date: &str) -> pb::Action {
    pb::Action {
        indicator: scored("offline")[0].clone(),
        description: "Tetapkan standar pelayanan yang memuat 14 komponen".into(),
        owner: "Bidang Pelayanan Perizinan".into(),
        due_date: due_date.into(),
        ..Default::default()
    }
}

fn create(id: &str, action: pb::Action) -> pb::CreateActionRequest {
    pb::CreateActionRequest {
        request_id: id.into(),
        assessment: ASSESSMENT.into(),
        action: Some(action),
    }
}

fn complete(number: i64, done_date: &str) -> pb::CompleteActionRequest {
    pb::CompleteActionRequest {
        assessment: ASSESSMENT.into(),
        number,
        done_date: done_date.into(),
        note: "SK ditetapkan".into(),
    }
}

fn list() -> pb::ListActionsRequest {
    pb::ListActionsRequest {
        assessment: ASSESSMENT.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_listed_by_due_date_and_each_action_is_done_once() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        for (n, due) in ["2026-03-31", "2025-12-31", "2026-03-31"].iter().enumerate() {
            // Fields that the service sets are ignored.
            let new = pb::Action {
                number: 9,
                done_date: "2025-01-01".into(),
                note: "x".into(),
                ..action(due)
            };
            let new = create(&format!("a-{n}"), new);
            let first = t.assessment.create_action(operator(new.clone())).await.unwrap();
            let again = t.assessment.create_action(operator(new)).await.unwrap();
            assert_eq!(first.into_inner(), again.into_inner());
        }
        let plan = t.assessment.list_actions(operator(list())).await.unwrap();
        let plan = plan.into_inner().actions;
        let numbers: Vec<i64> = plan.iter().map(|a| a.number).collect();
        assert_eq!(numbers, [2, 1, 3]);
        let expected = pb::Action {
            number: 2,
            ..action("2025-12-31")
        };
        assert_eq!(plan[0], expected);
        let done = t
            .assessment
            .complete_action(operator(complete(2, "2025-11-30")))
            .await;
        let done = done.unwrap().into_inner().action.unwrap();
        assert_eq!(
            (done.done_date.as_str(), done.note.as_str()),
            ("2025-11-30", "SK ditetapkan")
        );
        let again = t
            .assessment
            .complete_action(operator(complete(2, "2025-11-30")))
            .await;
        assert_eq!(again.unwrap().into_inner().action.unwrap(), done);
        let other = t
            .assessment
            .complete_action(operator(complete(2, "2025-12-01")))
            .await;
        refused(other, Code::FailedPrecondition, "ACTION_DONE");
        let none = t
            .assessment
            .complete_action(operator(complete(4, "2025-12-01")))
            .await;
        refused(none, Code::NotFound, "NOT_FOUND");
        // A plan can be changed after its cycle is settled.
        finalize(&mut t).await;
        let late = create("late", action("2026-06-30"));
        t.assessment.create_action(operator(late)).await.unwrap();
        t.assessment
            .complete_action(operator(complete(1, "2025-12-01")))
            .await
            .unwrap();
        let plan = t.assessment.list_actions(operator(list())).await.unwrap();
        let open: Vec<i64> = plan
            .into_inner()
            .actions
            .iter()
            .filter(|a| a.done_date.is_empty())
            .map(|a| a.number)
            .collect();
        assert_eq!(open, [3, 4]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_an_action_is_reported_at_once() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let bad = pb::CreateActionRequest::default();
        assert_eq!(
            faults(t.assessment.create_action(operator(bad)).await),
            [
                "request_id",
                "assessment",
                "action.indicator",
                "action.description",
                "action.owner",
                "action.due_date"
            ]
        );
        let bad = pb::Action {
            indicator: "zodiac".into(),
            description: "x".repeat(501),
            owner: "x".repeat(201),
            due_date: "2026-2-30".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.assessment.create_action(operator(create("a", bad))).await),
            [
                "action.indicator",
                "action.description",
                "action.owner",
                "action.due_date"
            ]
        );
        let today = jakarta_day(Clock::system().now());
        let tomorrow = today.succ_opt().unwrap().to_string();
        let bad = pb::CompleteActionRequest {
            note: "x".repeat(1001),
            ..complete(0, &tomorrow)
        };
        assert_eq!(
            faults(t.assessment.complete_action(operator(bad)).await),
            ["number", "done_date", "note"]
        );
        t.assessment
            .create_action(operator(create("a", action("2026-12-31"))))
            .await
            .unwrap();
        t.assessment
            .complete_action(operator(complete(1, &today.to_string())))
            .await
            .unwrap();
        assert_eq!(t.count("action").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_of_the_agency_plan() {
    on_each_database(async |mut t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let new = || create("a", action("2026-12-31"));
        let role = |role, agency: &str| Caller::new("x".into(), vec![role], vec![agency.to_owned()]);
        for caller in [role(Role::Operator, "3273"), role(Role::Evaluator, "3271")] {
            let created = t.assessment.create_action(by(caller.clone(), new())).await;
            refused(created, Code::PermissionDenied, "PERMISSION_DENIED");
            let done = t
                .assessment
                .complete_action(by(caller, complete(1, "2025-01-01")))
                .await;
            refused(done, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let stranger = role(Role::Operator, "3273");
        let listed = t.assessment.list_actions(by(stranger, list())).await;
        refused(listed, Code::PermissionDenied, "PERMISSION_DENIED");
        let evaluator = role(Role::Evaluator, "3271");
        assert!(t.assessment.list_actions(by(evaluator, list())).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_of_many_callers_at_once_are_numbered_without_a_gap() {
    on_each_database(async |t| {
        enroll(&t, "2025", window(-1, 1), None).await;
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..20 {
            let mut client = t.assessment.clone();
            tasks.spawn(async move {
                let new = create(&format!("n-{n}"), action("2026-12-31"));
                let answer = client.create_action(operator(new)).await.unwrap();
                answer.into_inner().action.unwrap().number
            });
        }
        let mut numbers = tasks.join_all().await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<i64>>());
    })
    .await;
}
