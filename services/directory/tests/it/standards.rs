//! Service standards and service charters.

use std::collections::BTreeMap;

use prima_platform::caller::{Caller, Role};
use prima_proto::{
    directory::v1,
    event::v1::{MediumState, ServiceCharterState, ServiceStandardState, UnitState},
};
use prost::Message;
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::fixture::*;

pub const UNIT: &str = "agencies/3271/units/dpmptsp";
const NIB: &str = "agencies/3271/units/dpmptsp/services/nib";
const SUBJECT: &str = "prima.directory.unit.3271.dpmptsp";
const KEYS: [&str; 14] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "complaint_handling",
    "legal_basis",
    "facilities",
    "competence",
    "internal_supervision",
    "staff_number",
    "service_guarantee",
    "safety_guarantee",
    "performance_evaluation",
];

/// A medium with its first day.
pub fn medium(kind: &str, link: &str, since: &str) -> v1::PublicationMedium {
    v1::PublicationMedium {
        kind: kind.into(),
        link: link.into(),
        since_date: since.into(),
    }
}

/// A dated record without a link.
pub fn record(date: &str) -> v1::DatedRecord {
    v1::DatedRecord {
        date: date.into(),
        ..Default::default()
    }
}

/// A complete standard of the service NIB.
pub fn standard(request_id: &str) -> v1::PublishServiceStandardRequest {
    let texts = KEYS.iter().map(|k| ((*k).to_owned(), format!("Isi rahasia {k}")));
    v1::PublishServiceStandardRequest {
        request_id: request_id.into(),
        standard: Some(v1::ServiceStandard {
            service: NIB.into(),
            components: texts.collect(),
            enact_date: "2023-02-01".into(),
            decree: "065/12-DPMPTSP/2023".into(),
            involvements: vec![v1::PublicInvolvement {
                date: "2023-01-10".into(),
                groups: vec!["pengguna".into(), "ahli".into()],
                link: "https://bogor.example.id/fkp".into(),
            }],
            monitorings: vec![record("2024-01-05"), record("2023-07-05")],
            reviews: vec![record("2024-01-20"), record("2024-01-20")],
            published_components: KEYS[..6].iter().map(|k| (*k).to_owned()).collect(),
            media: vec![
                medium("papan-pengumuman", "", "2023-02-02"),
                medium("situs-web", "https://bogor.example.id/sp", "2023-02-09"),
                medium("situs-web", "https://bogor.example.id/standar", "2023-02-03"),
            ],
            sippn_date: "2023-03-01".into(),
            ..Default::default()
        }),
    }
}

/// A complete charter of the unit.
pub fn charter(request_id: &str) -> v1::PublishServiceCharterRequest {
    v1::PublishServiceCharterRequest {
        request_id: request_id.into(),
        charter: Some(v1::ServiceCharter {
            unit: UNIT.into(),
            text: "Dengan ini kami menyatakan sanggup".into(),
            states_ability: true,
            states_duty: true,
            states_sanction: true,
            sign_date: "2023-02-01".into(),
            media: vec![medium("media-cetak", "", "2023-02-05")],
            ..Default::default()
        }),
    }
}

/// Creates the unit and its service NIB.
pub async fn with_service(t: &mut Directory) {
    t.bogor().await;
    t.client
        .create_public_service(operator(service("nib")))
        .await
        .unwrap();
}

async fn publish(t: &mut Directory, request: v1::PublishServiceStandardRequest) -> v1::ServiceStandard {
    let answer = t
        .client
        .publish_service_standard(operator(request))
        .await
        .unwrap();
    answer.into_inner().standard.unwrap()
}

#[tokio::test]
async fn a_standard_is_stored_in_revisions() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        let first = publish(&mut t, standard("s1")).await;
        assert_eq!(first.revision, 1);
        let sent = standard("s1").standard.unwrap();
        let mut published = sent.published_components.clone();
        published.sort();
        let expected = v1::ServiceStandard {
            revision: 1,
            create_time: first.create_time,
            published_components: published,
            ..sent
        };
        assert_eq!(first, expected);

        let mut changed = standard("s2");
        changed.standard.as_mut().unwrap().components.remove("cost");
        changed.standard.as_mut().unwrap().published_components.clear();
        let second = publish(&mut t, changed).await;
        assert_eq!((second.revision, second.components.len()), (2, 13));
        for (revision, expected) in [(0, &second), (1, &first), (2, &second)] {
            let get = v1::GetServiceStandardRequest {
                service: NIB.into(),
                revision,
            };
            let got = t.client.get_service_standard(operator(get)).await.unwrap();
            assert_eq!(got.into_inner().standard.as_ref(), Some(expected), "{revision}");
        }
        let get = v1::GetServiceStandardRequest {
            service: NIB.into(),
            revision: 3,
        };
        refused(
            t.client.get_service_standard(operator(get)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}

#[tokio::test]
async fn the_units_event_has_the_facts_of_a_standard_and_no_text() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        let before = t.staged::<UnitState>(SUBJECT).await.unwrap();
        assert_eq!(before.state.services[0].standard, None);
        publish(&mut t, standard("s1")).await;
        let staged = t.staged::<UnitState>(SUBJECT).await.unwrap();
        assert!(staged.version > before.version);
        let published = staged.state.services[0].standard.clone().unwrap();
        let state = |kind: &str, electronic, since_date: &str| MediumState {
            kind: kind.into(),
            electronic,
            since_date: since_date.into(),
        };
        let expected = ServiceStandardState {
            components: 14,
            delivery_published: 6,
            enact_date: "2023-02-01".into(),
            involvement_dates: vec!["2023-01-10".into()],
            monitor_dates: vec!["2023-07-05".into(), "2024-01-05".into()],
            review_dates: vec!["2024-01-20".into()],
            media: vec![
                state("papan-pengumuman", false, "2023-02-02"),
                state("situs-web", true, "2023-02-03"),
            ],
            sippn_date: "2023-03-01".into(),
            involved_groups: vec!["ahli".into(), "pengguna".into()],
        };
        assert_eq!(published, expected);
        let bytes = staged.state.encode_to_vec();
        for secret in ["rahasia", "065/12", "https://"] {
            assert!(
                !bytes.windows(secret.len()).any(|w| w == secret.as_bytes()),
                "{secret}"
            );
        }

        // A draft replaces the previous revision; another service of the unit is not affected.
        t.client
            .create_public_service(operator(service("imb")))
            .await
            .unwrap();
        let mut draft = standard("s2");
        let body = draft.standard.as_mut().unwrap();
        *body = v1::ServiceStandard {
            service: NIB.into(),
            components: BTreeMap::from([("time".to_owned(), "3 hari".to_owned())]),
            ..Default::default()
        };
        publish(&mut t, draft).await;
        let staged = t.staged::<UnitState>(SUBJECT).await.unwrap();
        let published: Vec<_> = staged.state.services.iter().map(|s| s.standard.clone()).collect();
        let expected = ServiceStandardState {
            components: 1,
            ..Default::default()
        };
        assert_eq!(published, [None, Some(expected)]);
    })
    .await;
}

#[tokio::test]
async fn a_charter_is_stored_in_revisions_and_published_without_its_text() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let answer = t.client.publish_service_charter(operator(charter("c1"))).await;
        let first = answer.unwrap().into_inner().charter.unwrap();
        let expected = v1::ServiceCharter {
            revision: 1,
            create_time: first.create_time,
            ..charter("c1").charter.unwrap()
        };
        assert_eq!(first, expected);
        let staged = t.staged::<UnitState>(SUBJECT).await.unwrap();
        let published = ServiceCharterState {
            sign_date: "2023-02-01".into(),
            complete: true,
            media: vec![MediumState {
                kind: "media-cetak".into(),
                electronic: false,
                since_date: "2023-02-05".into(),
            }],
        };
        assert_eq!(staged.state.charter, Some(published));
        let bytes = staged.state.encode_to_vec();
        assert!(!bytes.windows(7).any(|w| w == b"sanggup"));

        let mut draft = charter("c2");
        draft.charter.as_mut().unwrap().states_duty = false;
        draft.charter.as_mut().unwrap().sign_date.clear();
        let second = t.client.publish_service_charter(operator(draft)).await.unwrap();
        assert_eq!(second.into_inner().charter.unwrap().revision, 2);
        let staged = t.staged::<UnitState>(SUBJECT).await.unwrap();
        let published = staged.state.charter.unwrap();
        assert_eq!((published.complete, published.sign_date.as_str()), (false, ""));
        let get = v1::GetServiceCharterRequest {
            unit: UNIT.into(),
            revision: 1,
        };
        let got = t.client.get_service_charter(operator(get)).await.unwrap();
        assert_eq!(got.into_inner().charter, Some(first));
    })
    .await;
}

#[tokio::test]
async fn a_standard_and_a_charter_are_kept_by_every_other_change_of_the_unit() {
    on_each_database(async |mut t| {
        with_service(&mut t).await;
        publish(&mut t, standard("s1")).await;
        t.client
            .publish_service_charter(operator(charter("c1")))
            .await
            .unwrap();
        let rename = v1::UpdateUnitRequest {
            unit: Some(v1::Unit {
                name: UNIT.into(),
                display_name: "DPMPTSP baru".into(),
                ..Default::default()
            }),
            update_mask: mask(&["display_name"]),
        };
        t.client.update_unit(operator(rename)).await.unwrap();
        let close = v1::CloseUnitRequest {
            name: UNIT.into(),
            close_date: "2024-12-31".into(),
            ..Default::default()
        };
        t.client.close_unit(operator(close)).await.unwrap();
        let staged = t.staged::<UnitState>(SUBJECT).await.unwrap().state;
        assert_eq!(staged.close_date, "2024-12-31");
        assert!(staged.services[0].standard.is_some() && staged.charter.is_some());

        let late = t.client.publish_service_standard(operator(standard("s2"))).await;
        refused(late, Code::FailedPrecondition, "UNIT_CLOSED");
        let late = t.client.publish_service_charter(operator(charter("c2"))).await;
        refused(late, Code::FailedPrecondition, "UNIT_CLOSED");
        assert_eq!(
            (
                t.count("service_standard").await,
                t.count("service_charter").await
            ),
            (1, 1)
        );
    })
    .await;
}

#[tokio::test]
async fn a_standard_needs_its_service_and_a_role_in_the_agency() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let missing = t.client.publish_service_standard(operator(standard("s1"))).await;
        refused(missing, Code::NotFound, "NOT_FOUND");
        t.client
            .create_public_service(operator(service("nib")))
            .await
            .unwrap();
        let evaluator = || Caller::new("e".into(), vec![Role::Evaluator], vec!["3271".into()]);
        let elsewhere = || Caller::new("o".into(), vec![Role::Operator], vec!["3272".into()]);
        for caller in [evaluator(), elsewhere()] {
            let denied = t
                .client
                .publish_service_standard(by(caller.clone(), standard("s1")))
                .await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
            let denied = t.client.publish_service_charter(by(caller, charter("c1"))).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let get = v1::GetServiceCharterRequest {
            unit: UNIT.into(),
            revision: 0,
        };
        refused(
            t.client.get_service_charter(operator(get.clone())).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        refused(
            t.client.get_service_charter(by(Caller::anonymous(), get)).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_one_event_cannot_hold_is_refused() {
    on_each_database(async |mut t| {
        t.bogor().await;
        let mut large = standard("s");
        let body = large.standard.as_mut().unwrap();
        let days: Vec<v1::DatedRecord> = (0..100u64)
            .map(|n| {
                let first = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
                record(&(first + chrono::Days::new(n)).to_string())
            })
            .collect();
        let involved = |day: &v1::DatedRecord| v1::PublicInvolvement {
            date: day.date.clone(),
            groups: vec!["pengguna".into()],
            ..Default::default()
        };
        body.involvements = days.iter().map(involved).collect();
        body.monitorings = days.clone();
        body.reviews = days;
        t.client
            .create_public_service(operator(service("nib")))
            .await
            .unwrap();
        publish(&mut t, large.clone()).await;
        // So many services with this standard do not fit into one event.
        let copies = |count: u32, table: &str, columns: &str| {
            format!(
                "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count})
                 INSERT INTO {table} (service, {columns})
                 SELECT 'copy-' || CAST(c.n AS TEXT), {columns} FROM {table} CROSS JOIN c WHERE service = 'nib'"
            )
        };
        for statement in [
            copies(
                300,
                "public_service",
                "agency, unit, display_name, description, version, created_at, updated_at",
            ),
            copies(
                300,
                "service_standard",
                "agency, unit, revision, document, facts, actor, created_at",
            ),
        ] {
            t.db.writer().execute_unprepared(&statement).await.unwrap();
        }
        let before = t.staged::<UnitState>(SUBJECT).await.unwrap();
        large.request_id = "another".into();
        let answer = t.client.publish_service_standard(operator(large)).await;
        refused(answer, Code::FailedPrecondition, "UNIT_TOO_LARGE");
        let answer = t.client.create_public_service(operator(service("imb"))).await;
        refused(answer, Code::FailedPrecondition, "UNIT_TOO_LARGE");
        assert_eq!(t.count("service_standard").await, 301);
        assert_eq!(t.staged::<UnitState>(SUBJECT).await.unwrap(), before);
    })
    .await;
}
