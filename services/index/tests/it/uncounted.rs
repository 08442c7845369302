//! Recorded scores and assessments that are in no table are listed until they are repaired.

use prima_platform::{caller::Role, db::sql};
use prima_proto::{event::v1::UnitState, index::v1 as pb};
use prost::Message;
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::{fixture::*, setup};

const UNIT: &str = "agencies/3271/units/dpmptsp";

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
    }
    figures
        .into_iter()
        .map(|figure| (figure.kind, figure.name))
        .collect()
}

fn pair(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

/// Stores the state of the unit that the directory published last.
async fn announce(t: &World, close_date: &str) {
    let state = UnitState {
        name: UNIT.into(),
        close_date: close_date.into(),
        ..Default::default()
    };
    let writer = t.db.writer();
    writer.execute_unprepared("DELETE FROM fact").await.unwrap();
    let text = "INSERT INTO fact (subject, service, agency, unit, version, payload)
                VALUES ('prima.directory.unit.3271.dpmptsp', 'directory', '3271', 'dpmptsp', 1, $1)";
    let insert = sql(writer, text, [state.encode_to_vec().into()]);
    writer.execute_raw(insert).await.unwrap();
}

fn record(subject: &str) -> pb::RecordExternalScoreRequest {
    pb::RecordExternalScoreRequest {
        request_id: format!("record-{}", subject.replace('/', ".")),
        score: Some(pb::ExternalScore {
            metric: "ombudsman".into(),
            subject: subject.into(),
            period: "2024".into(),
            score: "90".into(),
            source: "Siaran pers 2024".into(),
            document_link: "https://example.go.id/opini.pdf".into(),
            ..Default::default()
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_score_is_listed_until_it_is_confirmed_and_its_unit_known() {
    on_each_database(async |mut t| {
        let own = t
            .client
            .record_external_score(operator(record("agencies/3271")))
            .await
            .unwrap();
        let own = own.into_inner().score.unwrap();
        let of_unit = t.client.record_external_score(admin(record(UNIT))).await;
        assert!(of_unit.is_ok(), "{of_unit:?}");
        let score = "metrics/ombudsman/periods/2024";
        let expected = [
            pair("score-unconfirmed", score),
            pair("score-unit-unknown", score),
        ];
        for parent in ["agencies/-", "agencies/3271"] {
            assert_eq!(listed(&t, parent).await, expected, "{parent}");
        }
        assert_eq!(listed(&t, UNIT).await, expected[1..]);
        // Only those who may record scores learn of those that are not confirmed.
        let evaluator = setup::evaluator("e", within("agencies/-"));
        let shown = t
            .client
            .list_uncounted_figures(evaluator)
            .await
            .unwrap()
            .into_inner()
            .figures;
        let kinds: Vec<&str> = shown.iter().map(|figure| figure.kind.as_str()).collect();
        assert_eq!(kinds, ["score-unit-unknown"]);

        announce(&t, "").await;
        assert_eq!(listed(&t, "agencies/-").await, expected[..1]);
        let confirm = pb::ConfirmExternalScoreRequest {
            request_id: "confirm".into(),
            metric: own.metric,
            subject: own.subject,
            period: own.period,
            etag: own.etag,
        };
        t.client.confirm_external_score(admin(confirm)).await.unwrap();
        assert_eq!(listed(&t, "agencies/-").await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_without_an_index_or_of_an_unknown_unit_is_listed() {
    on_each_database(async |t| {
        setup::open(&t, "c", setup::cycle()).await;
        let name = setup::enroll(&t, "c", "dpmptsp", "offline").await;
        assert_eq!(listed(&t, UNIT).await, [pair("assessment-unit-unknown", &name)]);
        announce(&t, "").await;
        assert_eq!(listed(&t, UNIT).await, []);
        announce(&t, "2024-06-30").await;
        assert_eq!(listed(&t, UNIT).await, [pair("assessment-unit-closed", &name)]);
        t.after_hours(setup::ALL_CLOSED);
        let finalize = pb::FinalizeCycleRequest {
            name: "cycles/c".into(),
            etag: String::new(),
            allow_incomplete: true,
        };
        let mut assessment = t.assessment.clone();
        assessment.finalize_cycle(admin(finalize)).await.unwrap();
        assert_eq!(listed(&t, UNIT).await, [pair("assessment-without-index", &name)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_manages_or_evaluates_the_agency_lists_what_is_not_counted() {
    on_each_database(async |mut t| {
        assert!(
            t.client
                .list_uncounted_figures(operator(within(UNIT)))
                .await
                .is_ok()
        );
        for request in [
            operator(within("agencies/-")),
            setup::holding("x", &[Role::Operator], "3273", within(UNIT)),
            setup::holding("x", &[Role::Intake], "*", within(UNIT)),
        ] {
            let denied = t.client.list_uncounted_figures(request).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let bad = t.client.list_uncounted_figures(admin(within("x"))).await;
        assert_eq!(faults(bad), ["parent"]);
    })
    .await;
}
