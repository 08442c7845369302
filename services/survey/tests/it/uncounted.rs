//! What was accepted and is not counted is listed until it is repaired.

use prima_platform::caller::{Caller, Role};
use prima_proto::{name, survey::v1 as pb};
use prima_survey::store::unit::{unit_remove_in_txn, unit_save_in_txn};
use tonic::Code;

use crate::{fixture::*, recorded::record};

const UNIT: &str = "agencies/3271/units/dpmptsp";

/// Has the directory announce the unit, or withdraw it.
async fn announce(t: &World, exists: bool) {
    let txn = t.db.begin().await.unwrap();
    let unit = name::Unit::parse(UNIT).unwrap();
    match exists {
        true => unit_save_in_txn(&txn, &unit, "Unit", "").await.unwrap(),
        false => unit_remove_in_txn(&txn, &unit).await.unwrap(),
    }
    txn.commit().await.unwrap();
}

fn within(parent: &str) -> pb::ListUncountedFiguresRequest {
    pb::ListUncountedFiguresRequest {
        parent: parent.into(),
        ..Default::default()
    }
}

/// Kind and name of everything that is not counted.
async fn listed(t: &World, parent: &str) -> Vec<(String, String)> {
    let mut client = t.client.clone();
    let answer = client
        .list_uncounted_figures(admin(within(parent)))
        .await
        .unwrap();
    let figures = answer.into_inner().figures;
    for figure in &figures {
        assert!(
            !figure.kind_display_name.is_empty() && !figure.reason.is_empty(),
            "{figure:?}"
        );
        assert!(
            !figure.action.is_empty() && figure.since_time.is_some(),
            "{figure:?}"
        );
        assert_eq!(figure.subject, UNIT);
    }
    figures
        .into_iter()
        .map(|figure| (figure.kind, figure.name))
        .collect()
}

fn pair(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn surveys_and_results_of_an_unknown_unit_are_listed_until_it_is_announced() {
    on_each_database(async |mut t| {
        assert_eq!(listed(&t, "agencies/-").await, []);
        let mut open = survey("a");
        open.survey.as_mut().unwrap().period = "2099".into();
        let name = t
            .client
            .create_survey(operator(open))
            .await
            .unwrap()
            .into_inner()
            .survey
            .unwrap()
            .name;
        t.client
            .record_result(operator(record("r", UNIT, "81.96")))
            .await
            .unwrap();
        let own = t
            .client
            .record_result(operator(record("o", "agencies/3271", "80.00")))
            .await;
        assert!(own.is_ok(), "the agency's own result has no unit");
        let expected = [
            pair("survey-unit-unknown", &name),
            pair("result-unit-unknown", UNIT),
        ];
        for parent in ["agencies/-", "agencies/3271", UNIT] {
            assert_eq!(listed(&t, parent).await, expected, "{parent}");
        }
        for parent in ["agencies/3273", "agencies/3271/units/mpp"] {
            assert_eq!(listed(&t, parent).await, [], "{parent}");
        }
        // A page ends within a kind or between two.
        let mut request = pb::ListUncountedFiguresRequest {
            page_size: 1,
            ..within("agencies/-")
        };
        let first = t
            .client
            .list_uncounted_figures(admin(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first.figures.len(), 1);
        request.page_token = first.next_page_token;
        let second = t
            .client
            .list_uncounted_figures(admin(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (second.figures[0].kind.as_str(), second.next_page_token.as_str()),
            ("result-unit-unknown", "")
        );

        announce(&t, true).await;
        assert_eq!(listed(&t, "agencies/-").await, []);
        announce(&t, false).await;
        assert_eq!(listed(&t, "agencies/-").await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_whose_period_has_ended_is_listed_until_it_is_closed() {
    on_each_database(async |mut t| {
        announce(&t, true).await;
        t.clock.set("2024-12-31T16:59:00Z");
        let name = t.survey("a").await.name;
        let mut later = survey("b");
        later.survey.as_mut().unwrap().close_time = Some(prima_platform::clock::to_proto(
            "2025-03-01T00:00:00Z".parse().unwrap(),
        ));
        t.client.create_survey(operator(later)).await.unwrap();
        assert_eq!(listed(&t, UNIT).await, []);
        // The last day of the period is over in Jakarta. The other survey will be closed by the clock.
        t.clock.set("2024-12-31T17:00:00Z");
        assert_eq!(listed(&t, UNIT).await, [pair("survey-never-closed", &name)]);
        t.close(&name).await;
        assert_eq!(listed(&t, UNIT).await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_or_evaluates_an_agency_lists_what_it_lacks() {
    on_each_database(async |mut t| {
        let as_role = |role, agency: &str, parent: &str| {
            let caller = Caller::new("x".into(), vec![role], vec![agency.to_owned()]);
            by(caller, within(parent))
        };
        for (role, agency, parent) in [
            (Role::Operator, "3271", "agencies/3271"),
            (Role::Admin, "3271", UNIT),
            (Role::Evaluator, "*", "agencies/-"),
        ] {
            let answer = t
                .client
                .list_uncounted_figures(as_role(role, agency, parent))
                .await;
            assert!(answer.is_ok(), "{role:?} {agency} {parent}");
        }
        for (role, agency, parent) in [
            (Role::Operator, "3271", "agencies/-"),
            (Role::Operator, "3273", UNIT),
            (Role::Intake, "*", UNIT),
        ] {
            let answer = t
                .client
                .list_uncounted_figures(as_role(role, agency, parent))
                .await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let bad = pb::ListUncountedFiguresRequest {
            page_size: -1,
            ..within("agencies/-/units/x")
        };
        let answer = t.client.list_uncounted_figures(admin(bad)).await;
        assert_eq!(faults(answer), ["page_size", "parent"]);
        let answer = t.client.list_uncounted_figures(within(UNIT)).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
    })
    .await;
}
