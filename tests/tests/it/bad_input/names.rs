//! Malformed resource names, in every RPC that takes one.

use prima_proto::{directory::v1 as directory, ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::sample;
use prost::Message;
use prost_types::FieldMask;
use tonic::Code;

use super::{RawClients, begin, fault, healthy, stored};

/// Texts that are neither a resource name nor an id.
fn malformed_names() -> Vec<String> {
    let mut all: Vec<String> = [
        "Agencies",
        "agencies/",
        "/agencies/3271",
        "agencies/3271/",
        "agencies//units//surveys/",
        "agencies/3271/units/dpmptsp/surveys/2024-q3/responses/r",
        "agencies/3271/units/dpmptsp/surveys/A",
        "agencies/3271/units/dpm ptsp/surveys/a",
        "agencies/3271/units/../surveys/a",
        "agencies/3271/units/dpmptsp/surveys/a\u{0}",
        "agencies/\u{0}",
        "agencies/32.71/units/*",
        "agencies/3271/units/>/services/x>",
        "agencies/3271/units/é",
        "agencies/3271/units/x'; DROP TABLE survey; --",
        "metrics/skm",
        "metrics/skm/periods/2024-q3/cohorts/",
        "metrics/skm/periods/2024-q3/cohorts/a.b.c",
        "metrics/skm/periods/2024-q3/cohorts/.",
        "metrics/\u{0}/periods/2024-q3/cohorts/dpmptsp",
        "\u{0}",
        " ",
        "\r\n",
        "🦀",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push("a".repeat(100_000));
    all.push(format!("agencies/{}", "a".repeat(33)));
    all.push(format!("agencies/3271/units/{}", "🦀".repeat(10_000)));
    all.push(format!("agencies/3271/units/dpmptsp/surveys/{}", "a".repeat(64)));
    all.push("agencies/3271/units/dpmptsp/services/".to_owned() + &"b".repeat(64));
    all
}

fn mask(path: &str) -> Option<FieldMask> {
    Some(FieldMask {
        paths: vec![path.to_owned()],
    })
}

type Bad = (&'static str, &'static str, Vec<u8>);

fn of_directory(bad: &str) -> Vec<Bad> {
    let text = || bad.to_owned();
    let agency = || directory::Agency {
        display_name: "Kota".into(),
        kind: directory::AgencyKind::Kota as i32,
        parent: "agencies/32".into(),
        ..Default::default()
    };
    let unit = || directory::Unit {
        display_name: "Unit".into(),
        unit_type: "dpmptsp".into(),
        ..Default::default()
    };
    let service = || directory::PublicService {
        display_name: "NIB".into(),
        ..Default::default()
    };
    let id = || "bad".to_owned();
    vec![
        (
            "CreateAgency",
            "agency_id",
            directory::CreateAgencyRequest {
                request_id: id(),
                agency_id: text(),
                agency: Some(agency()),
            }
            .encode_to_vec(),
        ),
        (
            "CreateAgency",
            "agency.parent",
            directory::CreateAgencyRequest {
                request_id: id(),
                agency_id: "3299".into(),
                agency: Some(directory::Agency {
                    parent: text(),
                    ..agency()
                }),
            }
            .encode_to_vec(),
        ),
        (
            "GetAgency",
            "name",
            directory::GetAgencyRequest { name: text() }.encode_to_vec(),
        ),
        (
            "ListAgencies",
            "parent",
            directory::ListAgenciesRequest {
                parent: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "UpdateAgency",
            "agency.name",
            directory::UpdateAgencyRequest {
                agency: Some(directory::Agency {
                    name: text(),
                    ..agency()
                }),
                update_mask: mask("display_name"),
            }
            .encode_to_vec(),
        ),
        (
            "UpdateAgency",
            "agency.parent",
            directory::UpdateAgencyRequest {
                agency: Some(directory::Agency {
                    name: "agencies/3271".into(),
                    parent: text(),
                    ..agency()
                }),
                update_mask: mask("parent"),
            }
            .encode_to_vec(),
        ),
        (
            "CreateUnit",
            "parent",
            directory::CreateUnitRequest {
                request_id: id(),
                parent: text(),
                unit_id: "u".into(),
                unit: Some(unit()),
            }
            .encode_to_vec(),
        ),
        (
            "CreateUnit",
            "unit_id",
            directory::CreateUnitRequest {
                request_id: id(),
                parent: "agencies/3271".into(),
                unit_id: text(),
                unit: Some(unit()),
            }
            .encode_to_vec(),
        ),
        (
            "CreateUnit",
            "unit.unit_type",
            directory::CreateUnitRequest {
                request_id: id(),
                parent: "agencies/3271".into(),
                unit_id: "u".into(),
                unit: Some(directory::Unit {
                    unit_type: text(),
                    ..unit()
                }),
            }
            .encode_to_vec(),
        ),
        (
            "GetUnit",
            "name",
            directory::GetUnitRequest { name: text() }.encode_to_vec(),
        ),
        (
            "ListUnits",
            "parent",
            directory::ListUnitsRequest {
                parent: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "ListUnits",
            "unit_type",
            directory::ListUnitsRequest {
                parent: "agencies/-".into(),
                unit_type: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "UpdateUnit",
            "unit.name",
            directory::UpdateUnitRequest {
                unit: Some(directory::Unit {
                    name: text(),
                    ..unit()
                }),
                update_mask: mask("display_name"),
            }
            .encode_to_vec(),
        ),
        (
            "CloseUnit",
            "name",
            directory::CloseUnitRequest {
                name: text(),
                close_date: "2024-12-31".into(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "CloseUnit",
            "close_date",
            directory::CloseUnitRequest {
                name: "agencies/3271/units/dpmptsp".into(),
                close_date: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "CloseUnit",
            "successors[0]",
            directory::CloseUnitRequest {
                name: "agencies/3271/units/dpmptsp".into(),
                close_date: "2024-12-31".into(),
                successors: vec![text()],
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "CreatePublicService",
            "parent",
            directory::CreatePublicServiceRequest {
                request_id: id(),
                parent: text(),
                public_service_id: "p".into(),
                public_service: Some(service()),
            }
            .encode_to_vec(),
        ),
        (
            "CreatePublicService",
            "public_service_id",
            directory::CreatePublicServiceRequest {
                request_id: id(),
                parent: "agencies/3271/units/dpmptsp".into(),
                public_service_id: text(),
                public_service: Some(service()),
            }
            .encode_to_vec(),
        ),
        (
            "GetPublicService",
            "name",
            directory::GetPublicServiceRequest { name: text() }.encode_to_vec(),
        ),
        (
            "ListPublicServices",
            "parent",
            directory::ListPublicServicesRequest {
                parent: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "UpdatePublicService",
            "public_service.name",
            directory::UpdatePublicServiceRequest {
                public_service: Some(directory::PublicService {
                    name: text(),
                    ..service()
                }),
                update_mask: mask("display_name"),
            }
            .encode_to_vec(),
        ),
    ]
}

fn of_survey(bad: &str) -> Vec<Bad> {
    let text = || bad.to_owned();
    let definition = || survey::Survey {
        period: "2020".into(),
        ..Default::default()
    };
    let id = || "bad".to_owned();
    let anywhere = || "agencies/-/units/-".to_owned();
    vec![
        (
            "CreateSurvey",
            "parent",
            survey::CreateSurveyRequest {
                request_id: id(),
                parent: text(),
                survey_id: "s".into(),
                survey: Some(definition()),
            }
            .encode_to_vec(),
        ),
        (
            "CreateSurvey",
            "survey_id",
            survey::CreateSurveyRequest {
                request_id: id(),
                parent: "agencies/3271/units/dpmptsp".into(),
                survey_id: text(),
                survey: Some(definition()),
            }
            .encode_to_vec(),
        ),
        (
            "CreateSurvey",
            "survey.period",
            survey::CreateSurveyRequest {
                request_id: id(),
                parent: "agencies/3271/units/dpmptsp".into(),
                survey_id: "s".into(),
                survey: Some(survey::Survey {
                    period: text(),
                    ..Default::default()
                }),
            }
            .encode_to_vec(),
        ),
        (
            "CreateSurvey",
            "survey.instrument",
            survey::CreateSurveyRequest {
                request_id: id(),
                parent: "agencies/3271/units/dpmptsp".into(),
                survey_id: "s".into(),
                survey: Some(survey::Survey {
                    instrument: text(),
                    ..definition()
                }),
            }
            .encode_to_vec(),
        ),
        (
            "GetSurvey",
            "name",
            survey::GetSurveyRequest { name: text() }.encode_to_vec(),
        ),
        (
            "ListSurveys",
            "parent",
            survey::ListSurveysRequest {
                parent: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "ListSurveys",
            "period",
            survey::ListSurveysRequest {
                parent: anywhere(),
                period: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "UpdateSurvey",
            "survey.name",
            survey::UpdateSurveyRequest {
                survey: Some(survey::Survey {
                    name: text(),
                    ..definition()
                }),
                update_mask: mask("display_name"),
            }
            .encode_to_vec(),
        ),
        (
            "CloseSurvey",
            "name",
            survey::CloseSurveyRequest {
                name: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "SubmitResponse",
            "survey",
            survey::SubmitResponseRequest {
                request_id: id(),
                survey: text(),
                response: Some(sample::response(1)),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "GetResult",
            "survey",
            survey::GetResultRequest { survey: text() }.encode_to_vec(),
        ),
        (
            "ListResults",
            "parent",
            survey::ListResultsRequest {
                parent: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "ListResults",
            "period",
            survey::ListResultsRequest {
                parent: anywhere(),
                period: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "WatchResult",
            "survey",
            survey::WatchResultRequest { survey: text() }.encode_to_vec(),
        ),
    ]
}

fn of_ranking(bad: &str) -> Vec<Bad> {
    let text = || bad.to_owned();
    let standing = || ranking::GetStandingRequest {
        subject: "agencies/3271".into(),
        metric: "skm".into(),
        period: "2024-q3".into(),
    };
    vec![
        (
            "GetLeagueTable",
            "name",
            ranking::GetLeagueTableRequest {
                name: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "WatchLeagueTable",
            "name",
            ranking::WatchLeagueTableRequest {
                name: text(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            "GetStanding",
            "subject",
            ranking::GetStandingRequest {
                subject: text(),
                ..standing()
            }
            .encode_to_vec(),
        ),
        (
            "GetStanding",
            "metric",
            ranking::GetStandingRequest {
                metric: text(),
                ..standing()
            }
            .encode_to_vec(),
        ),
        (
            "GetStanding",
            "period",
            ranking::GetStandingRequest {
                period: text(),
                ..standing()
            }
            .encode_to_vec(),
        ),
    ]
}

/// Fields that may be empty.
fn may_be_empty(method: &str, field: &str) -> bool {
    matches!(
        (method, field),
        ("ListAgencies", "parent")
            | ("ListUnits", "unit_type")
            | ("CreateSurvey", "survey.instrument")
            | ("ListSurveys" | "ListResults", "period")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_name_is_reported_with_its_field_everywhere() {
    let (suite, _, _, _) = begin().await;
    let raw_clients = RawClients::new(&suite, &suite.cluster.admin());
    let before = stored(&suite.cluster).await;
    let mut all = malformed_names();
    all.push(String::new());
    for bad in &all {
        let short: String = bad.chars().take(60).collect();
        for (raw, calls) in [
            (&raw_clients.directory, of_directory(bad)),
            (&raw_clients.survey, of_survey(bad)),
            (&raw_clients.ranking, of_ranking(bad)),
        ] {
            for (method, field, body) in calls {
                if bad.is_empty() && may_be_empty(method, field) {
                    continue;
                }
                let Err(status) = raw.bytes(method, body).await else {
                    panic!("{method} takes `{short}` as {field}");
                };
                let error = fault(&status);
                assert_eq!(
                    error.code,
                    Code::InvalidArgument,
                    "{method} {field} `{short}`: {status:?}"
                );
                assert_eq!(error.fields(), [field], "{method} `{short}`: {error:?}");
            }
        }
    }
    // A name of the wrong kind is refused like a malformed one.
    let survey = "agencies/3271/units/dpmptsp/surveys/2024-q3";
    for (method, field, body) in of_directory(survey) {
        let error = fault(&raw_clients.directory.bytes(method, body).await.unwrap_err());
        assert_eq!(error.fields(), [field], "{method}");
    }
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");

    // These names are well formed, but nothing has them.
    for (raw, method, body) in [
        (
            &raw_clients.directory,
            "GetAgency",
            directory::GetAgencyRequest {
                name: "agencies/9999".into(),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.directory,
            "GetUnit",
            directory::GetUnitRequest {
                name: "agencies/9999/units/x".into(),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.directory,
            "GetPublicService",
            directory::GetPublicServiceRequest {
                name: "agencies/9999/units/x/services/y".into(),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.directory,
            "CreateUnit",
            directory::CreateUnitRequest {
                request_id: "n".into(),
                parent: "agencies/9999".into(),
                unit_id: "u".into(),
                unit: Some(directory::Unit {
                    display_name: "U".into(),
                    unit_type: "dpmptsp".into(),
                    ..Default::default()
                }),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.directory,
            "CloseUnit",
            directory::CloseUnitRequest {
                name: "agencies/9999/units/x".into(),
                close_date: "2024-12-31".into(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.survey,
            "GetSurvey",
            survey::GetSurveyRequest {
                name: "agencies/1/units/x/surveys/y".into(),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.survey,
            "CloseSurvey",
            survey::CloseSurveyRequest {
                name: "agencies/1/units/x/surveys/y".into(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.survey,
            "UpdateSurvey",
            survey::UpdateSurveyRequest {
                survey: Some(survey::Survey {
                    name: "agencies/1/units/x/surveys/y".into(),
                    ..Default::default()
                }),
                update_mask: mask("population"),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.survey,
            "GetResult",
            survey::GetResultRequest {
                survey: "agencies/1/units/x/surveys/y".into(),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.survey,
            "WatchResult",
            survey::WatchResultRequest {
                survey: "agencies/1/units/x/surveys/y".into(),
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.ranking,
            "GetLeagueTable",
            ranking::GetLeagueTableRequest {
                name: "metrics/skm/periods/1999/cohorts/none".into(),
                ..Default::default()
            }
            .encode_to_vec(),
        ),
        (
            &raw_clients.ranking,
            "GetStanding",
            ranking::GetStandingRequest {
                subject: "agencies/1".into(),
                metric: "skm".into(),
                period: "2024".into(),
            }
            .encode_to_vec(),
        ),
    ] {
        let error = fault(&raw.bytes(method, body).await.unwrap_err());
        assert_eq!(
            (error.code, error.reason.as_str()),
            (Code::NotFound, "NOT_FOUND"),
            "{method}"
        );
    }
    healthy(&suite).await;
}
