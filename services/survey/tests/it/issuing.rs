//! Tokens, links and devices that an operator issues.

use std::collections::BTreeSet;

use pb::AccessMode::{Kiosk as KioskMode, Link, Token};
use prima_platform::caller::{Caller, Role};
use prima_proto::{name, survey::v1 as pb};
use tonic::Code;

use crate::{credentials::*, fixture::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_returns_the_same_tokens_which_are_not_stored() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let request = pb::IssueTokensRequest {
            counter: "Loket 1".into(),
            service: "ktp-el".into(),
            expire_time: Some("2099-01-01T00:00:00Z".parse().unwrap()),
            ..batch_of(&survey, 10_000)
        };
        let first = issue(&mut t, request.clone()).await;
        let distinct: BTreeSet<&String> = first.tokens.iter().collect();
        assert_eq!(distinct.len(), 10_000);
        assert!(first.tokens.iter().all(|token| token.len() <= 80));
        assert_eq!(issue(&mut t, request.clone()).await, first);
        assert_eq!(t.count("token_batch").await, 1);
        let batch = first.batch.unwrap();
        assert_eq!(batch.name, format!("{survey}/tokenBatches/1"));
        assert_eq!(
            (
                batch.counter.as_str(),
                batch.service.as_str(),
                batch.size,
                batch.used
            ),
            ("Loket 1", "ktp-el", 10_000, 0)
        );
        assert_eq!(batch.expire_time, request.expire_time);
        let other = pb::IssueTokensRequest {
            size: 9,
            ..request.clone()
        };
        let answer = t.access.issue_tokens(operator(other)).await;
        refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
        // The stored response is returned even when the survey accepts no tokens any more.
        t.close(&survey).await;
        assert_eq!(issue(&mut t, request).await.tokens, first.tokens);
        let answer = t.access.issue_tokens(operator(batch_of(&survey, 1))).await;
        refused(answer, Code::FailedPrecondition, "SURVEY_CLOSED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_listed_with_the_number_of_used_tokens() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let batches = futures::future::join_all((1..=3).map(|size| {
            let mut access = t.access.clone();
            let request = operator(batch_of(&survey, size));
            async move { access.issue_tokens(request).await.unwrap().into_inner() }
        }))
        .await;
        let mut numbers: Vec<&str> = batches
            .iter()
            .map(|b| b.batch.as_ref().unwrap().name.rsplit('/').next().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, ["1", "2", "3"]);
        let second = batches.iter().find(|b| b.tokens.len() == 2).unwrap();
        for (n, text) in second.tokens.iter().enumerate() {
            citizen(&mut t, &survey, &format!("r-{n}"), token(text))
                .await
                .unwrap();
        }
        let name = second.batch.as_ref().unwrap().name.clone();
        let revoke = pb::RevokeTokenBatchRequest { name: name.clone() };
        let revoked = t
            .access
            .revoke_token_batch(operator(revoke.clone()))
            .await
            .unwrap();
        let revoked = revoked.into_inner().batch.unwrap();
        assert!(revoked.revoke_time.is_some());
        assert_eq!((revoked.used, revoked.size), (2, 2));
        let again = t.access.revoke_token_batch(operator(revoke)).await.unwrap();
        assert_eq!(again.into_inner().batch.unwrap(), revoked);
        let mut request = pb::ListTokenBatchesRequest {
            parent: survey.clone(),
            page_size: 2,
            ..Default::default()
        };
        let page = t
            .access
            .list_token_batches(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.batches.len(), 2);
        request.page_token = page.next_page_token;
        let last = t
            .access
            .list_token_batches(operator(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(last.next_page_token, "");
        let listed: Vec<pb::TokenBatch> = page.batches.into_iter().chain(last.batches).collect();
        let sizes: BTreeSet<i32> = listed.iter().map(|b| b.size).collect();
        assert_eq!((listed.len(), sizes), (3, BTreeSet::from([1, 2, 3])));
        for batch in listed {
            if batch.name == name {
                assert_eq!(batch, revoked);
            } else {
                assert_eq!((batch.used, batch.revoke_time), (0, None));
            }
        }
        for number in ["4", "01", "x", "99999999999999999999"] {
            let revoke = pb::RevokeTokenBatchRequest {
                name: format!("{survey}/tokenBatches/{number}"),
            };
            let answer = t.access.revoke_token_batch(operator(revoke)).await;
            refused(answer, Code::NotFound, "NOT_FOUND");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_registered_once_and_a_revocation_is_final() {
    on_each_database(async |mut t| {
        let devices = [("aula", 1), ("lobi", 2), ("pintu", 3)].map(|(id, seed)| Kiosk::new(UNIT, id, seed));
        for device in &devices {
            let first = t
                .access
                .register_device(operator(device.registration()))
                .await
                .unwrap();
            let again = t
                .access
                .register_device(operator(device.registration()))
                .await
                .unwrap();
            let first = first.into_inner().device.unwrap();
            assert_eq!(again.into_inner().device.unwrap(), first);
            assert_eq!(
                (first.name.as_str(), first.revoke_time),
                (device.name.as_str(), None)
            );
        }
        let mut taken = devices[0].registration();
        taken.request_id = "another".into();
        let answer = t.access.register_device(operator(taken)).await;
        refused(answer, Code::AlreadyExists, "ALREADY_EXISTS");
        let mut reused = devices[0].registration();
        reused.device_id = "teras".into();
        let answer = t.access.register_device(operator(reused)).await;
        refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
        let revoke = pb::RevokeDeviceRequest {
            name: devices[1].name.clone(),
        };
        let revoked = t.access.revoke_device(operator(revoke.clone())).await.unwrap();
        let revoked = revoked.into_inner().device.unwrap();
        assert!(revoked.revoke_time.is_some());
        let again = t.access.revoke_device(operator(revoke)).await.unwrap();
        assert_eq!(again.into_inner().device.unwrap(), revoked);
        let mut request = pb::ListDevicesRequest {
            parent: UNIT.into(),
            page_size: 2,
            ..Default::default()
        };
        let page = t
            .access
            .list_devices(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        request.page_token = page.next_page_token;
        let last = t
            .access
            .list_devices(operator(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(last.next_page_token, "");
        let listed: Vec<String> = page
            .devices
            .into_iter()
            .chain(last.devices)
            .map(|d| d.name)
            .collect();
        assert_eq!(listed, devices.map(|d| d.name));
        let unknown = pb::RevokeDeviceRequest {
            name: format!("{UNIT}/devices/gudang"),
        };
        let answer = t.access.revoke_device(operator(unknown)).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_request_is_reported_at_once() {
    on_each_database(async |mut t| {
        let tokens = pb::IssueTokensRequest {
            request_id: String::new(),
            survey: "a".into(),
            counter: "x".repeat(64),
            service: "KTP".into(),
            size: 0,
            expire_time: Some("2020-01-01T00:00:00Z".parse().unwrap()),
        };
        let fields = [
            "request_id",
            "survey",
            "counter",
            "service",
            "size",
            "expire_time",
        ];
        assert_eq!(
            faults(t.access.issue_tokens(operator(tokens.clone())).await),
            fields
        );
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let named = pb::IssueTokensRequest {
            request_id: "a".into(),
            survey,
            ..tokens
        };
        assert_eq!(faults(t.access.issue_tokens(operator(named)).await), fields[2..]);
        let device = pb::RegisterDeviceRequest {
            request_id: String::new(),
            parent: "agencies/3271/units/-".into(),
            device_id: "-".into(),
            device: None,
        };
        assert_eq!(
            faults(t.access.register_device(operator(device)).await),
            ["request_id", "parent", "device_id", "device.public_key"]
        );
        let list = pb::ListTokenBatchesRequest {
            parent: "a".into(),
            page_size: -1,
            page_token: "x".into(),
        };
        assert_eq!(
            faults(t.access.list_token_batches(operator(list)).await),
            ["parent", "page_size", "page_token"]
        );
        assert_eq!(t.count("token_batch").await + t.count("device").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_operator_of_the_agency_issues_credentials() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token, Link, KioskMode]).await;
        let batch = issue(&mut t, batch_of(&survey, 1)).await.batch.unwrap();
        let intake = Caller::new("portal".into(), vec![Role::Intake], vec!["3271".into()]);
        let other = Caller::new("kota lain".into(), vec![Role::Operator], vec!["3171".into()]);
        let kiosk = Kiosk::new(UNIT, "lobi", 1);
        for caller in [intake, other, Caller::anonymous()] {
            let anonymous = caller == Caller::anonymous();
            let denied = if anonymous {
                (Code::Unauthenticated, "TOKEN_MISSING")
            } else {
                (Code::PermissionDenied, "PERMISSION_DENIED")
            };
            macro_rules! refuses {
                ($method:ident, $request:expr) => {
                    let answer = t.access.$method(by(caller.clone(), $request)).await;
                    refused(answer, denied.0, denied.1);
                };
            }
            refuses!(issue_tokens, batch_of(&survey, 2));
            let parent = survey.clone();
            refuses!(
                list_token_batches,
                pb::ListTokenBatchesRequest {
                    parent,
                    ..Default::default()
                }
            );
            let name = batch.name.clone();
            refuses!(revoke_token_batch, pb::RevokeTokenBatchRequest { name });
            let survey = survey.clone();
            refuses!(issue_link, pb::IssueLinkRequest { survey });
            refuses!(register_device, kiosk.registration());
            let parent = UNIT.to_owned();
            refuses!(
                list_devices,
                pb::ListDevicesRequest {
                    parent,
                    ..Default::default()
                }
            );
            let name = kiosk.name.clone();
            refuses!(revoke_device, pb::RevokeDeviceRequest { name });
        }
        t.access
            .issue_link(admin(pb::IssueLinkRequest { survey }))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_share_one_secret() {
    on_each_database(async |t| {
        let wiped = "DELETE FROM access_secret";
        sea_orm::ConnectionTrait::execute_unprepared(t.db.writer(), wiped)
            .await
            .unwrap();
        let survey = name::Survey::parse(&format!("{UNIT}/surveys/a")).unwrap();
        let secrets = futures::future::join_all((0..16).map(|_| prima_survey::intake::secret(&t.db))).await;
        let links: BTreeSet<String> = secrets.into_iter().map(|s| s.unwrap().link(&survey)).collect();
        assert_eq!((links.len(), t.count("access_secret").await), (1, 1));
        let later = prima_survey::intake::secret(&t.db).await.unwrap();
        assert_eq!(BTreeSet::from([later.link(&survey)]), links);
    })
    .await;
}
