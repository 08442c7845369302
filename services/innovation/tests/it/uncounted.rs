//! Innovations that are in no score are listed until the directory knows their unit.

use prima_platform::caller::Role;
use prima_proto::innovation::v1;
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::fixture::*;

fn within(parent: &str) -> v1::ListUncountedFiguresRequest {
    v1::ListUncountedFiguresRequest {
        parent: parent.into(),
        ..Default::default()
    }
}

/// Kind and name of everything that is not counted.
async fn listed(t: &World, parent: &str) -> Vec<(String, String)> {
    let mut client = t.client.clone();
    let answer = client
        .list_uncounted_figures(ministry(within(parent)))
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
        assert_eq!(figure.subject, DPMPTSP);
    }
    figures
        .into_iter()
        .map(|figure| (figure.kind, figure.name))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_innovation_is_listed_until_the_directory_knows_its_unit() {
    on_each_database(async |mut t| {
        let name = t.innovation("a").await.name;
        let expected = |kind: &str| [(kind.to_owned(), name.clone())];
        for parent in ["agencies/-", "agencies/3271", DPMPTSP] {
            assert_eq!(
                listed(&t, parent).await,
                expected("innovation-agency-unknown"),
                "{parent}"
            );
        }
        assert_eq!(listed(&t, "agencies/3273").await, []);
        let writer = t.db.writer();
        writer
            .execute_unprepared("INSERT INTO directory_agency (agency) VALUES ('3271')")
            .await
            .unwrap();
        assert_eq!(listed(&t, DPMPTSP).await, expected("innovation-unit-unknown"));
        writer
            .execute_unprepared(
                "INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', 'dpmptsp', '')",
            )
            .await
            .unwrap();
        assert_eq!(listed(&t, "agencies/-").await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_read_the_innovations_lists_them() {
    on_each_database(async |mut t| {
        assert!(
            t.client
                .list_uncounted_figures(unit(within(DPMPTSP)))
                .await
                .is_ok()
        );
        assert!(
            t.client
                .list_uncounted_figures(evaluator(1, within("agencies/-")))
                .await
                .is_ok()
        );
        for request in [
            unit(within("agencies/-")),
            by("unit", Role::Operator, "3273", within(DPMPTSP)),
            by("loket", Role::Intake, "*", within(DPMPTSP)),
        ] {
            let denied = t.client.list_uncounted_figures(request).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let bad = t.client.list_uncounted_figures(ministry(within("x"))).await;
        assert_eq!(faults(bad), ["parent"]);
    })
    .await;
}
