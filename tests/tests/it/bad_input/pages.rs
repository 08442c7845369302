//! Pages, etags and field masks that do not fit.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use prima_proto::{directory::v1 as directory, ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::{DEADLINE, sample};
use prost::Message;
use prost_types::FieldMask;
use sha2::{Digest, Sha256};
use tonic::Code;

use super::{RawClient, RawClients, begin, healthy, invalid, refused, stored};

const TABLE: &str = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";

/// A page token in the service's form with an arbitrary key.
fn forged(filter: &[&str], key: &[u8]) -> String {
    let mut raw = Sha256::digest(filter.join("\u{1f}"))[..8].to_vec();
    raw.extend_from_slice(key);
    URL_SAFE_NO_PAD.encode(raw)
}

/// A list with this page size and token; the second function uses another filter.
type List = (&'static str, fn(i32, &str) -> Vec<u8>, fn(i32, &str) -> Vec<u8>);

fn of_directory() -> Vec<List> {
    fn agencies(page_size: i32, token: &str, kind: i32) -> Vec<u8> {
        let page_token = token.to_owned();
        directory::ListAgenciesRequest {
            page_size,
            page_token,
            kind,
            ..Default::default()
        }
        .encode_to_vec()
    }
    fn units(page_size: i32, token: &str, parent: &str) -> Vec<u8> {
        let (page_token, parent) = (token.to_owned(), parent.to_owned());
        directory::ListUnitsRequest {
            page_size,
            page_token,
            parent,
            ..Default::default()
        }
        .encode_to_vec()
    }
    fn services(page_size: i32, token: &str, parent: &str) -> Vec<u8> {
        let (page_token, parent) = (token.to_owned(), parent.to_owned());
        directory::ListPublicServicesRequest {
            page_size,
            page_token,
            parent,
        }
        .encode_to_vec()
    }
    vec![
        ("ListAgencies", |s, t| agencies(s, t, 0), |s, t| agencies(s, t, 5)),
        (
            "ListUnits",
            |s, t| units(s, t, "agencies/-"),
            |s, t| units(s, t, "agencies/3271"),
        ),
        (
            "ListPublicServices",
            |s, t| services(s, t, "agencies/3271/units/dpmptsp"),
            |s, t| services(s, t, "agencies/3271/units/rsud"),
        ),
    ]
}

fn of_survey() -> Vec<List> {
    fn surveys(page_size: i32, token: &str, period: &str) -> Vec<u8> {
        let (page_token, period) = (token.to_owned(), period.to_owned());
        let parent = "agencies/-/units/-".to_owned();
        survey::ListSurveysRequest {
            parent,
            page_size,
            page_token,
            period,
            ..Default::default()
        }
        .encode_to_vec()
    }
    fn results(page_size: i32, token: &str, parent: &str) -> Vec<u8> {
        let (page_token, parent) = (token.to_owned(), parent.to_owned());
        survey::ListResultsRequest {
            parent,
            page_size,
            page_token,
            ..Default::default()
        }
        .encode_to_vec()
    }
    vec![
        (
            "ListSurveys",
            |s, t| surveys(s, t, ""),
            |s, t| surveys(s, t, "2024-q3"),
        ),
        (
            "ListResults",
            |s, t| results(s, t, "agencies/-/units/-"),
            |s, t| results(s, t, "agencies/3271/units/-"),
        ),
    ]
}

fn of_ranking() -> Vec<List> {
    fn tables(page_size: i32, token: &str, period: &str) -> Vec<u8> {
        let (page_token, period) = (token.to_owned(), period.to_owned());
        ranking::ListLeagueTablesRequest {
            page_size,
            page_token,
            period,
            ..Default::default()
        }
        .encode_to_vec()
    }
    fn table(page_size: i32, token: &str, name: &str) -> Vec<u8> {
        let (page_token, name) = (token.to_owned(), name.to_owned());
        ranking::GetLeagueTableRequest {
            page_size,
            page_token,
            name,
            ..Default::default()
        }
        .encode_to_vec()
    }
    vec![
        (
            "ListLeagueTables",
            |s, t| tables(s, t, ""),
            |s, t| tables(s, t, "2024-q3"),
        ),
        (
            "GetLeagueTable",
            |s, t| table(s, t, TABLE),
            |s, t| table(s, t, "metrics/skm/periods/2024-q3/cohorts/dpmptsp.32"),
        ),
    ]
}

fn next_token(method: &str, answer: &[u8]) -> String {
    match method {
        "ListAgencies" => directory::ListAgenciesResponse::decode(answer).map(|a| a.next_page_token),
        "ListUnits" => directory::ListUnitsResponse::decode(answer).map(|a| a.next_page_token),
        "ListPublicServices" => {
            directory::ListPublicServicesResponse::decode(answer).map(|a| a.next_page_token)
        }
        "ListSurveys" => survey::ListSurveysResponse::decode(answer).map(|a| a.next_page_token),
        "ListResults" => survey::ListResultsResponse::decode(answer).map(|a| a.next_page_token),
        "ListLeagueTables" => ranking::ListLeagueTablesResponse::decode(answer).map(|a| a.next_page_token),
        "GetLeagueTable" => ranking::GetLeagueTableResponse::decode(answer).map(|a| a.next_page_token),
        other => panic!("{other} has no pages"),
    }
    .unwrap()
}

async fn pages(raw: &RawClient, lists: Vec<List>) {
    for (method, list, other) in lists {
        for size in [-1, 1001, i32::MIN, i32::MAX] {
            invalid(raw.bytes(method, list(size, "")).await, &["page_size"]);
        }
        for token in [
            "malformed!",
            "AAAAAAAAAAAAAAAA",
            "\u{0}",
            "🦀",
            &"A".repeat(100_000),
            &forged(&["another", "filter"], b"agencies/3271"),
        ] {
            invalid(raw.bytes(method, list(1, token)).await, &["page_token"]);
        }
        let fault = invalid(
            raw.bytes(method, list(-1, "malformed!")).await,
            &["page_size", "page_token"],
        );
        assert_eq!(fault.violations.len(), 2, "both at once");
        let first = raw.bytes(method, list(1, "")).await.unwrap();
        let token = next_token(method, &first);
        assert!(!token.is_empty(), "{method} has a second page");
        let second = raw.bytes(method, list(1, &token)).await.unwrap();
        assert_ne!(first, second, "{method}");
        invalid(raw.bytes(method, other(1, &token)).await, &["page_token"]);
        let mut cut = token.clone();
        cut.truncate(5);
        invalid(raw.bytes(method, list(1, &cut)).await, &["page_token"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_an_etag_or_a_mask_that_does_not_fit_is_refused() {
    let (suite, mut client, unit, name) = begin().await;
    // Each collection needs two entries.
    let second = client.unit("33", "3371").await;
    let other = client.create_survey(&second, "2024-q3").await;
    for survey in [&name, &other] {
        client.submit(survey, "r", sample::response(1)).await.unwrap();
    }
    let raw_clients = RawClients::new(&suite, &suite.cluster.admin());
    for id in ["a", "b"] {
        let service = directory::CreatePublicServiceRequest {
            request_id: format!("p-{id}"),
            parent: unit.clone(),
            public_service_id: id.into(),
            public_service: Some(directory::PublicService {
                display_name: id.into(),
                ..Default::default()
            }),
        };
        raw_clients
            .directory
            .send("CreatePublicService", &service)
            .await
            .unwrap();
    }
    let listed = prima_platform::testing::eventually(DEADLINE, || {
        let mut client = client.clone();
        async move { (client.table("dpmptsp").await.ok()?.len() == 2).then_some(()) }
    });
    listed.await.expect("both are in the table");
    pages(&raw_clients.directory, of_directory()).await;
    pages(&raw_clients.survey, of_survey()).await;
    pages(&raw_clients.ranking, of_ranking()).await;
    for size in [-1, 1001] {
        let watch = ranking::WatchLeagueTableRequest {
            name: TABLE.into(),
            page_size: size,
            ..Default::default()
        };
        invalid(
            raw_clients.ranking.send("WatchLeagueTable", &watch).await,
            &["page_size"],
        );
    }
    // Tokens with the right filter and a key that no row has give a refusal or an empty page, never an internal error.
    let wild: [&[u8]; 5] = [b"", b"x", b"agencies/\x00", b"\xff\xfe", "🦀".as_bytes()];
    for key in wild {
        let services = directory::ListPublicServicesRequest {
            parent: unit.clone(),
            page_token: forged(&[&unit], key),
            ..Default::default()
        };
        let surveys = survey::ListSurveysRequest {
            parent: "agencies/-/units/-".into(),
            page_token: forged(&["agencies/-/units/-", ""], key),
            ..Default::default()
        };
        let table = ranking::GetLeagueTableRequest {
            name: TABLE.into(),
            page_token: forged(&[TABLE, "", ""], key),
            ..Default::default()
        };
        for answer in [
            raw_clients.directory.send("ListPublicServices", &services).await,
            raw_clients.survey.send("ListSurveys", &surveys).await,
            raw_clients.ranking.send("GetLeagueTable", &table).await,
        ] {
            if let Err(status) = answer {
                assert_eq!(super::fault(&status).fields(), ["page_token"]);
            }
        }
    }
    let before = stored(&suite.cluster).await;
    etags(&raw_clients, &unit, &name).await;
    masks(&raw_clients, &unit, &name).await;
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    let shown = raw_clients
        .survey
        .send("GetSurvey", &survey::GetSurveyRequest { name: name.clone() })
        .await
        .unwrap();
    let shown = survey::GetSurveyResponse::decode(shown.as_slice())
        .unwrap()
        .survey
        .unwrap();
    assert_eq!(
        (shown.population, shown.state),
        (0, survey::SurveyState::Open as i32),
        "unchanged"
    );
    healthy(&suite).await;
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask {
        paths: paths.iter().map(|p| (*p).to_owned()).collect(),
    })
}

fn updates(unit: &str, name: &str, etag: &str, paths: &[&str]) -> [(bool, &'static str, Vec<u8>); 4] {
    let etag = || etag.to_owned();
    let agency = directory::Agency {
        name: "agencies/3271".into(),
        etag: etag(),
        display_name: "X".into(),
        ..Default::default()
    };
    let of_unit = directory::Unit {
        name: unit.to_owned(),
        etag: etag(),
        display_name: "X".into(),
        ..Default::default()
    };
    let service = directory::PublicService {
        name: format!("{unit}/services/a"),
        etag: etag(),
        display_name: "X".into(),
        ..Default::default()
    };
    let of_survey = survey::Survey {
        name: name.to_owned(),
        etag: etag(),
        display_name: "X".into(),
        ..Default::default()
    };
    [
        (
            true,
            "UpdateAgency",
            directory::UpdateAgencyRequest {
                agency: Some(agency),
                update_mask: mask(paths),
            }
            .encode_to_vec(),
        ),
        (
            true,
            "UpdateUnit",
            directory::UpdateUnitRequest {
                unit: Some(of_unit),
                update_mask: mask(paths),
            }
            .encode_to_vec(),
        ),
        (
            true,
            "UpdatePublicService",
            directory::UpdatePublicServiceRequest {
                public_service: Some(service),
                update_mask: mask(paths),
            }
            .encode_to_vec(),
        ),
        (
            false,
            "UpdateSurvey",
            survey::UpdateSurveyRequest {
                survey: Some(of_survey),
                update_mask: mask(paths),
            }
            .encode_to_vec(),
        ),
    ]
}

async fn etags(raw_clients: &RawClients, unit: &str, name: &str) {
    for etag in ["1", "malformed", "\u{0}", "-1", &"9".repeat(1000)] {
        let mut calls: Vec<_> = updates(unit, name, etag, &["display_name"]).into();
        calls.push((
            true,
            "CloseUnit",
            directory::CloseUnitRequest {
                name: unit.to_owned(),
                close_date: "2024-12-31".into(),
                etag: etag.to_owned(),
                ..Default::default()
            }
            .encode_to_vec(),
        ));
        calls.push((
            false,
            "CloseSurvey",
            survey::CloseSurveyRequest {
                name: name.to_owned(),
                etag: etag.to_owned(),
            }
            .encode_to_vec(),
        ));
        for (directory, method, body) in calls {
            let raw = if directory {
                &raw_clients.directory
            } else {
                &raw_clients.survey
            };
            let fault = refused(raw.bytes(method, body).await, Code::Aborted, "ETAG_MISMATCH");
            assert!(fault.retry.is_some(), "{method}");
        }
    }
}

async fn masks(raw_clients: &RawClients, unit: &str, name: &str) {
    let long = "🦀".repeat(5000);
    for paths in [
        vec![],
        vec!["etag"],
        vec!["name"],
        vec!["display_name", "state"],
        vec!["*"],
        vec![""],
        vec!["\u{0}"],
        vec![long.as_str()],
    ] {
        for (directory, method, body) in updates(unit, name, "", &paths) {
            let raw = if directory {
                &raw_clients.directory
            } else {
                &raw_clients.survey
            };
            invalid(raw.bytes(method, body).await, &["update_mask"]);
        }
    }
    for (directory, method) in [
        (true, "UpdateAgency"),
        (true, "UpdateUnit"),
        (true, "UpdatePublicService"),
        (false, "UpdateSurvey"),
    ] {
        let raw = if directory {
            &raw_clients.directory
        } else {
            &raw_clients.survey
        };
        // For an empty message every missing field is listed.
        let fault = refused(
            raw.bytes(method, vec![]).await,
            Code::InvalidArgument,
            "INVALID_FIELDS",
        );
        assert_eq!(fault.violations.len(), 2, "{fault:?}");
    }
}
