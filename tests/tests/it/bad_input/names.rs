//! Malformed resource names and ids, in every field of every RPC that takes one. The list of these fields follows from the
//! descriptors.

use std::collections::BTreeSet;

use prima_platform::caller::Role;
use prima_proto::{directory::v1 as directory, ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::Cluster;
use prost::Message;
use prost_reflect::FieldDescriptor;
use prost_types::FieldMask;
use tonic::Code;

use super::{
    Everything, RawClient, RawClients, begin, fault,
    fields::{Place, every_place, refused_fields},
    healthy, stored,
};

/// Fields with the name or id of a resource that are not read in this request: a text in them has no effect. The service sets
/// them, or they can't be changed. Services of responses and of a survey are checked together with the survey.
const NOT_READ: &[(&str, &str)] = &[
    ("CreateUnit", "unit.successors[0]"),
    ("UpdateUnit", "unit.successors[0]"),
    ("SubmitResponse", "response.profile.service"),
    ("SubmitResponses", "response.profile.service"),
    ("UpdateSurvey", "survey.period"),
    ("UpdateSurvey", "survey.service_populations[0].service"),
    ("UpdateCycle", "cycle.agency"),
    ("EnterRound", "entry.awards[0].round"),
    ("UpdateEntry", "entry.innovation"),
    ("UpdateEntry", "entry.awards[0].round"),
];
/// Fields that are named after a resource and contain a text of the client's own.
const OWN_TEXT: &[(&str, &str)] = &[
    ("SubmitResponse", "response.device"),
    ("SubmitResponses", "response.device"),
    ("VoidResponses", "responses.ids[0]"),
    ("ListAuditEntries", "subject"),
    ("PublishLeagueTable", "decree.number"),
];

/// Names of three kinds of resources. A field takes at most one of them.
const KINDS: [&str; 3] = [
    "agencies/3271/units/dpmptsp/surveys/2024-q3",
    "metrics/skm/periods/2024/cohorts/none",
    "rounds/kipp-2024/entries/e1",
];

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
        "metrics/skm/periods/2024-q3/cohorts/a..c",
        "metrics/skm/periods/2024-q3/cohorts/a.b.c.d.e.f.g.h.i.j.k",
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

/// The comment of a field in its contract.
fn comment(field: &FieldDescriptor) -> String {
    let file = field.parent_message().parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
    let found = info.location.iter().find(|place| place.path == field.path());
    found.unwrap().leading_comments().replace('\n', " ")
}

/// The collections of a name pattern: `survey` for `agencies/{agency}/units/{unit}/surveys/{survey}`, and those above it.
fn nouns(comment: &str) -> BTreeSet<String> {
    let patterns = comment.split('`').filter(|part| part.contains("/{"));
    let places = patterns.flat_map(|pattern| pattern.split('/'));
    places
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(str::to_owned)
        .collect()
}

/// Every field of every request that takes the name or the id of a resource: its comment shows the pattern of the name or
/// says that it is the last part of one, or the field is named after a part of such a pattern.
fn places() -> Vec<Place> {
    let mut all = every_place();
    let last = |place: &Place| place.way.last().unwrap().clone();
    let mut known: BTreeSet<String> = all
        .iter()
        .flat_map(|place| nouns(&comment(&last(place))))
        .collect();
    assert!(known.len() > 15 && known.contains("survey"), "{known:?}");
    known.extend(["name".into(), "parent".into()]);
    all.retain(|place| {
        let (field, text) = (last(place), comment(&last(place)).to_lowercase());
        let takes_name =
            known.contains(field.name()) || !nouns(&text).is_empty() || text.contains("last part of");
        takes_name && !place.is_in(OWN_TEXT)
    });
    assert!(all.len() > 160, "{}", all.len());
    all
}

/// The number of stored responses of the services that [`stored`] leaves out.
async fn answered(cluster: &Cluster) -> Vec<i64> {
    let mut rows = Vec::new();
    for service in ["index", "innovation", "complaint"] {
        let text = format!("SELECT count(*) FROM {service}.request");
        rows.push(cluster.number(&text).await);
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_name_is_reported_with_its_field_everywhere() {
    let (suite, _, _, _) = begin().await;
    let all = Everything::beside(suite).await;
    let suite = &all.suite;
    let token = suite.cluster.token(
        &[Role::Admin, Role::Operator, Role::Intake, Role::Evaluator],
        &["*"],
    );
    let before = (stored(&suite.cluster).await, answered(&suite.cluster).await);
    let malformed = malformed_names();
    let mut wrong = Vec::new();
    let mut not_read = 0;
    for place in places() {
        let service = place.method.parent_service();
        let process = all.process(service);
        let client = RawClient::new(process, service.full_name(), &token);
        let (method, path) = (place.method.name(), place.path());
        let without = refused_fields(&client, &place, None).await;
        let listed = place.is_in(NOT_READ);
        not_read += usize::from(listed);
        let is_read = !listed && !place.is_own_name();
        for bad in &malformed {
            let fields = refused_fields(&client, &place, Some(bad)).await;
            let others: Vec<&String> = fields.iter().filter(|field| !place.is_blamed(field)).collect();
            let is_blamed = others.len() < fields.len();
            if is_blamed != is_read || !others.iter().all(|other| without.contains(*other)) {
                let short: String = bad.chars().take(40).collect();
                wrong.push(format!(
                    "{method} {path} `{short}`: {fields:?}, without it {without:?}"
                ));
                break;
            }
        }
        let mut taken = Vec::new();
        for name in KINDS {
            let fields = refused_fields(&client, &place, Some(name)).await;
            if !fields.iter().any(|field| place.is_blamed(field)) {
                taken.push(name);
            }
        }
        if taken.len() > 1 && is_read {
            wrong.push(format!("{method} takes each of {taken:?} as {path}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(not_read, NOT_READ.len());
    let after = (stored(&suite.cluster).await, answered(&suite.cluster).await);
    assert_eq!(after, before, "nothing is stored");

    let raw_clients = RawClients::new(suite, &suite.cluster.admin());
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
                ..Default::default()
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
    healthy(suite).await;
}
