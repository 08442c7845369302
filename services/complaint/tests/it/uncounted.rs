//! Reports and consultations that are in the figures of no unit, or of one that the directory does not know.

use prima_platform::caller::Role;
use prima_proto::complaint::v1;
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
    let mut client = t.complaints.clone();
    let answer = client
        .list_uncounted_figures(national(within(parent)))
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
    }
    figures
        .into_iter()
        .map(|figure| (figure.kind, figure.name))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_listed_until_it_has_a_unit_that_the_directory_knows() {
    on_each_database(async |mut t| {
        let unassigned = v1::SubmitComplaintRequest {
            parent: AGENCY.into(),
            ..report("a")
        };
        let name = t.submit_as(unassigned).await.name;
        let without = [("report-without-unit".to_owned(), name.clone())];
        for parent in ["agencies/-", AGENCY] {
            assert_eq!(listed(&t, parent).await, without, "{parent}");
        }
        assert_eq!(listed(&t, UNIT).await, []);
        assert_eq!(listed(&t, "agencies/3273").await, []);
        let start = v1::StartVerificationRequest {
            request_id: request_id(),
            name: name.clone(),
            etag: String::new(),
        };
        t.complaints.start_verification(coordinator(start)).await.unwrap();
        let verify = v1::VerifyComplaintRequest {
            request_id: request_id(),
            name: name.clone(),
            unit: UNIT.into(),
            category: "business_licence".into(),
            note: "Mohon ditindaklanjuti segera".into(),
            ..Default::default()
        };
        t.complaints.verify_complaint(coordinator(verify)).await.unwrap();
        let unknown = [("report-unit-unknown".to_owned(), name)];
        for parent in ["agencies/-", AGENCY, UNIT] {
            assert_eq!(listed(&t, parent).await, unknown, "{parent}");
        }
        t.tamper("INSERT INTO directory_unit (agency, unit) VALUES ('3271', 'dpmptsp')")
            .await;
        assert_eq!(listed(&t, "agencies/-").await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consultation_of_an_unknown_unit_is_listed() {
    on_each_database(async |mut t| {
        let name = t.desk("a").await.name;
        assert_eq!(
            listed(&t, UNIT).await,
            [("consultation-unit-unknown".to_owned(), name)]
        );
        t.tamper("INSERT INTO directory_unit (agency, unit) VALUES ('3271', 'dpmptsp')")
            .await;
        assert_eq!(listed(&t, UNIT).await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_reads_the_reports_lists_them() {
    on_each_database(async |mut t| {
        let liaison = t.complaints.list_uncounted_figures(liaison(within(UNIT))).await;
        assert!(liaison.is_ok());
        for request in [
            liaison_of("3273", within(UNIT)),
            liaison_of("3271", within("agencies/-")),
            by("penilai", Role::Evaluator, "*", within(UNIT)),
        ] {
            let denied = t.complaints.list_uncounted_figures(request).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let bad = t.complaints.list_uncounted_figures(national(within("x"))).await;
        assert_eq!(faults(bad), ["parent"]);
    })
    .await;
}

fn liaison_of<T>(agency: &str, message: T) -> tonic::Request<T> {
    by("penghubung", Role::Operator, agency, message)
}
