//! Callers with an invalid token, or without the right to call a method.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use prima_platform::{caller::Role, clock::Clock, jws, token::Signer};
use prima_proto::{directory::v1 as directory, ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::{Cluster, client::Client, process::Service, sample};
use prost::Message;
use ring::hmac;
use serde_json::{Value, json};
use tonic::Code;

use super::{
    DIRECTORY, RANKING, RawClient, RawClients, SURVEY, begin, fault, healthy, refused, stored, wire,
};

/// The claims of an admin with this change; a null removes a claim.
fn claims(change: Value) -> Value {
    let now = Clock::system().now().timestamp();
    let mut claims = json!({
        "iss": "prima", "sub": "test", "iat": now - 7200, "exp": now + 3600, "roles": ["admin"], "agencies": ["*"]
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Values of the header `authorization` that must be refused.
fn forged(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let sign = |change: Value| cluster.signer.sign_claims(&claims(change)).unwrap();
    let now = Clock::system().now().timestamp();
    let good = sign(json!({}));
    let signature = good.rsplit_once('.').unwrap().1;
    let low = cluster.token(&[Role::Intake], &["3271"]);
    let raw = STANDARD.decode(cluster.signer.public_key()).unwrap();
    let hs256 = |key: &[u8]| {
        let header = json!({"alg": "HS256", "kid": cluster.signer.id()});
        let input = jws::signing_input(&header, &claims(json!({})));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, key);
        jws::compact(&input, hmac::sign(&secret, input.as_bytes()).as_ref())
    };
    let none = |alg: &str| {
        format!(
            "{}.{}.",
            part(&json!({"alg": alg, "typ": "JWT"})),
            part(&claims(json!({})))
        )
    };
    let bearer = [
        ("malformed", "malformed".to_owned()),
        ("nothing", String::new()),
        ("dots", "...".to_owned()),
        ("three parts that are no token", "a.b.c".to_owned()),
        ("not JSON", format!("{0}.{0}.{0}", URL_SAFE_NO_PAD.encode("x"))),
        ("long", "a".repeat(8000)),
        (
            "another key",
            Signer::generate()
                .unwrap()
                .sign_claims(&claims(json!({})))
                .unwrap(),
        ),
        // The leeway is one minute.
        ("expired", sign(json!({"exp": now - 120}))),
        ("expired long ago", sign(json!({"exp": 0}))),
        (
            "a longer life than a year",
            sign(json!({"exp": now + 366 * 86_400})),
        ),
        ("issued in the future", sign(json!({"iat": now + 120}))),
        ("not valid yet", sign(json!({"nbf": now + 120}))),
        (
            "a person's for more than a day",
            sign(json!({"kind": "person", "exp": now + 86_400})),
        ),
        ("audiences as numbers", sign(json!({"aud": [1]}))),
        ("no audience in a list", sign(json!({"aud": []}))),
        ("crit", {
            let header = json!({"alg": "EdDSA", "crit": ["exp"]});
            cluster.signer.sign_parts(&header, &claims(json!({}))).unwrap()
        }),
        ("id of a key of nobody", {
            let header = json!({"alg": "EdDSA", "kid": "unknown"});
            cluster.signer.sign_parts(&header, &claims(json!({}))).unwrap()
        }),
        ("expiry as text", sign(json!({"exp": "tomorrow"}))),
        ("negative expiry", sign(json!({"exp": -1}))),
        ("no expiry", sign(json!({"exp": null}))),
        ("other issuer", sign(json!({"iss": "prima2"}))),
        ("no issuer", sign(json!({"iss": null}))),
        ("no subject", sign(json!({"sub": null}))),
        ("roles as text", sign(json!({"roles": "admin"}))),
        ("no agencies", sign(json!({"agencies": null}))),
        ("for another audience", sign(json!({"aud": "someone"}))),
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("alg unknown", none("EdDSA2\u{0}")),
        ("HS256 with the public key", hs256(&raw)),
        (
            "HS256 with its text",
            hs256(cluster.signer.public_key().as_bytes()),
        ),
        ("no signature", good.trim_end_matches(signature).to_owned()),
        (
            "other claims under a signature",
            format!(
                "{}.{}.{signature}",
                part(&json!({"alg": "EdDSA"})),
                part(&claims(json!({"sub": "x"})))
            ),
        ),
        ("roles changed", {
            let parts: Vec<&str> = low.split('.').collect();
            format!("{}.{}.{}", parts[0], part(&claims(json!({}))), parts[2])
        }),
    ];
    let mut all: Vec<(&str, String)> = bearer
        .into_iter()
        .map(|(what, t)| (what, format!("Bearer {t}")))
        .collect();
    all.push(("no scheme", good.clone()));
    all.push(("another scheme", format!("Basic {good}")));
    all.push(("two tokens", format!("Bearer {good} {good}")));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_token_is_refused_everywhere() {
    let (suite, mut client, unit, name) = begin().await;
    client.submit(&name, "r-0", sample::response(0)).await.unwrap();
    let before = stored(&suite.cluster).await;
    let agency = directory::GetAgencyRequest {
        name: "agencies/3271".into(),
    };
    let get = survey::GetSurveyRequest { name: name.clone() };
    let submit = survey::SubmitResponseRequest {
        request_id: "r-1".into(),
        survey: name.clone(),
        response: Some(sample::response(1)),
        ..Default::default()
    };
    let bulk = survey::SubmitResponsesRequest {
        survey: name.clone(),
        response_id: "r-1".into(),
        response: Some(sample::response(1)),
        ..Default::default()
    };
    let table = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";
    let public = ranking::GetLeagueTableRequest {
        name: table.into(),
        ..Default::default()
    };
    let watch = ranking::WatchLeagueTableRequest {
        name: table.into(),
        ..Default::default()
    };
    let size = survey::CalculateSampleSizeRequest {
        population: 100,
        ..Default::default()
    };
    let health = tonic_health::pb::HealthCheckRequest {
        service: String::new(),
    };

    for (what, value) in forged(&suite.cluster) {
        let raw = |process, service| RawClient::with_authorization(process, service, Some(&value));
        let of_directory = raw(&suite.directory, DIRECTORY);
        let of_survey = raw(&suite.survey, SURVEY);
        let of_ranking = raw(&suite.ranking, RANKING);
        let of_health = raw(&suite.ranking, "grpc.health.v1.Health");
        // An invalid token is refused on public methods too.
        for answer in [
            of_directory.send("GetAgency", &agency).await,
            of_survey.send("GetSurvey", &get).await,
            of_survey.send("SubmitResponse", &submit).await,
            of_survey.send("SubmitResponses", &bulk).await,
            of_survey.send("CalculateSampleSize", &size).await,
            of_survey.send("Nothing", &size).await,
            of_ranking.send("GetLeagueTable", &public).await,
            of_ranking.send("WatchLeagueTable", &watch).await,
            of_health.send("Check", &health).await,
        ] {
            assert!(answer.is_err(), "{what}");
            refused(answer, Code::Unauthenticated, "TOKEN_INVALID");
        }
    }
    // These bytes are not text.
    let authorization: &[u8] = b"Bearer \xff\xfe";
    let headers = [("authorization", authorization)];
    let path = format!("/{SURVEY}/GetSurvey");
    let exchange = wire::exchange(&suite.survey, &path, &headers, wire::frame(&get.encode_to_vec())).await;
    refused(exchange.unwrap().answer(), Code::Unauthenticated, "TOKEN_INVALID");

    // Without a token only what is published can be read.
    let bare = RawClients::new(&suite, "");
    for answer in [
        bare.directory.send("GetAgency", &agency).await,
        bare.directory.bytes("ListUnitTypes", vec![]).await,
        bare.survey.send("GetSurvey", &get).await,
        bare.survey.send("SubmitResponse", &submit).await,
        bare.survey.send("SubmitResponses", &bulk).await,
        bare.survey.bytes("ListSurveys", vec![]).await,
        bare.survey.bytes("WatchResult", vec![]).await,
        bare.survey.bytes("NoSuchMethod", vec![]).await,
    ] {
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
    }
    bare.survey.send("CalculateSampleSize", &size).await.unwrap();
    bare.ranking.bytes("ListLeagueTables", vec![]).await.unwrap();
    // A token that expired within the leeway is still accepted.
    let now = Clock::system().now().timestamp();
    let just = suite
        .cluster
        .signer
        .sign_claims(&claims(json!({"exp": now - 5})))
        .unwrap();
    RawClients::new(&suite, &just)
        .survey
        .send("GetSurvey", &get)
        .await
        .unwrap();
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    roles(&suite, &unit, &name).await;
    healthy(&suite).await;
}

/// Calls that a valid token does not allow.
async fn roles(suite: &prima_tests::Suite, unit: &str, name: &str) {
    let cluster = &suite.cluster;
    let before = stored(cluster).await;
    let with = |roles: &[Role], agencies: &[&str]| RawClients::new(suite, &cluster.token(roles, agencies));
    let create = survey::CreateSurveyRequest {
        request_id: "c".into(),
        parent: unit.to_owned(),
        survey_id: "c".into(),
        survey: Some(survey::Survey {
            period: "2020".into(),
            ..Default::default()
        }),
    };
    let submit = |survey: &str| survey::SubmitResponseRequest {
        request_id: "s".into(),
        survey: survey.to_owned(),
        response: Some(sample::response(2)),
        ..Default::default()
    };
    let update = survey::UpdateSurveyRequest {
        survey: Some(survey::Survey {
            name: name.to_owned(),
            population: 5,
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["population".into()],
        }),
    };
    let close = survey::CloseSurveyRequest {
        name: name.to_owned(),
        ..Default::default()
    };
    let agency = directory::CreateAgencyRequest {
        request_id: "a".into(),
        agency_id: "33".into(),
        agency: Some(directory::Agency {
            display_name: "Jawa Tengah".into(),
            kind: directory::AgencyKind::Provinsi as i32,
            ..Default::default()
        }),
    };
    let new_unit = directory::CreateUnitRequest {
        request_id: "u".into(),
        parent: "agencies/3271".into(),
        unit_id: "rsud".into(),
        unit: Some(directory::Unit {
            display_name: "RSUD".into(),
            unit_type: "rsud".into(),
            ..Default::default()
        }),
    };
    let close_unit = directory::CloseUnitRequest {
        name: unit.to_owned(),
        close_date: "2024-12-31".into(),
        ..Default::default()
    };
    let service = directory::CreatePublicServiceRequest {
        request_id: "p".into(),
        parent: unit.to_owned(),
        public_service_id: "nib".into(),
        public_service: Some(directory::PublicService {
            display_name: "NIB".into(),
            ..Default::default()
        }),
    };
    let mut answers = Vec::new();
    for foreign in [
        with(&[Role::Operator, Role::Intake, Role::Evaluator], &["3272"]),
        with(&[Role::Admin], &["3272"]),
        with(&[Role::Evaluator], &["*"]),
        with(&[], &["*"]),
        with(&[Role::Admin, Role::Operator], &[]),
        with(&[Role::Admin], &["32", "327", "32711", "agencies/3271", "-", ""]),
    ] {
        answers.push(foreign.survey.send("CreateSurvey", &create).await);
        answers.push(foreign.survey.send("SubmitResponse", &submit(name)).await);
        // A refusal must not reveal which surveys another agency has.
        answers.push(
            foreign
                .survey
                .send("SubmitResponse", &submit(&format!("{unit}/surveys/none")))
                .await,
        );
        answers.push(foreign.survey.send("UpdateSurvey", &update).await);
        answers.push(foreign.survey.send("CloseSurvey", &close).await);
        answers.push(foreign.directory.send("CreateAgency", &agency).await);
        answers.push(foreign.directory.send("CreateUnit", &new_unit).await);
        answers.push(foreign.directory.send("CloseUnit", &close_unit).await);
        answers.push(foreign.directory.send("CreatePublicService", &service).await);
    }
    let intake = with(&[Role::Intake], &["3271"]);
    answers.push(intake.survey.send("CreateSurvey", &create).await);
    answers.push(intake.survey.send("UpdateSurvey", &update).await);
    answers.push(intake.survey.send("CloseSurvey", &close).await);
    answers.push(intake.directory.send("CreateUnit", &new_unit).await);
    let operator = with(&[Role::Operator], &["3271", "33"]);
    answers.push(operator.directory.send("CreateAgency", &agency).await);
    for answer in answers {
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
    }
    // In a stream only the row of another agency is refused.
    let both = cluster.token(&[Role::Intake], &["3271"]);
    let url = suite.survey.url();
    let mut client = Client::new(&suite.directory.url(), &url, &suite.ranking.url(), &both);
    let row = |survey: String, id: &str| survey::SubmitResponsesRequest {
        survey,
        response_id: id.to_owned(),
        response: Some(sample::response(3)),
        ..Default::default()
    };
    let rows = vec![
        row("agencies/3272/units/dpmptsp/surveys/s".into(), "r-a"),
        row("agencies/3272/units/dpmptsp/surveys/s".into(), "r-b"),
    ];
    let answer = client
        .survey
        .submit_responses(tokio_stream::iter(rows))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.rejected, 2);
    assert!(
        answer.rejections.iter().all(|r| r.reason == "PERMISSION_DENIED"),
        "{answer:?}"
    );
    assert_eq!(stored(cluster).await, before, "nothing is stored");
    // What their roles allow succeeds.
    client
        .submit(name, "by-intake", sample::response(3))
        .await
        .unwrap();
    let operator = with(&[Role::Operator], &["3271"]);
    operator.survey.send("CreateSurvey", &create).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_a_key_does_not_start() {
    let cluster = Cluster::start().await;
    for key in ["", "malformed", "AAAA"] {
        let mut process = cluster
            .command(Service::Ranking)
            .env("PRIMA_AUTH__PUBLIC_KEY", key)
            .spawn();
        assert_ne!(process.wait().await, 0, "{key}");
        assert!(process.log().contains("public_key"), "{}", process.log());
    }
    // The checker itself must fail for a status without details.
    let bare = std::panic::catch_unwind(|| fault(&tonic::Status::not_found("x")));
    assert!(bare.is_err());
}
